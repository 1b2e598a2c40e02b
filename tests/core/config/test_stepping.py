"""The next value of a number when a key changes it."""

from itertools import pairwise

import pytest

from bilstm_core.config.resolve import problem_with
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS, Setting
from bilstm_core.config.stepping import stepped

NUMBERS = [setting for setting in SETTINGS.values() if setting.is_numeric]


def steps_from(name: str, value: float, direction: int, count: int) -> list[float]:
    values = []
    for _ in range(count):
        value = stepped(SETTINGS[name], value, direction)
        values.append(value)
    return values


def test_a_learning_rate_goes_along_one_two_five() -> None:
    assert steps_from("learning_rate", 0.004, 1, 4) == [0.005, 0.01, 0.02, 0.05]
    assert steps_from("learning_rate", 0.004, -1, 4) == [0.002, 0.001, 0.0005, 0.0002]


def test_sizes_double_and_halve() -> None:
    assert steps_from("hidden_size", 128, 1, 2) == [256, 512]
    assert steps_from("batch_size", 100, -1, 2) == [64, 32]
    assert steps_from("threads", 0, 1, 3) == [1, 2, 4]


def test_fractions_change_by_a_twentieth() -> None:
    assert steps_from("dropout", 0, 1, 3) == [0.05, 0.1, 0.15]
    assert steps_from("dropout", 0.42, -1, 2) == [0.4, 0.35]


def test_a_decay_approaches_one() -> None:
    assert steps_from("ema_decay", 0, 1, 5) == [0.9, 0.95, 0.98, 0.99, 0.995]
    assert steps_from("ema_decay", 0.9, -1, 1) == [0]


def test_a_value_out_of_range_comes_back_into_it() -> None:
    assert stepped(SETTINGS["num_layers"], 99, 1) == 16
    assert stepped(SETTINGS["dropout"], 3, -1) == 0
    assert stepped(SETTINGS["learning_rate"], -1, 1) == 0.004


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.name)
@pytest.mark.parametrize("direction", [1, -1])
def test_every_step_is_allowed_and_goes_one_way_until_it_ends(
    setting: Setting, direction: int
) -> None:
    values = [setting.default, *steps_from(setting.name, setting.default, direction, 60)]
    config = RunConfig(validation_fraction=0.1)  # patience needs one
    for value in values:
        typed = f"{value:.10g}"
        if (setting.name, float(typed)) != ("validation_fraction", 0):
            assert not problem_with(config, {setting.name: typed})
    for before, after in pairwise(values):
        assert (after - before) * direction >= 0
    if setting.name != "seed":  # it has four billion values
        end = stepped(setting, values[-1], direction)
        assert end == values[-1] or setting.steps == "one"
