"""The schema: every setting explains itself, and refuses what it does not allow."""

import math

import pytest
from pydantic import ValidationError

from bilstm_core.config.schema import GROUPS, RunConfig
from bilstm_core.config.settings import SETTINGS, Setting


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
