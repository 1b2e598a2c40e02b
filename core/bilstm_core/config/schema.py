"""The one schema: every hyperparameter's type, range, default, unit and line of help.

The command line, TOML files, environment variables, validation messages, the form and the
README's table are all read from `RunConfig`. Adding a hyperparameter is one edit here and its
use in the engine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Protocol,
    Self,
    cast,
    get_args,
    get_origin,
)

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from ..building_blocks.cells import CELLS
from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS

if TYPE_CHECKING:
    CellName = MergeName = ReadoutName = str
else:  # the entries are the choices
    CellName, MergeName, ReadoutName = Literal[*CELLS], Literal[*MERGES], Literal[*READOUTS]

DATASETS = ("mnist", "fashion-mnist", "kmnist", "digits")
Augment = Literal["none", "shift", "affine"]
OptimizerName = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "one-cycle", "cosine"]
Precision = Literal["auto", "float32", "tf32", "bfloat16"]

Kind = Literal["choice", "switch", "integer", "number"]
"""What sort of value a setting takes."""


class _Entry(Protocol):
    """A choice with a line of help of its own."""

    @property
    def help(self) -> str: ...


GROUPS = {
    "data": "what to learn from",
    "architecture": "the network",
    "optimisation": "how it learns",
    "machine": "where and how exactly it runs",
}


def _setting(
    default: Any,
    group: str,
    help_line: str,
    unit: str = "",
    *,
    resumable: bool = False,
    entries: Mapping[str, _Entry] | None = None,
    **bounds: Any,
) -> Any:
    """A field with its group, help and unit; `resumable`: it may change when a run is resumed."""
    choice_help = {name: entry.help for name, entry in (entries or {}).items()}
    extra: JsonDict = {"group": group, "unit": unit, "resumable": resumable}
    extra["choice_help"] = cast(JsonDict, choice_help)
    return Field(default, description=help_line, json_schema_extra=extra, **bounds)


class RunConfig(BaseModel):
    """The whole configuration of one run; immutable, checked when made.

    Raises:
        pydantic.ValidationError: A value is outside its range, a name is unknown, or two
            settings contradict each other. `bilstm_core.resolve` puts it into words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dataset: str = _setting(
        "mnist",
        "data",
        "images to learn from; digits is built in, the others are downloaded once",
        max_length=4096,
        examples=list(DATASETS),
    )
    validation_fraction: float = _setting(
        0.0,
        "data",
        "part of the training images held out to watch progress, split by seed",
        "of the training set",
        ge=0,
        le=0.5,
    )
    augment: Augment = _setting(
        "none", "data", "random changes per image: shift moves it, affine also turns and scales"
    )

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
        0.0, "architecture", "chance that an output of a recurrent layer is zeroed", ge=0, lt=1
    )

    optimizer: OptimizerName = _setting(
        "adam", "optimisation", "update rule; sgd has Nesterov momentum 0.9"
    )
    learning_rate: float = _setting(
        0.004, "optimisation", "step size; the peak where the schedule has one", gt=0, le=10
    )
    schedule: Schedule = _setting(
        "one-cycle", "optimisation", "how the learning rate moves over the run"
    )
    weight_decay: float = _setting(
        0.0, "optimisation", "pull of the weights towards zero", ge=0, le=1
    )
    label_smoothing: float = _setting(
        0.0, "optimisation", "share of the target spread over all classes", ge=0, lt=1
    )
    clip_norm: float = _setting(
        0.0, "optimisation", "largest gradient norm, 0 = no limit", ge=0, le=1000
    )
    ema_decay: float = _setting(
        0.0,
        "optimisation",
        "decay of the averaged weights that are evaluated, 0 = off",
        ge=0,
        lt=1,
    )
    batch_size: int = _setting(64, "optimisation", "images per step", "images", ge=1, le=65_536)
    num_epochs: int = _setting(
        5,
        "optimisation",
        "passes over the training images",
        "epochs",
        ge=1,
        le=100_000,
        resumable=True,
    )
    patience: int = _setting(
        0,
        "optimisation",
        "stop after this many epochs without a lower validation loss and keep the best "
        "epoch's weights, 0 = off; needs a validation_fraction",
        "epochs",
        ge=0,
        le=100_000,
        resumable=True,
    )

    device: str = _setting(
        "auto",
        "machine",
        "where to train; auto takes a GPU if PyTorch can use one",
        pattern=r"^(auto|cpu|cuda(:\d{1,3})?|mps)$",
        examples=["auto", "cpu", "cuda", "cuda:N", "mps"],
        resumable=True,
    )
    precision: Precision = _setting(
        "auto",
        "machine",
        "number format of the arithmetic; auto takes bfloat16 only where the processor or GPU "
        "has it natively; tf32 is float32 with products in TF32, on NVIDIA GPUs alone",
    )
    cuda_graph: bool = _setting(
        True,
        "machine",
        "on an NVIDIA GPU, launch a whole step at once as one CUDA graph",
        resumable=True,
    )
    threads: int = _setting(
        0,
        "machine",
        "processor threads of the arithmetic; 0 = as many as are measured to be fastest, once a "
        "machine and network",
        "threads",
        ge=0,
        le=1024,
        resumable=True,
    )
    seed: int = _setting(
        0, "machine", "start of every random sequence: weights, order, masks", ge=0, le=2**32 - 1
    )
    deterministic: bool = _setting(
        False,
        "machine",
        "same seed, same numbers on a GPU too (slower); on a CPU it fixes the threads, on which "
        "the last bits depend",
    )
    checkpoint_seconds: float = _setting(
        30.0,
        "machine",
        "time between two saved states of a run; one is saved after an epoch and at a stop too",
        "seconds",
        ge=0,
        le=86_400,
        resumable=True,
    )

    @field_validator("dataset")
    @classmethod
    def _no_unknown_dataset(cls, name: str, info: ValidationInfo) -> str:
        """Where somebody chooses it; what a file names may be known to another version."""
        if info.context and name not in info.context["datasets"]:
            raise PydanticCustomError("unknown_dataset", "no such data set")
        return name

    @model_validator(mode="before")
    @classmethod
    def _no_truth_values_as_numbers(cls, values: Any) -> Any:
        """`num_layers = true` is a slip, though Python would read it as 1."""
        if not isinstance(values, dict):
            return values
        numeric = {name for name, setting in SETTINGS.items() if setting.is_numeric}
        return {
            name: str(value).lower() if isinstance(value, bool) and name in numeric else value
            for name, value in values.items()
        }

    @model_validator(mode="after")
    def _no_contradictions(self) -> Self:
        if self.patience and not self.validation_fraction:
            raise PydanticCustomError(
                "contradiction",
                "patience = {patience} stops on the validation loss, but validation_fraction = 0 "
                "leaves no validation images",
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
                    "allowed": "bidirectional = true, or merge left as it is",
                },
            )
        return self


@dataclass(frozen=True)
class Setting:
    """One field of `RunConfig`, as a form, a help page or a message needs it.

    Attributes:
        name: The field's name, also its key in TOML.
        group: A key of `GROUPS`.
        kind: What sort of value it takes.
        default: Its value where nobody says otherwise.
        help: One line of help.
        unit: What a number counts; may be empty.
        choices: The values allowed, where they can be listed.
        choice_help: A line of help for each choice; empty where they explain themselves.
        is_resumable: Whether it may change when a run is resumed.
        range: The values allowed, where they are numbers, in words: 'from 1 to 16 layers'.
    """

    name: str
    group: str
    kind: Kind
    default: Any
    help: str
    unit: str
    choices: tuple[str, ...]
    choice_help: Mapping[str, str]
    is_resumable: bool
    range: str

    @property
    def full_help(self) -> str:
        """The line of help, followed by that of each choice."""
        lines = [f"{name} = {words}" for name, words in self.choice_help.items()]
        return f"{self.help}: {'; '.join(lines)}" if lines else self.help

    @property
    def limits(self) -> str:
        """The choices or the range."""
        return ", ".join(self.choices) or self.range

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return {
            "choice": self.limits,
            "switch": "true, false",
            "integer": f"a whole number {self.limits}",
            "number": f"a number {self.limits}",
        }[self.kind]

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in {"integer", "number"}

    @property
    def flag(self) -> str:
        """Its option on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "BILSTM_" + self.name.upper()


_NUMBER_KINDS: dict[object, Kind] = {bool: "switch", int: "integer", float: "number"}


def _describe(name: str, field: FieldInfo) -> Setting:
    extra = cast(JsonDict, field.json_schema_extra)
    unit = str(extra["unit"])
    is_literal = get_origin(field.annotation) is Literal
    choices = get_args(field.annotation) if is_literal else tuple(field.examples or ())
    kind = "choice" if choices else _NUMBER_KINDS[field.annotation]
    return Setting(
        name=name,
        group=str(extra["group"]),
        kind=kind,
        default=field.default,
        help=field.description or "",
        unit=unit,
        choices=choices,
        choice_help=cast(dict[str, str], extra["choice_help"]),
        is_resumable=bool(extra["resumable"]),
        range=_range(field, unit),
    )


def _range(field: FieldInfo, unit: str) -> str:
    """The bounds of a numeric field in words, such as 'from 1 to 16 layers'."""
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "to below"}
    bounds = {
        key: getattr(bound, key) for bound in field.metadata for key in words if hasattr(bound, key)
    }
    parts = [f"{word} {bounds[key]:,}" for key, word in words.items() if key in bounds]
    return " ".join([*parts, unit]).strip()


def _completed(values: dict[str, Any]) -> dict[str, Any]:
    """Settings as a run left them: checked, those it lacks at their defaults, others kept."""
    known = {name: value for name, value in values.items() if name in SETTINGS}
    return {**values, **RunConfig.model_validate(known).model_dump()}


Settings = Annotated[dict[str, Any], AfterValidator(_completed)]
"""A configuration by setting name, as it stands in an event or a checkpoint of any version."""


SETTINGS: dict[str, Setting] = {
    name: _describe(name, field) for name, field in RunConfig.model_fields.items()
}
"""Every setting by name, in the order of the schema."""


def settings_in(group: str) -> Iterator[Setting]:
    """The settings of one of `GROUPS`, in the order of the schema."""
    return (setting for setting in SETTINGS.values() if setting.group == group)


RESUMABLE = frozenset(name for name, setting in SETTINGS.items() if setting.is_resumable)
"""Settings that may change when a run is resumed."""
