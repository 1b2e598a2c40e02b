"""How a sweep can search, each choice with a line of help."""

from collections.abc import Mapping
from typing import Literal

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["median", "hyperband", "none"]
Objective = Literal["accuracy", "balanced_accuracy", "macro_f1", "loss"]
Epoch = Literal["last", "best"]

SAMPLER_HELP: Mapping[str, str] = {
    "tpe": "tries more where results were good; the usual choice",
    "random": "tries anything; shows the whole space",
    "grid": "tries every combination of lists and steps",
}
PRUNER_HELP: Mapping[str, str] = {
    "median": "ends a trial that is worse than the median of the others at its epoch",
    "hyperband": "ends most trials early and trains the best of each group longer",
    "none": "trains every trial to its end",
}
OBJECTIVE_HELP: Mapping[str, str] = {
    "accuracy": "part classified correctly",
    "balanced_accuracy": "mean over the classes; if some are rare",
    "macro_f1": "mean F1 over the classes",
    "loss": "mean cross-entropy; the lowest is best",
}
EPOCH_HELP: Mapping[str, str] = {
    "last": "the weights that the run keeps",
    "best": "the best value of any epoch",
}
MOST_TRIALS = 1_000_000
HELD_OUT = 0.1
"""Validation part of the training set where the settings have none."""

HOW: Mapping[str, Mapping[str, str]] = {
    "sampler": SAMPLER_HELP,
    "pruner": PRUNER_HELP,
    "objective": OBJECTIVE_HELP,
    "epoch": EPOCH_HELP,
}
"""The choices of each field of a plan."""
