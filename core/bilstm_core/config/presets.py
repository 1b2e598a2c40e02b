"""Named starting points for a configuration."""

from dataclasses import dataclass, field
from typing import Any

from .schema import Setting


@dataclass(frozen=True)
class Preset:
    """A named set of values; what it does not name keeps its default.

    Attributes:
        help: One line of help.
        values: Settings by name.
        on: Settings that a data set needs otherwise, by data set name: `digits` has 42 times
            fewer images than MNIST, so a recipe takes more epochs there.
    """

    help: str
    values: dict[str, Any]
    on: dict[str, dict[str, Any]] = field(default_factory=dict)

    def values_for(self, dataset: str) -> dict[str, Any]:
        """The values of this preset on the named data set."""
        return {**self.values, **self.on.get(dataset, {})}


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
    "precision": "float32",
}

PRESETS: dict[str, Preset] = {
    "default": Preset(
        "a BiLSTM as we would train it ourselves",
        {},
        on={"digits": {"num_epochs": 30, "learning_rate": 0.008}},
    ),
    "notebook": Preset("exactly the notebook: one direction, last hidden state", _NOTEBOOK),
    "notebook-all": Preset(
        "the notebook with all hidden states feeding the classifier",
        {**_NOTEBOOK, "readout": "all"},
    ),
    "quick": Preset(
        "a good model in the shortest time",
        {"hidden_size": 96, "learning_rate": 0.008, "batch_size": 128, "num_epochs": 2},
        on={"digits": {"num_epochs": 20, "batch_size": 64}},
    ),
    "best": Preset(
        "the most accurate, in many times the time",
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
        on={"digits": {"num_epochs": 100}},
    ),
}


def default_in_words(setting: Setting) -> str:
    """A setting's default where nothing else is said, such as '5, on digits 30'."""

    def word(value: Any) -> str:
        return f"{value:g}" if setting.is_numeric else str(value).lower()

    exceptions = [
        f", on {dataset} {word(values[setting.name])}"
        for dataset, values in PRESETS["default"].on.items()
        if setting.name in values
    ]
    return word(setting.default) + "".join(exceptions)
