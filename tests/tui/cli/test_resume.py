"""`resume` has an option for each setting that may change, and for no other."""

import inspect
from pathlib import Path

import pytest

from bilstm_core.config.settings import RESUMABLE, SETTINGS
from bilstm_core.training.checkpoints import VERSION
from bilstm_tui.cli.resume import resume
from tests.checkpoint_files import rewrite
from tests.samples import small_config
from tests.sessions import start
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


def test_a_checkpoint_of_a_later_version_is_named_and_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = start(tmp_path / "runs", small_config(num_epochs=1))
    rewrite(run.checkpoint_file, lambda state, _: state.update(version=VERSION + 1, more=1))
    run.previous_checkpoint_file.write_bytes(b"older")
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    code, _, refused = said(capsys, "resume", run.name, "--num-epochs", "9")
    assert code == 1
    assert refused.startswith("✗ The checkpoint is from a newer version\n")
    assert "update bilstm-tui" in refused
    del before[run.lock_file]
    assert all(path.read_bytes() == content for path, content in before.items())
    assert not run.damaged_checkpoint_file.exists()
