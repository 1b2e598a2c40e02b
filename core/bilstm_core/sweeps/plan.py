"""What a sweep searches, how, and what it is judged by."""

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from annotated_types import MaxLen
from pydantic import BaseModel, ConfigDict

from ..cleaning import Line, Name, one_line
from ..config.resolve import did_you_mean, resolve
from ..config.schema import RunConfig
from ..config.settings import Settings
from ..data.sources.registry import describe
from ..errors import UsageError
from ..events import Evaluation
from ..network.cost import with_epochs
from .choices import HELD_OUT, HOW, Epoch, Objective, Pruner, Sampler
from .space import Space, read_space


class Plan(BaseModel):
    """A sweep's definition, which never changes; a journal has it as JSON.

    Attributes:
        settings: The configuration of every trial, but for what is searched.
        search: The searched settings, as they are written.
        objective: The figure that is compared, always on the validation part.
        epoch: Of which epoch it counts.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    settings: Settings
    search: Annotated[dict[Name, Line], MaxLen(64)]
    sampler: Sampler = "tpe"
    pruner: Pruner = "median"
    objective: Objective = "accuracy"
    epoch: Epoch = "last"

    @property
    def base(self) -> RunConfig:
        """The configuration of every trial, but for what is searched.

        Raises:
            ConfigError: It is not a valid one.
        """
        return resolve(base=self.settings, is_untrusted=True)

    @property
    def is_maximised(self) -> bool:
        """Whether the highest value is the best."""
        return self.objective != "loss"

    def space(self) -> Space:
        """The space that is searched.

        Raises:
            BilstmError: It does not fit the data, or these cannot be read.
        """
        base = self.base
        return read_space(self.search, base, describe(base))

    def value_of(self, evaluation: Evaluation) -> float | None:
        """The objective in an evaluation; None where it is of another split or has no number."""
        value = getattr(evaluation, self.objective)
        if evaluation.split != "validation" or value is None or not math.isfinite(value):
            return None
        return float(value)

    def result(self, by_epoch: Mapping[int, float], final: float | None) -> float | None:
        """The value of a finished trial.

        Args:
            by_epoch: The objective after each epoch.
            final: That of the weights that the run kept.
        """
        if self.epoch == "last" and final is not None:
            return final
        if self.epoch == "last":
            return by_epoch[max(by_epoch)] if by_epoch else None
        return self.best([*by_epoch.values(), *([] if final is None else [final])])

    def best(self, values: Iterable[float]) -> float | None:
        """The best of some values; None of none."""
        return (max if self.is_maximised else min)(values, default=None)


def make_plan(config: RunConfig, search: Mapping[str, object], **how: Any) -> Plan:
    """The plan of a new sweep; a validation part is held out where the settings have none.

    Args:
        config: The settings that every trial has.
        search: The settings that are searched; see `read_space`.
        how: Other fields of `Plan`.

    Raises:
        BilstmError: The search is wrong, or the data cannot be read.
    """
    require_how(how)
    if not config.validation_fraction:
        config = config.model_copy(update={"validation_fraction": HELD_OUT})
    spec = describe(config)
    config = with_epochs(config, spec)
    space = read_space(search, config, spec)
    return Plan(settings=config.model_dump(), search=space.texts, **how)


def require_how(how: Mapping[str, Any]) -> None:
    """Raise a `UsageError` if a field of a plan is unknown, or is not one of its choices."""
    for name, choices in HOW.items():
        if name in how and how[name] not in choices:
            nearest = did_you_mean(how[name], choices)
            raise UsageError(
                f"{name} = {one_line(str(how[name]))} is not allowed. "
                f"Allowed: {', '.join(choices)}.{nearest}"
            )
    if unknown := [name for name in how if name not in HOW]:
        raise UsageError(
            f"A sweep has no {one_line(unknown[0])}.{did_you_mean(unknown[0], HOW)}",
            f"It has: trials, {', '.join(HOW)}.",
        )
