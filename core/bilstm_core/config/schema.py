"""The one schema: every hyperparameter's type, range, default, unit and line of help.

The command line, TOML files, environment variables, validation messages, the form and the
README's table are all read from `RunConfig`. Adding a hyperparameter is one edit here and its
use in the engine.
"""

import csv
import os
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ..building_blocks.cells import CELLS
from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..cleaning import Line, Name, one_line
from . import choices
from .fields import column, setting

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


class RunConfig(BaseModel):
    """The whole configuration of one run; immutable, validated when created.

    Raises:
        pydantic.ValidationError: A value is outside its range, a name is unknown, or two
            settings contradict each other. `bilstm_core.resolve` explains it in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dataset: str = setting(
        "mnist",
        "data",
        "what to learn from: a file or folder of your own, or a data set by name, downloaded once "
        "unless it is built in",
        choice_help=choices.DATASET,
        examples=list(BUILT_IN),
        others="or the path of a file or folder",
        max_length=MOST_PATH,
    )
    label_column: Name = column("the class of each sequence")
    id_column: Name = column(
        "which sequence a row belongs to, where each row is a step (- for none)"
    )
    time_column: Name = column("the time, by which the rows of a sequence are sorted (- for none)")
    group_column: Name = column(
        "what must not be in two splits, such as the person who was recorded (- for none)"
    )
    features: Line = setting(
        "",
        "data",
        "tables: columns with values, separated by commas; all other columns of numbers if empty",
        text="names of columns, or nothing",
    )
    test_fraction: float = setting(
        0.2,
        "data",
        "part that is chosen by seed as test set, where the data have none of their own",
        "of the sequences",
        steps="twentieth",
        gt=0,
        le=0.9,
    )
    validation_fraction: float = setting(
        0.0,
        "data",
        "part of the training set held out for validation, chosen by seed",
        "of the training set",
        steps="twentieth",
        ge=0,
        le=0.5,
    )
    augment: Augment = setting(
        "none",
        "data",
        "random change of each training image",
        choice_help=choices.AUGMENT,
    )

    normalize: Normalize = setting(
        "auto",
        "data",
        "scaling of values",
        choice_help=choices.NORMALIZE,
    )

    missing: Missing = setting(
        "forward",
        "data",
        "what replaces missing values",
        choice_help=choices.MISSING,
    )
    max_length: int = setting(
        0, "data", "longest sequence; longer ones are cut; 0 = no limit", "steps", ge=0, le=2**24
    )
    keep: Keep = setting(
        "start", "data", "which part of a sequence that is cut is kept", choice_help=choices.KEEP
    )

    cell: CellName = setting("lstm", "architecture", "recurrent cell", choice_help=CELLS)
    bidirectional: bool = setting(
        True,
        "architecture",
        "read each sequence in both directions; off for live data, whose end is not there yet",
    )
    num_layers: int = setting(
        1,
        "architecture",
        "recurrent layers, each reading the one below",
        "layers",
        steps="one",
        ge=1,
        le=16,
    )
    hidden_size: int = setting(
        128,
        "architecture",
        "hidden units per layer and direction",
        "units",
        steps="doubling",
        ge=1,
        le=4096,
    )
    merge: MergeName = setting(
        "concat",
        "architecture",
        "how the top layer's two directions become one output",
        choice_help=MERGES,
    )
    readout: ReadoutName = setting(
        "max", "architecture", "hidden states that the classifier sees", choice_help=READOUTS
    )
    dropout: float = setting(
        0.0,
        "architecture",
        "probability that an output of a recurrent layer is zeroed in training",
        steps="twentieth",
        ge=0,
        lt=1,
    )

    optimizer: OptimizerName = setting(
        "adam", "optimisation", "how gradients change the weights", choice_help=choices.OPTIMIZER
    )
    learning_rate: float = setting(
        0.004,
        "optimisation",
        "learning rate; the peak where the schedule has one",
        least=1e-6,
        gt=0,
        le=10,
    )
    schedule: Schedule = setting(
        "one-cycle",
        "optimisation",
        "how the learning rate changes over the run",
        choice_help=choices.SCHEDULE,
    )
    weight_decay: float = setting(
        0.0,
        "optimisation",
        "weight decay: how strongly weights are pulled towards zero",
        least=1e-5,
        ge=0,
        le=1,
    )
    label_smoothing: float = setting(
        0.0,
        "optimisation",
        "part of the target that is spread over all classes",
        steps="twentieth",
        ge=0,
        lt=1,
    )
    class_weights: ClassWeights = setting(
        "none",
        "optimisation",
        "weight of each class in the loss",
        choice_help=choices.CLASS_WEIGHTS,
    )
    clip_norm: float = setting(
        0.0,
        "optimisation",
        "largest norm of the gradient, 0 = no limit",
        least=0.1,
        ge=0,
        le=1000,
    )
    ema_decay: float = setting(
        0.0,
        "optimisation",
        "decay of the moving average of the weights, which is then evaluated; 0 = off",
        steps="nines",
        ge=0,
        lt=1,
    )
    batch_size: int = setting(
        64,
        "optimisation",
        "sequences per step",
        "sequences",
        steps="doubling",
        ge=1,
        le=65_536,
    )
    num_epochs: int = setting(
        5,
        "optimisation",
        "passes over the training set; 0 = as many as make about 1,000 steps, from 5 to 300",
        "epochs",
        ge=0,
        le=100_000,
        resumable=True,
    )
    patience: int = setting(
        0,
        "optimisation",
        "stop after this many epochs without a lower validation loss and keep the best "
        "epoch's weights; 0 = off; needs a validation_fraction",
        "epochs",
        ge=0,
        le=100_000,
        resumable=True,
    )

    device: str = setting(
        "auto",
        "machine",
        "where to train",
        choice_help=choices.DEVICE,
        pattern=r"^(auto|cpu|cuda(:\d{1,3})?|mps)$",
        examples=["auto", "cpu", "cuda", "cuda:N", "mps"],
        resumable=True,
    )
    precision: Precision = setting(
        "auto",
        "machine",
        "number format of the arithmetic",
        choice_help=choices.PRECISION,
    )
    cuda_graph: bool = setting(
        True, "machine", "on an NVIDIA GPU, launch each step as one CUDA graph", resumable=True
    )
    threads: int = setting(
        0,
        "machine",
        "processor threads of the arithmetic; 0 or auto = the fastest number, measured once per "
        "network and kept when a run is resumed",
        "threads",
        others="or auto",
        steps="doubling",
        ge=0,
        le=1024,
        resumable=True,
    )
    lanes: int = setting(
        0,
        "machine",
        "directions and parts of a batch that are computed side by side on a processor, sharing "
        "its threads; 0 or auto = the fastest number, measured and kept likewise",
        "lanes",
        others="or auto",
        steps="one",
        ge=0,
        le=1024,
        resumable=True,
    )
    seed: int = setting(
        0,
        "machine",
        "seed of everything random: weights, order, dropout masks, augmentation",
        steps="one",
        ge=0,
        le=2**32 - 1,
    )
    deterministic: bool = setting(
        False,
        "machine",
        "same seed, same numbers on a GPU too (slower); on a CPU it fixes threads and lanes, on "
        "which the last bits depend",
    )
    checkpoint_seconds: float = setting(
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
