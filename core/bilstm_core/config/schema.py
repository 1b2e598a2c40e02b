"""The one schema: every hyperparameter's type, range, default, unit and line of help.

The command line, TOML files, environment variables, validation messages, the form and the
README's table are all read from `RunConfig`. Adding a hyperparameter is one edit here and its
use in the engine.
"""

import csv
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from ..building_blocks.cells import CELLS, Cell
from ..building_blocks.merges import MERGES, Merge
from ..building_blocks.readouts import READOUTS, Readout
from ..cleaning import Line, Name, one_line

if TYPE_CHECKING:
    CellName = str
    MergeName = str
    ReadoutName = str
else:  # the allowed values are the names of the entries
    CellName, MergeName, ReadoutName = Literal[*CELLS], Literal[*MERGES], Literal[*READOUTS]

BUILT_IN = ("mnist", "fashion-mnist", "kmnist", "digits", "japanese-vowels")
MOST_PATH = 4096
Missing = Literal["forward", "mean", "error"]
Keep = Literal["start", "end"]
ClassWeights = Literal["none", "balanced"]
Augment = Literal["none", "shift", "affine"]
Normalize = Literal["auto", "none", "standard", "sequence"]
OptimizerName = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "one-cycle", "cosine"]
Precision = Literal["auto", "float32", "tf32", "bfloat16"]


GROUPS = {
    "data": "what to learn from",
    "architecture": "the network",
    "optimisation": "how it learns",
    "machine": "where and how it runs",
}


def _setting(
    default: Any,
    group: str,
    help_line: str,
    unit: str = "",
    *,
    resumable: bool = False,
    entries: Mapping[str, Cell | Merge | Readout] | None = None,
    others: str = "",
    text: str = "",
    **bounds: Any,
) -> Any:
    """Define a field.

    Args:
        default: Its value where nothing else is said.
        group: A key of `GROUPS`.
        help_line: A line of help.
        unit: Of a number.
        resumable: Whether it may change when a run is resumed.
        entries: The choices, whose lines of help are used.
        others: What else than its examples is allowed, in words.
        text: What is allowed, in words, where that is any text.
        bounds: Passed on to pydantic.
    """
    choice_help = {name: entry.help for name, entry in (entries or {}).items()}
    extra: JsonDict = {"group": group, "unit": unit, "resumable": resumable}
    extra |= {"others": others, "text": text}
    extra["choice_help"] = cast(JsonDict, choice_help)
    return Field(default, description=help_line, json_schema_extra=extra, **bounds)


def _column(what: str) -> Any:
    """Define a field that names the column of a table."""
    help_line = f"tables: column with {what}; found by its name if empty"
    return _setting("", "data", help_line, text="the name of a column, or nothing")


class RunConfig(BaseModel):
    """The whole configuration of one run; immutable, validated when created.

    Raises:
        pydantic.ValidationError: A value is outside its range, a name is unknown, or two
            settings contradict each other. `bilstm_core.resolve` explains it in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dataset: str = _setting(
        "mnist",
        "data",
        "what to learn from: a file or folder of your own, or a data set by name; digits and "
        "japanese-vowels are built in, others are downloaded once",
        examples=list(BUILT_IN),
        others="or the path of a file or folder",
        max_length=MOST_PATH,
    )
    label_column: Name = _column("the class of each sequence")
    id_column: Name = _column(
        "which sequence a row belongs to, where each row is a step (- for none)"
    )
    time_column: Name = _column("the time, by which the rows of a sequence are sorted (- for none)")
    group_column: Name = _column(
        "what must not be in two splits, such as the person who was recorded (- for none)"
    )
    features: Line = _setting(
        "",
        "data",
        "tables: columns with values, separated by commas; all other columns of numbers if empty",
        text="names of columns, or nothing",
    )
    test_fraction: float = _setting(
        0.2,
        "data",
        "part that is chosen by seed as test set, where the data have none of their own",
        "of the sequences",
        gt=0,
        le=0.9,
    )
    validation_fraction: float = _setting(
        0.0,
        "data",
        "part of the training set held out for validation, chosen by seed",
        "of the training set",
        ge=0,
        le=0.5,
    )
    augment: Augment = _setting(
        "none",
        "data",
        "random change of each training image: shift moves it, affine also rotates and zooms it",
    )

    normalize: Normalize = _setting(
        "auto",
        "data",
        "scaling of values: standard gives each feature mean 0 and deviation 1 over the training "
        "set, sequence does so within each sequence; auto is standard, and for images from 0 to 1",
    )

    missing: Missing = _setting(
        "forward",
        "data",
        "missing values: forward repeats the value before, mean fills in the training mean",
    )
    max_length: int = _setting(
        0, "data", "longest sequence; longer ones are cut; 0 = no limit", "steps", ge=0, le=2**24
    )
    keep: Keep = _setting("start", "data", "which part of a sequence that is cut is kept")

    cell: CellName = _setting("lstm", "architecture", "recurrent cell", entries=CELLS)
    bidirectional: bool = _setting(
        True, "architecture", "read each sequence in both directions, not only forwards"
    )
    num_layers: int = _setting(
        1, "architecture", "recurrent layers, each reading the one below", "layers", ge=1, le=16
    )
    hidden_size: int = _setting(
        128, "architecture", "hidden units per layer and direction", "units", ge=1, le=4096
    )
    merge: MergeName = _setting(
        "concat",
        "architecture",
        "how the top layer's two directions become one output",
        entries=MERGES,
    )
    readout: ReadoutName = _setting(
        "max", "architecture", "hidden states that the classifier sees", entries=READOUTS
    )
    dropout: float = _setting(
        0.0,
        "architecture",
        "probability that an output of a recurrent layer is zeroed in training",
        ge=0,
        lt=1,
    )

    optimizer: OptimizerName = _setting(
        "adam", "optimisation", "optimiser; sgd has Nesterov momentum 0.9"
    )
    learning_rate: float = _setting(
        0.004, "optimisation", "learning rate; the peak where the schedule has one", gt=0, le=10
    )
    schedule: Schedule = _setting(
        "one-cycle", "optimisation", "how the learning rate changes over the run"
    )
    weight_decay: float = _setting(
        0.0,
        "optimisation",
        "weight decay: how strongly weights are pulled towards zero",
        ge=0,
        le=1,
    )
    label_smoothing: float = _setting(
        0.0, "optimisation", "part of the target that is spread over all classes", ge=0, lt=1
    )
    class_weights: ClassWeights = _setting(
        "none",
        "optimisation",
        "weight of each class in the loss: balanced makes rare classes count as much as others",
    )
    clip_norm: float = _setting(
        0.0, "optimisation", "largest norm of the gradient, 0 = no limit", ge=0, le=1000
    )
    ema_decay: float = _setting(
        0.0,
        "optimisation",
        "decay of the moving average of the weights, which is then evaluated; 0 = off",
        ge=0,
        lt=1,
    )
    batch_size: int = _setting(
        64, "optimisation", "sequences per step", "sequences", ge=1, le=65_536
    )
    num_epochs: int = _setting(
        5,
        "optimisation",
        "passes over the training set; 0 = as many as make about 1,000 steps, from 5 to 300",
        "epochs",
        ge=0,
        le=100_000,
        resumable=True,
    )
    patience: int = _setting(
        0,
        "optimisation",
        "stop after this many epochs without a lower validation loss and keep the best "
        "epoch's weights; 0 = off; needs a validation_fraction",
        "epochs",
        ge=0,
        le=100_000,
        resumable=True,
    )

    device: str = _setting(
        "auto",
        "machine",
        "where to train; auto chooses a GPU if PyTorch can use one",
        pattern=r"^(auto|cpu|cuda(:\d{1,3})?|mps)$",
        examples=["auto", "cpu", "cuda", "cuda:N", "mps"],
        resumable=True,
    )
    precision: Precision = _setting(
        "auto",
        "machine",
        "number format of the arithmetic; auto chooses bfloat16 only where the processor or GPU "
        "has it natively; tf32 is float32 with products in TF32, on NVIDIA GPUs only",
    )
    cuda_graph: bool = _setting(
        True, "machine", "on an NVIDIA GPU, launch each step as one CUDA graph", resumable=True
    )
    threads: int = _setting(
        0,
        "machine",
        "processor threads of the arithmetic; 0 or auto = the fastest number, measured once per "
        "network and kept when a run is resumed",
        "threads",
        others="or auto",
        ge=0,
        le=1024,
        resumable=True,
    )
    lanes: int = _setting(
        0,
        "machine",
        "directions and parts of a batch that are computed side by side on a processor, sharing "
        "its threads; 0 or auto = the fastest number, measured and kept likewise",
        "lanes",
        others="or auto",
        ge=0,
        le=1024,
        resumable=True,
    )
    seed: int = _setting(
        0,
        "machine",
        "seed of everything random: weights, order, dropout masks, augmentation",
        ge=0,
        le=2**32 - 1,
    )
    deterministic: bool = _setting(
        False,
        "machine",
        "same seed, same numbers on a GPU too (slower); on a CPU it fixes threads and lanes, on "
        "which the last bits depend",
    )
    checkpoint_seconds: float = _setting(
        30.0,
        "machine",
        "time between two checkpoints within an epoch; an epoch's end and a stop save one too",
        "seconds",
        ge=0,
        le=86_400,
        resumable=True,
    )

    @property
    def is_own_data(self) -> bool:
        """Whether the data are a file or folder, rather than a data set by name."""
        return os.sep in self.dataset

    @property
    def feature_columns(self) -> tuple[str, ...]:
        """The names in `features`; one with a comma in it stands in double quotes."""
        rows = csv.reader([self.features], skipinitialspace=True)
        return tuple(name.strip() for row in rows for name in row if name.strip())

    @field_validator("threads", "lanes", mode="before")
    @classmethod
    def _read_auto(cls, value: Any) -> Any:
        return 0 if value == "auto" else value

    @field_validator("dataset")
    @classmethod
    def _check_dataset(cls, name: str, info: ValidationInfo) -> str:
        """Check a name that the user chose; a run may come from a version with other data sets."""
        is_chosen = info.context and info.context["is_chosen"]
        if is_chosen and name not in BUILT_IN and os.sep not in name:
            raise PydanticCustomError("unknown_dataset", "no such data set")
        return one_line(name, MOST_PATH)

    @model_validator(mode="before")
    @classmethod
    def _reject_booleans_as_numbers(cls, values: Any) -> Any:
        """`num_layers = true` is a mistake, although Python would read it as 1."""
        if not isinstance(values, dict):
            return values
        fields = cls.model_fields
        return {
            name: str(value).lower()
            if isinstance(value, bool)
            and name in fields
            and fields[name].annotation in {int, float}
            else value
            for name, value in values.items()
        }

    @model_validator(mode="after")
    def _reject_contradictions(self) -> Self:
        if self.patience and not self.validation_fraction:
            raise PydanticCustomError(
                "contradiction",
                "patience = {patience} stops on the validation loss, but validation_fraction = 0 "
                "leaves no validation set",
                {
                    "fields": ["patience", "validation_fraction"],
                    "patience": self.patience,
                    "allowed": "a validation_fraction above 0, such as 0.1, or patience = 0",
                },
            )
        if self.merge != "concat" and not self.bidirectional:
            raise PydanticCustomError(
                "contradiction",
                "merge = {merge} combines two directions, but bidirectional = false leaves one",
                {
                    "fields": ["merge", "bidirectional"],
                    "merge": self.merge,
                    "allowed": "bidirectional = true, or merge = concat",
                },
            )
        return self
