"""The choices of settings, each with a line: what it does, and when one wants it.

Cells, merges and readouts have theirs in `building_blocks`.
"""

DATASET = {
    "mnist": "28 × 28 images of handwritten digits, read row by row; the usual benchmark",
    "fashion-mnist": "28 × 28 images of clothes; harder than MNIST, in the same format",
    "kmnist": "28 × 28 images of handwritten hiragana; harder than MNIST, in the same format",
    "digits": "8 × 8 images of digits; built in, trains in seconds",
    "japanese-vowels": "a vowel of nine speakers, 7 to 29 steps long; built in, for a first series",
}
AUGMENT = {
    "none": "images as they are; for a quick run, and for series",
    "shift": "moves each image by up to 7 % of its size; cheap, helps where positions vary",
    "affine": "also rotates, shears and zooms it; for many epochs, which would overfit otherwise",
}
NORMALIZE = {
    "auto": "standard for series, from 0 to 1 for images; the usual choice",
    "none": "values as they are in the file; if they are scaled already",
    "standard": "each feature has mean 0 and deviation 1 over the training set; keeps levels",
    "sequence": "the same within each sequence; if the shape matters and the level does not",
}
MISSING = {
    "forward": "repeats the value before; for measurements that change slowly",
    "mean": "fills in the training mean; if a gap says nothing about its surroundings",
    "error": "refuses the data; if there should be no gaps",
}
KEEP = {
    "start": "keeps the beginning; if the classes differ early",
    "end": "keeps the end; if the latest values tell the class",
}
OPTIMIZER = {
    "adam": "adapts the step of each weight; needs little tuning, the usual choice",
    "adamw": "adam with weight decay that the adaptation does not weaken; use it with weight_decay",
    "sgd": "plain steps with Nesterov momentum 0.9; needs a larger rate, chosen with care",
}
SCHEDULE = {
    "constant": "the same rate throughout; if you change it by hand or do not know the length",
    "one-cycle": "rises for 30 % of the run, then falls to almost 0; best for short runs",
    "cosine": "starts at the peak and falls to 0 in half a cosine; for long runs",
}
CLASS_WEIGHTS = {
    "none": "each sequence counts the same; for accuracy over all of them",
    "balanced": "rare classes count as much as others; if the classes have very different sizes",
}
DEVICE = {
    "auto": "a GPU if PyTorch can use one, otherwise the processor",
    "cpu": "the processor; often fast enough for small networks",
    "cuda": "the first NVIDIA GPU",
    "cuda:N": "the NVIDIA GPU with this number; if others are busy",
    "mps": "the GPU of an Apple computer",
}
PRECISION = {
    "auto": "bfloat16 where the processor or GPU has it natively, otherwise float32",
    "float32": "full precision; to compare numbers between machines",
    "tf32": "float32 with products in TF32; faster on NVIDIA GPUs since Ampere, float32 elsewhere",
    "bfloat16": "half the memory, three significant digits; fastest where the hardware has it",
}
