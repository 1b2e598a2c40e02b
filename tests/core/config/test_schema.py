"""The schema: every setting explains itself, and refuses what it does not allow."""

import math

import pytest
from pydantic import ValidationError

from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import GROUPS, RunConfig
from bilstm_core.config.settings import SETTINGS, Setting, without_effect
from bilstm_core.data.sources.registry import describe
from bilstm_core.network.summary import summarise


def test_the_schema_refuses_by_itself() -> None:
    with pytest.raises(ValidationError):
        RunConfig(learning_rate=math.inf)
    with pytest.raises(ValidationError):
        RunConfig(hiden_size=3)  # pyright: ignore[reportCallIssue]


class TestIntrospection:
    @pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
    def test_every_setting_explains_itself(self, setting: Setting) -> None:
        assert setting.group in GROUPS
        assert setting.help
        assert "\n" not in setting.help
        assert setting.allowed

    def test_ranges_in_words(self) -> None:
        assert SETTINGS["num_layers"].allowed == "a whole number from 1 to 16 layers"
        assert SETTINGS["dropout"].allowed == "a number from 0 to below 1"
        assert SETTINGS["learning_rate"].allowed == "a number above 0 to 10"
        assert SETTINGS["device"].allowed == "auto, cpu, cuda, cuda:N, mps"
        assert SETTINGS["lanes"].allowed == "a whole number from 0 to 1,024 lanes, or auto"

    @pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
    def test_every_choice_has_a_line_of_its_own(self, setting: Setting) -> None:
        assert set(setting.choice_help) == set(setting.choices)
        lines = setting.choice_help.values()
        assert len(set(lines)) == len(setting.choices)
        for line in lines:
            assert "\n" not in line
            assert 10 < len(line) <= 120


class TestWithoutEffect:
    def test_nothing_is_without_effect_at_first_but_what_cuts(self) -> None:
        assert set(without_effect(RunConfig())) == {"keep"}

    @pytest.mark.parametrize(
        ("config", "names"),
        [
            (RunConfig(bidirectional=False), {"merge"}),
            (RunConfig(device="cpu"), {"cuda_graph"}),
            (RunConfig(device="cuda:1"), {"threads", "lanes"}),
            (RunConfig(max_length=5), set()),
        ],
    )
    def test_what_has_none_says_why(self, config: RunConfig, names: set[str]) -> None:
        found = without_effect(config)
        assert set(found) - {"keep"} == names
        assert all(found.values())

    def test_the_network_is_the_same_without_it(self) -> None:
        one = resolve({"dataset": "digits", "bidirectional": False})
        other = one.model_copy(update={"merge": "sum"})
        spec = describe(one)
        assert summarise(one, spec) == summarise(other, spec)
