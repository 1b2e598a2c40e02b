"""What is left of an internal error."""

import re
import stat
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
