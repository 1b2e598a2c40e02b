"""Every setting, as forms, help pages and messages need it; read from the schema."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast, get_args, get_origin

from pydantic import AfterValidator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from .fields import Steps
from .schema import RunConfig

ValueKind = Literal["choice", "switch", "integer", "number", "text"]
"""The type of a setting's value."""


@dataclass(frozen=True)
class Setting:
    """One field of `RunConfig`, for forms, help pages and messages.

    Attributes:
        group: A key of `GROUPS`.
        unit: Unit of a number; may be empty.
        choices: The allowed values, if they can be listed.
        others: What else is allowed than the choices, in words; what is allowed, for text.
        choice_help: A line of help for each choice; empty if they need none.
        is_resumable: Whether it may change when a run is resumed.
        range: The allowed values of a number in words, such as 'from 1 to 16 layers'.
        bounds: The limits of a number by pydantic's names: `ge`, `gt`, `le`, `lt`.
        steps: How forms change a number by a key; `least` is the first of a series after 0.
    """

    name: str
    group: str
    kind: ValueKind
    default: Any
    help: str
    unit: str
    choices: tuple[str, ...]
    others: str
    choice_help: Mapping[str, str]
    is_resumable: bool
    range: str
    bounds: Mapping[str, float]
    steps: Steps
    least: float

    @property
    def full_help(self) -> str:
        """The line of help, followed by the help of each choice."""
        lines = [f"{name} = {line}" for name, line in self.choice_help.items()]
        return f"{self.help}: {'; '.join(lines)}" if lines else self.help

    @property
    def limits(self) -> str:
        """The choices or the range."""
        return ", ".join(filter(None, (*self.choices, self.range, self.others)))

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return {
            "choice": self.limits,
            "switch": "true, false",
            "text": self.others,
            "integer": f"a whole number {self.limits}",
            "number": f"a number {self.limits}",
        }[self.kind]

    @property
    def is_numeric(self) -> bool:
        """Whether the value is a number."""
        return self.kind in {"integer", "number"}

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "BILSTM_" + self.name.upper()


_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "to below"}
_KINDS_BY_TYPE: dict[object, ValueKind] = {bool: "switch", int: "integer", float: "number"}


def _describe(name: str, field: FieldInfo) -> Setting:
    extra = cast(JsonDict, field.json_schema_extra)
    unit = str(extra["unit"])
    is_literal = get_origin(field.annotation) is Literal
    choices = get_args(field.annotation) if is_literal else tuple(field.examples or ())
    text = str(extra["text"])
    kind = "choice" if choices else "text" if text else _KINDS_BY_TYPE[field.annotation]
    return Setting(
        name=name,
        group=str(extra["group"]),
        kind=kind,
        default=field.default,
        help=field.description or "",
        unit=unit,
        choices=choices,
        others=text or str(extra["others"]),
        choice_help=cast(dict[str, str], extra["choice_help"]),
        is_resumable=bool(extra["resumable"]),
        range=_range(field, unit),
        bounds=_bounds(field),
        steps=cast(Steps, extra["steps"]),
        least=cast(float, extra["least"]),
    )


def _range(field: FieldInfo, unit: str) -> str:
    """Describe the bounds of a numeric field, such as 'from 1 to 16 layers'."""
    bounds = _bounds(field)
    parts = [f"{word} {bounds[key]:,}" for key, word in _BOUNDS.items() if key in bounds]
    return " ".join([*parts, unit]).strip()


def _bounds(field: FieldInfo) -> dict[str, float]:
    return {
        key: getattr(bound, key)
        for bound in field.metadata
        for key in _BOUNDS
        if hasattr(bound, key)
    }


def _with_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Validate the known settings and add the missing ones; unknown ones are kept."""
    known = {name: value for name, value in values.items() if name in SETTINGS}
    return {**values, **RunConfig.model_validate(known).model_dump()}


Settings = Annotated[dict[str, Any], AfterValidator(_with_defaults)]
"""A configuration by setting name, in an event or a checkpoint of any version."""


SETTINGS: dict[str, Setting] = {
    name: _describe(name, field) for name, field in RunConfig.model_fields.items()
}
"""Every setting by name, in the order of the schema."""


def settings_in(group: str) -> Iterator[Setting]:
    """The settings of one of `GROUPS`, in the order of the schema."""
    return (setting for setting in SETTINGS.values() if setting.group == group)


DATA_SETTINGS = (
    *("dataset", "label_column", "id_column", "time_column", "group_column", "features"),
    *("test_fraction", "validation_fraction", "missing", "max_length", "keep", "seed"),
)
"""Settings on which it depends what is made of a file."""

COLUMN_SETTINGS = frozenset(
    {"label_column", "id_column", "time_column", "group_column", "features"}
)
"""Settings that name columns of one file."""

OWN_DATA_SETTINGS = COLUMN_SETTINGS | {"test_fraction", "missing", "max_length", "keep"}
"""Settings of little use for the built-in data sets: these have test parts and no gaps."""

_WITHOUT_EFFECT: dict[str, tuple[Callable[[RunConfig], bool], str]] = {
    "merge": (lambda it: not it.bidirectional, "there is one direction: bidirectional is off"),
    "cuda_graph": (lambda it: it.device in {"cpu", "mps"}, "the device is no NVIDIA GPU"),
    "threads": (lambda it: it.device.startswith(("cuda", "mps")), "the device is a GPU"),
    "lanes": (lambda it: it.device.startswith(("cuda", "mps")), "the device is a GPU"),
    "keep": (lambda it: not it.max_length, "max_length = 0 cuts no sequence"),
}
"""When a setting has no effect with the others, and why."""


def without_effect(config: RunConfig) -> dict[str, str]:
    """The settings that have no effect in a configuration, each with the reason."""
    return {name: why for name, (applies, why) in _WITHOUT_EFFECT.items() if applies(config)}


RESUMABLE = frozenset(name for name, setting in SETTINGS.items() if setting.is_resumable)
"""Settings that may change when a run is resumed."""
