"""The settings that a sweep searches, as in `hidden_size=64..512:log`, checked by the schema."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Protocol

from ..cleaning import one_line
from ..config.resolve import did_you_mean, revise
from ..config.schema import RunConfig
from ..config.settings import DATA_SETTINGS, SETTINGS, Setting, without_effect
from ..data.sources.registry import require_fit
from ..data.spec import DataSpec
from ..errors import ConfigError, UsageError

Value = str | int | float | bool
MOST_CELLS = 10_000
"""Of a grid."""
_MOST_VALUES = 1000
"""Of one setting in a grid."""
_LONGEST = 4096
_AUTOMATIC_AT_0 = {"num_epochs"}
"""Settings whose 0 is no number beside 1, and so no part of a range."""

SEARCHABLE = tuple(
    name
    for name, setting in SETTINGS.items()
    if setting.group != "machine" and name not in DATA_SETTINGS
)
"""The settings that a sweep may search: the others change what the results are compared on, or
where and how a run is trained."""

_HOW = "Write NAME=LOW..HIGH, NAME=LOW..HIGH:log, NAME=LOW..HIGH:STEP, or the values: NAME=A,B,C."


class Suggests(Protocol):
    """What chooses values: an Optuna trial."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number of a range."""
        ...

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None, log: bool
    ) -> float:
        """A number of a range."""
        ...

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """A value of a list."""
        ...


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched: a list of values, or a range.

    Attributes:
        values: The values of a list; empty for a range.
        step: Distance between two values of a range; 0 where every number is allowed.
        is_log: Whether each factor is as likely as every other, rather than each difference.
    """

    setting: Setting
    values: tuple[Value, ...] = ()
    low: float = 0
    high: float = 0
    step: float = 0
    is_log: bool = False

    @property
    def name(self) -> str:
        """The name of the setting."""
        return self.setting.name

    @property
    def text(self) -> str:
        """The dimension as it is written, without the name."""
        if self.values:
            return ",".join(map(_written, self.values))
        end = ":log" if self.is_log else f":{_written(self.step)}" if self.step else ""
        return f"{_written(self.low)}..{_written(self.high)}{end}"

    @property
    def extremes(self) -> tuple[Value, ...]:
        """Values of which the schema allows all or not the whole dimension."""
        return self.values or (self.low, self.high)

    def suggest(self, trial: Suggests) -> Value:
        """Have a trial choose a value."""
        if self.values:
            return trial.suggest_categorical(self.name, self.values)
        if self.setting.kind == "integer":
            low, high, step = int(self.low), int(self.high), int(self.step) or 1
            return trial.suggest_int(self.name, low, high, step=step, log=self.is_log)
        step = self.step or None
        return trial.suggest_float(self.name, self.low, self.high, step=step, log=self.is_log)

    @property
    def finite(self) -> tuple[Value, ...] | None:
        """All values; None where there are too many or infinitely many."""
        if self.values:
            return self.values
        is_whole = self.setting.kind == "integer"
        step = self.step or (1 if is_whole else 0)
        count = int((self.high - self.low) / step * (1 + 1e-9)) + 1 if step else 0
        if not 0 < count <= _MOST_VALUES:
            return None
        numbers = (self.low + step * index for index in range(count))
        return tuple(int(it) if is_whole else float(f"{it:.12g}") for it in numbers)

    def listed(self) -> tuple[Value, ...]:
        """All values, for a grid.

        Raises:
            UsageError: They are not a list of moderate length.
        """
        found = None if self.is_log else self.finite
        if found is None:
            raise UsageError(
                f"A grid needs the values of {self.name}, and {self.text} is a range.",
                f"List them ({self.name}=A,B,C), give a step ({self.name}=LOW..HIGH:STEP), or use "
                "the sampler tpe or random.",
                title="The grid is not finite",
            )
        return found


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Space:
    """The settings that are searched, in the order of the schema."""

    dimensions: tuple[Dimension, ...]

    @property
    def texts(self) -> dict[str, str]:
        """Each dimension as it is written, by name."""
        return {dimension.name: dimension.text for dimension in self.dimensions}

    def choose(self, base: RunConfig, trial: Suggests) -> dict[str, Value]:
        """Have a trial choose the settings that differ from `base`.

        Settings without effect beside those already chosen are not searched: they have their
        default, so that no two trials train the same network.
        """
        chosen: dict[str, Value] = {}
        for dimension in self.dimensions:
            if dimension.name in without_effect(base.model_copy(update=chosen)):
                chosen[dimension.name] = dimension.setting.default
            else:
                chosen[dimension.name] = dimension.suggest(trial)
        return chosen

    def cells(self, base: RunConfig) -> list[dict[str, Value]]:
        """All combinations, for a grid.

        Raises:
            UsageError: There are too many, or infinitely many.
        """
        for dimension in self.dimensions:
            dimension.listed()
        found = self.combinations(base)
        if found is None:
            raise UsageError(
                f"The grid has more than {MOST_CELLS:,} combinations.",
                "Search fewer values, or use the sampler tpe or random.",
                title="The grid is too large",
            )
        return found

    def combinations(self, base: RunConfig) -> list[dict[str, Value]] | None:
        """All combinations, of the settings that have an effect in each.

        None where there are too many or infinitely many.
        """
        if any(dimension.finite is None for dimension in self.dimensions):
            return None
        found = list(islice(self._cells(base, {}, self.dimensions), MOST_CELLS + 1))
        return found if len(found) <= MOST_CELLS else None

    def _cells(
        self, base: RunConfig, chosen: dict[str, Value], rest: tuple[Dimension, ...]
    ) -> Iterator[dict[str, Value]]:
        if not rest:
            yield {}
            return
        first, *others = rest
        if first.name in without_effect(base.model_copy(update=chosen)):
            with_default = {**chosen, first.name: first.setting.default}
            yield from self._cells(base, with_default, tuple(others))
            return
        for value in first.finite or ():
            with_value = {**chosen, first.name: value}
            for cell in self._cells(base, with_value, tuple(others)):
                yield {first.name: value, **cell}


def read_space(
    search: Mapping[str, object], base: RunConfig, spec: DataSpec, typed_in: str = "the search"
) -> Space:
    """The space that is written in `search`, by name, for settings that are otherwise `base`.

    Args:
        search: For each setting a text such as `1e-4..1e-1:log` or `lstm,gru`, or a list.
        base: The other settings.
        spec: The data.
        typed_in: Where it was written, for messages.

    Raises:
        UsageError: A setting cannot be searched, or what is written is not understood.
        ConfigError: A value is not allowed, by the schema or with these data.
    """
    if not search:
        raise UsageError(
            "A sweep needs at least one setting to search.",
            "Such as: hidden_size=64..512:log, cell=lstm,gru.",
            title="Nothing to search",
        )
    for name in search:
        _require_searchable(name)
    dimensions = tuple(
        read_dimension(SETTINGS[name], search[name]) for name in SEARCHABLE if name in search
    )
    switches = [one for one in dimensions if one.setting.kind == "switch"]
    for dimension in dimensions:
        for value in dimension.extremes:
            _require_allowed(dimension.name, value, base, spec, switches, typed_in)
    return Space(dimensions)


def _require_searchable(name: str) -> None:
    if name in SEARCHABLE:
        return
    if name not in SETTINGS:
        raise UsageError(
            f"There is no setting {one_line(name)}.{did_you_mean(name, SETTINGS)}",
            f"Settings that can be searched: {', '.join(SEARCHABLE)}.",
        )
    why = (
        "changes the data that the results are compared on"
        if name in DATA_SETTINGS
        else "changes where and how a run is trained"
    )
    raise UsageError(
        f"{name} cannot be searched: it {why}.",
        f"Settings that can be searched: {', '.join(SEARCHABLE)}.",
    )


def read_dimension(setting: Setting, written: object) -> Dimension:
    """The dimension that is written for a setting; its values are not checked yet.

    Raises:
        UsageError: It is not understood.
    """
    if isinstance(written, list | tuple):
        written = ",".join(str(it).lower() if isinstance(it, bool) else str(it) for it in written)
    text = str(written).strip()
    if len(text) > _LONGEST:
        raise _not_understood(setting, text[:40] + "…", "it is too long")
    if ".." in text:
        return _read_range(setting, text)
    values = tuple(dict.fromkeys(_read_value(setting, it.strip()) for it in text.split(",")))
    if len(values) == 1:
        one = _written(values[0])
        raise _not_understood(setting, text, f"there is one value; set {setting.name} = {one}")
    return Dimension(setting, values)


def _read_range(setting: Setting, text: str) -> Dimension:
    limits, colon, how = map(str.strip, text.partition(":"))
    low, _, high = limits.partition("..")
    if not setting.is_numeric:
        listed = f"{setting.name}={low.strip()},{high.strip()}"
        raise _not_understood(setting, text, f"a range needs numbers; write {listed}")
    first, last = _read_number(setting, text, low), _read_number(setting, text, high)
    is_log = how == "log"
    if colon and not is_log and not _is_number(how):
        raise _not_understood(setting, text, f"after a range may follow :log or a step, not :{how}")
    step = _read_number(setting, text, how) if how and not is_log else 0
    if not first < last:
        raise _not_understood(setting, text, "the lowest value is not below the highest")
    if is_log and first <= 0:
        raise _not_understood(setting, text, "a range on a log scale starts above 0")
    if setting.name in _AUTOMATIC_AT_0 and first <= 0:
        what = "0 stands for a number that is chosen by the data"
        why = f"{what}: start at 1, or write a list with 0 in it"
        raise _not_understood(setting, text, why)
    if how and not is_log and not 0 < step <= last - first:
        raise _not_understood(setting, text, "the step is not between 0 and the range's length")
    return Dimension(setting, low=first, high=last, step=step, is_log=is_log)


def _read_value(setting: Setting, text: str) -> Value:
    if setting.is_numeric:
        return _read_number(setting, text, text)
    if setting.kind == "switch":
        if text not in {"true", "false"}:
            raise _not_understood(setting, text, "allowed are true and false")
        return text == "true"
    return text  # the schema checks it


def _read_number(setting: Setting, text: str, number: str) -> int | float:
    if not _is_number(number):
        raise _not_understood(setting, text, f"'{number.strip()}' is not a number")
    value = float(number)
    if not math.isfinite(value):
        raise _not_understood(setting, text, f"'{number.strip()}' is not a finite number")
    if setting.kind != "integer":
        return value
    if value != int(value):
        raise _not_understood(setting, text, f"{setting.name} is a whole number")
    return int(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _not_understood(setting: Setting, text: str, why: str) -> UsageError:
    return UsageError(
        f"The search {setting.name}={one_line(text)} is not understood: {one_line(why)}.",
        _HOW,
        title="The search is not understood",
    )


def _require_allowed(
    name: str,
    value: Value,
    base: RunConfig,
    spec: DataSpec,
    switches: list[Dimension],
    typed_in: str,
) -> None:
    """Refuse a value that is not allowed, whichever way the switches are that are searched."""
    others = [one for one in switches if one.name != name]
    problem: ConfigError | None = None
    for states in product(*(one.values for one in others)):
        context = {one.name: state for one, state in zip(others, states, strict=True)}
        try:
            config = revise(base, {**context, name: value}, typed_in=typed_in)
            return require_fit(config, spec)
        except ConfigError as error:
            problem = error
    if problem:
        raise problem
    return None
