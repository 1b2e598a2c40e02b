"""What the guided tour says: at most 60 words a step."""

from bilstm_core.inference.explanation import RunComparison

STEPS = (
    (
        "an LSTM reads one way",
        "An image of a digit is a sequence of 8 rows. An LSTM reads them one after the other, from "
        "the top. After each row its state holds what it remembers of the rows so far; of the rows "
        "below it knows nothing. One is being trained here, on 1,437 images. The loss falls while "
        "it learns.",
    ),
    (
        "a BiLSTM reads both ways",
        "A BiLSTM has a second direction that reads from the bottom up. At each row, forward knows "
        "what is above, and backward what is below. The merge concat puts the two states side by "
        "side. All other settings are the same, and so is the seed; it has about twice the "
        "parameters.",
    ),
    (
        "what the classifier sees",
        "The readout max takes the highest state of each unit, from any row: the bars show from "
        "which. Press d until the readout is last: it reads row 8 alone. Forward has read all rows "
        "there, backward just one, so the other seven backward states are wasted. Space plays, ← → "
        "go step by step.",
    ),
    (
        "the comparison",
        "The same images and settings, one direction against two. Compare the test accuracies. Two "
        "directions need the whole sequence before they answer. Where data are still arriving, as "
        "in live speech, monitoring or prediction of the next value, the future is not there yet: "
        "use one direction.",
    ),
    ("a mistake that is mended", "Both networks are asked about all test images."),
)
"""Title and text of each step."""


def mended_words(found: RunComparison) -> str:
    """The text of the last step, when the image is known."""
    item = "image" if found.kind == "images" else "sequence"
    end = "Both runs are in the list of runs (r): inspect or delete them. Enter ends the tour."
    if not found.is_mended:
        return (
            "With these seeds the BiLSTM mends no mistake of the LSTM. This is the test "
            f"{item} whose class gains most: from {found.first.of_actual:.0%} to "
            f"{found.second.of_actual:.0%}. {end}"
        )
    others = f"{found.spoiled} the other way round" if found.spoiled else "none the other way round"
    return (
        f"The LSTM misclassifies this {item}, the BiLSTM classifies it correctly. That is so for "
        f"{found.mended} of {found.count:,} test {item}s, and for {others}. {end}"
    )
