"""Named starting points for a configuration."""

import os
from dataclasses import dataclass, field
from typing import Any

from .settings import Setting


@dataclass(frozen=True)
class Preset:
    """A named set of values; settings that it does not name keep their defaults.

    Attributes:
        per_dataset: Values for single data sets, by their name or `OWN_DATA`: `digits` has 42
            times fewer images than MNIST, so it needs more epochs.
    """

    help: str
    values: dict[str, Any]
    per_dataset: dict[str, dict[str, Any]] = field(default_factory=dict)

    def values_for(self, dataset: str) -> dict[str, Any]:
        """Return the values of this preset for a data set."""
        name = OWN_DATA if os.sep in dataset else dataset
        return {**self.values, **self.per_dataset.get(name, {})}


OWN_DATA = "your own data"
"""In `Preset.per_dataset`: any file or folder."""

_SERIES: dict[str, Any] = {
    "cell": "gru",
    "dropout": 0.4,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
    "batch_size": 16,
    "num_epochs": 0,
}
"""Chosen on parts of the training data of five sets of series that were held out; see README."""
_NOTEBOOK: dict[str, Any] = {
    "cell": "lstm",
    "bidirectional": False,
    "num_layers": 2,
    "hidden_size": 256,
    "merge": "concat",
    "readout": "last",
    "dropout": 0.0,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "schedule": "constant",
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "clip_norm": 0.0,
    "ema_decay": 0.0,
    "batch_size": 64,
    "num_epochs": 2,
    "augment": "none",
    "normalize": "auto",
    "precision": "float32",
}

PRESETS: dict[str, Preset] = {
    "default": Preset(
        "our recommended settings: a BiLSTM, and for series a BiGRU",
        {},
        per_dataset={
            "digits": {"num_epochs": 30, "learning_rate": 0.008},
            "japanese-vowels": _SERIES,
            OWN_DATA: _SERIES,
        },
    ),
    "notebook": Preset("exactly the notebook: one direction, last hidden state", _NOTEBOOK),
    "notebook-all": Preset(
        "the notebook with all hidden states feeding the classifier",
        {**_NOTEBOOK, "readout": "all"},
    ),
    "aligned": Preset(
        "short sequences of equal length that start at the same moment: all states are read",
        {
            "readout": "all",
            "hidden_size": 32,
            "learning_rate": 0.002,
            "dropout": 0.4,
            "label_smoothing": 0.1,
            "clip_norm": 1.0,
            "batch_size": 16,
            "num_epochs": 40,
        },
    ),
    "quick": Preset(
        "a good model in the shortest time",
        {"hidden_size": 96, "learning_rate": 0.024, "batch_size": 96, "num_epochs": 1},
        per_dataset={
            "digits": {"num_epochs": 20, "learning_rate": 0.008, "batch_size": 64},
            "japanese-vowels": {"num_epochs": 20, "learning_rate": 0.008, "batch_size": 32},
            OWN_DATA: {"num_epochs": 20, "learning_rate": 0.008, "batch_size": 32},
        },
    ),
    "best": Preset(
        "the most accurate model, in many times the time",
        {
            "num_layers": 2,
            "hidden_size": 160,
            "dropout": 0.2,
            "augment": "affine",
            "optimizer": "adamw",
            "learning_rate": 0.004,
            "weight_decay": 0.01,
            "label_smoothing": 0.05,
            "clip_norm": 1.0,
            "ema_decay": 0.995,
            "num_epochs": 16,
        },
        per_dataset={
            "digits": {"num_epochs": 100},
            "japanese-vowels": {**_SERIES, "augment": "none"},
            OWN_DATA: {**_SERIES, "augment": "none"},
        },
    ),
}


def default_in_words(setting: Setting) -> str:
    """Describe a setting's default, such as '5, on digits 30'."""

    def text(value: Any) -> str:
        return f"{value:g}" if setting.is_numeric else str(value).lower()

    datasets: dict[str, list[str]] = {}
    for dataset, values in PRESETS["default"].per_dataset.items():
        if setting.name in values:
            datasets.setdefault(text(values[setting.name]), []).append(dataset)
    exceptions = [f", on {' and '.join(names)} {value}" for value, names in datasets.items()]
    return text(setting.default) + "".join(exceptions)
