"""Chooses the settings of a trial: those of no other trial, as long as there are any.

With equal settings the result is equal, so that training them again would tell nothing.
"""

import random
from collections.abc import Iterable, Mapping
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import _filter_study
from optuna.trial import FrozenTrial

from ..config.schema import RunConfig
from .plan import Plan
from .space import Space, Value

_MOST_PROPOSALS = 10
"""How often the sampler is asked for settings that no trial has."""
_SEEDS = 2**32

Key = frozenset[tuple[str, float | str]]


def choose_settings(
    study: optuna.Study, plan: Plan, space: Space, base: RunConfig, trial: FrozenTrial
) -> dict[str, Value]:
    """The searched settings for a trial that has none yet; nothing is stored.

    They are those of another trial only where the space is finite and was tried as a whole, or is
    so large that the sampler does not find others.
    """
    others = study.get_trials(deepcopy=False)
    tried = {_key(other.params) for other in others if other.number != trial.number}
    proposed: dict[str, Value] = {}
    for _ in range(_MOST_PROPOSALS):
        proposal = _Proposal(study, trial)
        space.choose(base, proposal)
        proposed = proposal.params
        if _key(proposed) not in tried:
            return proposed
    untried = [cell for cell in space.combinations(base) or () if _key(cell) not in tried]
    if not untried:
        return proposed
    return random.Random(f"{plan.base.seed} {trial.number}").choice(untried)  # noqa: S311


def _key(settings: Mapping[str, Any]) -> Key:
    """What two trials have in common that train the same; a sum of steps may be inexact."""
    return frozenset(
        (name, float(f"{value:.12g}") if isinstance(value, float) else str(value))
        for name, value in settings.items()
    )


class _Proposal:
    """What a study's sampler would choose for a trial, as an Optuna trial that stores nothing."""

    def __init__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._sampler, self._trial = study.sampler, trial
        self._study = _filter_study(study, trial)
        self._space = self._sampler.infer_relative_search_space(self._study, trial)
        self._relative = self._sampler.sample_relative(self._study, trial, self._space)
        self.params: dict[str, Value] = {}

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number of a range."""
        return self._suggest(name, IntDistribution(low, high, log=log, step=step))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None, log: bool
    ) -> float:
        """A number of a range."""
        return self._suggest(name, FloatDistribution(low, high, log=log, step=step))

    def suggest_categorical(self, name: str, choices: Iterable[Value]) -> Any:
        """A value of a list."""
        return self._suggest(name, CategoricalDistribution(tuple(choices)))

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._relative and self._space.get(name) == distribution:
            value = self._relative[name]
        else:
            value = self._sampler.sample_independent(self._study, self._trial, name, distribution)
        self.params[name] = value
        return value


def make_sampler(plan: Plan, trials: int) -> optuna.samplers.BaseSampler:
    """What chooses the next trial after so many; of a grid all are in the journal."""
    seed = (plan.base.seed + trials) % _SEEDS  # helpers with equal seeds would choose alike
    if plan.sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed, multivariate=True)
    return optuna.samplers.RandomSampler(seed=seed)


def make_pruner(plan: Plan) -> optuna.pruners.BasePruner:
    """What ends trials early."""
    match plan.pruner:
        case "median":
            return optuna.pruners.MedianPruner(n_warmup_steps=2)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(max_resource=max(1, plan.base.num_epochs))
        case "none":
            return optuna.pruners.NopPruner()
