"""`resume` has an option for each setting that may change, and for no other."""

import inspect

import pytest

from bilstm_core.config.settings import RESUMABLE, SETTINGS
from bilstm_tui.cli.resume import resume
from tests.tui.cli.conftest import said


def test_its_options_are_the_settings_that_may_change() -> None:
    options = inspect.signature(resume).parameters.keys()
    assert options & SETTINGS.keys() == RESUMABLE
    assert "num_epochs" in RESUMABLE
    assert "hidden_size" not in RESUMABLE


def test_a_setting_that_may_not_change_is_refused_with_those_that_may(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = said(capsys, "resume", "latest", "--hidden-size", "64")
    assert code == 2
    assert "--hidden-size cannot change when a run is resumed." in err
    (line,) = [line for line in err.splitlines() if "These may" in line]
    assert line.count("--") == len(RESUMABLE)
    assert "--config FOLDER/config.toml --hidden-size VALUE" in err
    _, _, err = said(capsys, "resume", "latest", "--hiden-size", "64")
    assert "There is no option --hiden-size here." in err
