"""A data set that this version does not know, on the command line."""

import json
from pathlib import Path

import pytest

from bilstm_core.runs.run import Run
from tests.recording import Recording
from tests.samples import MOONS
from tests.tui.cli.conftest import said


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A finished run of another version, in the folder of the runs."""
    with Recording(tmp_path / "runs", 2000, MOONS) as recording:
        recording.finish()
    return recording.run


def test_its_run_is_listed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "runs")
    assert (code, err) == (0, "")
    (line,) = out.splitlines()
    assert line.split()[:3] == [run.name, "finished", "moons"]
    code, out, err = said(capsys, "runs", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["dataset"] == "moons"


def test_its_run_is_shown(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "attach", run.name)
    assert (code, err) == (0, "")
    assert "two moons: 90 training and 30 test sequences of 9 steps × 2" in out
    assert "epoch 2/2" in out


def test_its_run_is_not_resumed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "resume", run.name, "--num-epochs", "9")
    assert code == 3
    assert "moons" in err
    assert "mnist, fashion-mnist, kmnist, digits" in err


@pytest.mark.parametrize("command", [["--no-ui"], ["lr-find"], ["--detach"], ["--print-config"]])
@pytest.mark.parametrize(
    ("name", "nearest"), [("moons", "mnist"), ("digit", "digits"), ("fashion", "fashion-mnist")]
)
def test_it_cannot_be_chosen(
    command: list[str],
    name: str,
    nearest: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = said(capsys, *command, "--dataset", name)
    assert (code, out) == (2, "")
    assert f"dataset = {name} (from the command line) is not allowed" in err
    assert f"Did you mean {nearest}?" in err
    assert not (tmp_path / "runs").exists()


def test_nor_by_a_variable_or_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.toml").write_text('dataset = "moons"\n')
    code, _, err = said(capsys, "--no-ui", "--config", str(tmp_path / "run.toml"))
    assert code == 2
    assert "run.toml" in err
    monkeypatch.setenv("BILSTM_DATASET", "moons")
    code, _, err = said(capsys, "--no-ui")
    assert code == 2
    assert "BILSTM_DATASET" in err
