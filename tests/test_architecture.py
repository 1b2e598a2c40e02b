"""Arrows run one way, and the process that paints imports no torch."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules(package: Path) -> list[str]:
    names = [
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in package.rglob("*.py")
    ]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def loaded_after_importing(names: list[str]) -> set[str]:
    code = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in result.stdout.split()}


def test_the_engine_knows_no_screen() -> None:
    loaded = loaded_after_importing(modules(ROOT / "core" / "bilstm_core"))
    assert "torch" in loaded
    assert loaded.isdisjoint({"textual", "rich", "bilstm_tui", "cyclopts"})


def test_the_face_imports_no_torch() -> None:
    loaded = loaded_after_importing(modules(ROOT / "tui" / "bilstm_tui"))
    assert "bilstm_core" in loaded
    assert loaded.isdisjoint({"torch", "torchvision", "sklearn"})


def test_the_command_line_imports_only_what_help_needs() -> None:
    loaded = loaded_after_importing(["bilstm_tui.cli.main"])
    assert loaded.isdisjoint({"torch", "numpy", "textual", "PIL"})


def test_the_first_paint_needs_no_numbers() -> None:
    loaded = loaded_after_importing(["bilstm_tui.cli.main", "bilstm_tui.app.app"])
    assert "textual" in loaded
    assert loaded.isdisjoint({"torch", "numpy", "textual_plot", "PIL"})


@pytest.mark.parametrize("package", ["core/bilstm_core", "tui/bilstm_tui"])
def test_files_stay_short(package: str) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / package).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}
