"""What is left of an internal error, and how text is written where there is no UTF-8."""

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bilstm_core import paths
from bilstm_tui.text.console import show_internal_error


@pytest.fixture
def folder() -> Path:
    """Where reports go; it does not exist yet."""
    return paths.log_dir()


def test_reports_of_one_second_are_kept_apart_and_private(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(time, "strftime", lambda form: form.replace("%", ""))
    second = ValueError("second")
    second.__cause__ = OSError("no such file: \udcff")
    for error in (ValueError("first"), second):
        assert show_internal_error(error) == 70
    assert "crash-Y-m-d_HMS-" in capsys.readouterr().err
    first, last = sorted(folder.iterdir(), key=lambda path: len(path.read_text()))
    assert "ValueError: first" in first.read_text()
    assert "no such file: \\udcff" in last.read_text()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, first)] == [0o700, 0o600]


def test_a_link_is_not_followed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    folder.parent.mkdir(parents=True)
    folder.symlink_to(theirs)
    assert show_internal_error(ValueError("x")) == 70
    assert list(theirs.iterdir()) == []
    assert re.search("The traceback:\n.*ValueError: x", capsys.readouterr().err, re.DOTALL)


@pytest.mark.parametrize(
    ("variables", "start"),
    [
        ({"LC_ALL": "C"}, "x "),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "x "),
        ({"LC_ALL": "C", "PYTHONUTF8": "1"}, "✗ "),
        ({"LC_ALL": "C.UTF-8"}, "✗ "),
    ],
)
def test_failures_are_ascii_where_there_is_no_utf_8(variables: dict[str, str], start: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONUTF")}
    command = [sys.executable, "-m", "bilstm_tui", "attach", "—"]
    failed = subprocess.run(command, env=clean | variables, capture_output=True, check=False)
    assert failed.returncode == 2
    assert failed.stderr.startswith(start.encode())
    assert failed.stderr.isascii() == (start == "x ")
