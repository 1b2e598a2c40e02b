"""The README's tables are the schema's: what it says is what there is."""

from pathlib import Path

import pytest

from bilstm_core import paths
from bilstm_core.config.presets import PRESETS, default_in_words
from bilstm_core.config.schema import SETTINGS, Setting
from bilstm_core.errors import BilstmError

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def setting_row(setting: Setting) -> str:
    default = default_in_words(setting)
    return f"| `{setting.name}` | {default} | {setting.allowed} | {setting.help} |"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_has_its_row(setting: Setting) -> None:
    assert setting_row(setting) in README.splitlines()


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_described(name: str) -> None:
    assert f"| `{name}` | {PRESETS[name].help} |" in README


@pytest.mark.parametrize("variable", paths.OTHER_VARIABLES)
def test_every_variable_is_described(variable: str) -> None:
    assert f"| `{variable}` | {paths.OTHER_VARIABLES[variable]} |" in README.splitlines()


def test_every_exit_code_is_described() -> None:
    def codes(kind: type[BilstmError]) -> set[int]:
        return {kind.exit_code}.union(*map(codes, kind.__subclasses__()))

    for code in {0, 130, 143, *codes(BilstmError)}:
        assert f"| {code} |" in README


def test_every_file_of_the_packages_is_in_the_tree() -> None:
    for package in ("core/bilstm_core", "tui/bilstm_tui"):
        for path in (ROOT / package).glob("*.py"):
            if not path.name.startswith("__"):
                assert f"  {path.name}" in README
