"""The README's tables are the schema's: what it says is what there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bilstm_core import paths
from bilstm_core.config.presets import PRESETS, default_in_words
from bilstm_core.config.settings import RESUMABLE, SETTINGS, Setting
from bilstm_core.errors import BilstmError

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def setting_row(setting: Setting) -> str:
    default = default_in_words(setting)
    return f"| `{setting.name}` | {default} | {setting.allowed} | {setting.full_help} |"


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


def paths_in(tree: str) -> list[str]:
    """The paths of a tree: a file or folder/ a line, indented below its folder, then words."""
    paths, folders = [], {}
    for line in filter(str.strip, tree.splitlines()):
        depth = len(line) - len(line.lstrip())
        folders = {at: folder for at, folder in folders.items() if at < depth}
        name = line.split()[0]
        if name.endswith("/"):
            folders[depth] = name
        else:
            paths.append("".join(folders.values()) + name)
    return paths


def test_a_tree_is_read_by_its_indentation() -> None:
    tree = "a/b/     words\n  c/\n    d.py   words, e.py\n  f.py\ng/       h.py"
    assert paths_in(tree) == ["a/b/c/d.py", "a/b/f.py"]


def test_the_tree_has_every_module_of_the_packages() -> None:
    _, _, section = README.partition("\n## How it is built\n")
    listed = [path for path in paths_in(section.split("```")[1]) if path.endswith(".py")]
    actual = {
        path.relative_to(ROOT).as_posix()
        for package in ("core/bilstm_core", "tui/bilstm_tui")
        for path in (ROOT / package).rglob("*.py")
        if path.name not in {"__init__.py", "__main__.py"}
    }
    assert {"missing": sorted(actual - {*listed}), "surplus": sorted({*listed} - actual)} == {
        "missing": [],
        "surplus": [],
    }
    assert len(listed) == len({*listed})


def test_the_lines_for_python_run_as_they_stand(tmp_path: Path) -> None:
    """In a fresh interpreter, from a folder with the image files that they name."""
    lines = README.partition("### From Python")[2].partition("```python\n")[2].partition("```")[0]
    assert len(lines.splitlines()) == 10
    for name in ("three.png", "seven.png"):
        drawn = Image.new("L", (20, 20))
        drawn.paste(255, (8, 4, 11, 16))
        drawn.save(tmp_path / name)
    result = subprocess.run(
        [sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    ended, three, seven = result.stdout.splitlines()
    assert ended.startswith("finished {'train': 0.")
    assert three.split()[0] == "three.png"
    assert seven.split()[1] in set("0123456789")
    assert (tmp_path / "digits.safetensors").is_file()


def test_what_may_change_on_resume_is_named() -> None:
    text = " ".join(README.split())
    named = text.partition("may change when a run is resumed:")[2].partition(". ")[0]
    assert set(re.findall(r"`(\w+)`", named)) == RESUMABLE
