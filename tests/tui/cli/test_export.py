"""`bilstm-tui export` and `runs --csv`: what is written where, and with which exit code."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from bilstm_core.config.settings import SETTINGS
from bilstm_core.exports.formats import FORMATS, FormatName, paths_of
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from tests.samples import small_config
from tests.sessions import start
from tests.tui.cli.conftest import said

Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return start(tmp_path_factory.mktemp("runs"), small_config(num_epochs=1, readout="all"))


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize("name", FORMATS)
def test_files_are_named_like_the_run_and_never_replaced_unasked(
    name: FormatName, run: Run, capsys: Said
) -> None:
    expected = {
        "onnx": [f"{run.name}.onnx"],
        "script": [f"{run.name}.py", f"{run.name}.safetensors"],
        "tensorboard": [f"tensorboard/{run.name}"],
        "csv": [f"{run.name}.epochs.csv", f"{run.name}.steps.csv"],
    }
    code, out, err = said(capsys, "export", str(run.path), "--to", name)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[: len(expected[name])] == [f"Wrote {path}" for path in expected[name]]
    assert all(Path(path).exists() for path in expected[name])
    before = contents()
    code, out, err = said(capsys, "export", str(run.path), "--to", name)
    assert (code, out) == (2, "")
    assert "--force" in err
    assert contents() == before
    assert said(capsys, "export", str(run.path), "--to", name, "--force")[0] == 0
    assert {path.parent for path in contents()} == {path.parent for path in before}


def contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_the_difference_and_the_fixed_steps_are_printed(run: Run, capsys: Said) -> None:
    _, out, _ = said(capsys, "export", str(run.path), "--to", "onnx", "-o", "net.onnx")
    wrote, difference, steps = out.splitlines()
    assert wrote == "Wrote net.onnx"
    assert difference.startswith("Largest difference from PyTorch in ONNX Runtime: ")
    assert float(difference.split()[7]) < 1e-4
    assert difference.endswith("(batches of 1 and 3, 8 rows)")
    assert steps.startswith("It reads 8 rows, no more and no fewer")
    session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
    scores, _ = session.run(None, {"values": np.zeros((2, 8, 8), np.float32)})
    assert np.asarray(scores).shape == (2, 10)


@pytest.mark.parametrize(
    ("name", "output", "expected"),
    [
        ("onnx", "a", ["a.onnx"]),
        ("onnx", "a.onnx", ["a.onnx"]),
        ("script", "a.b", ["a.b.py", "a.b.safetensors"]),
        ("script", "a.py", ["a.py", "a.safetensors"]),
        ("csv", "a.csv", ["a.epochs.csv", "a.steps.csv"]),
        ("csv", "a.epochs.csv", ["a.epochs.csv", "a.steps.csv"]),
        ("tensorboard", "a.b", ["a.b"]),
    ],
)
def test_an_ending_that_is_typed_is_not_added_again(
    name: FormatName, output: str, expected: list[str]
) -> None:
    found = paths_of(Run(Path("r")), name, Path(output))
    assert [str(path) for path in found] == expected


def test_a_folder_that_exists_gets_files_named_like_the_run(tmp_path: Path) -> None:
    found = paths_of(Run(Path("r")), "script", tmp_path)
    assert found == (tmp_path / "r.py", tmp_path / "r.safetensors")


def test_a_run_without_a_model_has_curves_only(capsys: Said, tmp_path: Path) -> None:
    run, lock = create_run(tmp_path, small_config())
    lock.release()
    code, _, err = said(capsys, "export", str(run.path), "--to", "script")
    assert code == 1
    assert "model.safetensors is missing" in err
    assert said(capsys, "export", str(run.path), "--to", "csv")[0] == 0
    assert contents().keys() == {*paths_of(run, "csv")}


@pytest.mark.parametrize(
    ("name", "extra", "library"),
    [("onnx", "onnx", "onnxruntime"), ("tensorboard", "tensorboard", "tensorboardX")],
)
def test_a_missing_library_is_named_with_its_command(
    name: str, extra: str, library: str, run: Run, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    code, _, err = said(capsys, "export", str(run.path), "--to", name)
    assert code == 4
    assert f"{library} is not installed" in err
    assert f"-m pip install 'bilstm-tui[{extra}]'" in err
    assert contents() == {}


def test_a_folder_that_cannot_be_written_to(run: Run, capsys: Said) -> None:
    code, _, err = said(capsys, "export", str(run.path), "--to", "csv", "-o", "missing/a")
    assert code == 5
    assert "there is no folder missing" in err
    code, _, err = said(capsys, "export", str(run.path), "--to", "csv", "-o", "a" * 300)
    assert code == 5
    assert "File name too long" in err
    Path("a.onnx").mkdir()
    code, _, err = said(capsys, "export", str(run.path), "--to", "onnx", "-o", "a", "--force")
    assert (code, "is a folder" in err) == (2, True)


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(run: Run, capsys: Said) -> None:
    other = Path("other")
    other.write_text("mine")
    Path(f"{run.name}.py").symlink_to(other)
    assert said(capsys, "export", str(run.path), "--to", "script")[0] == 2
    assert said(capsys, "export", str(run.path), "--to", "script", "--force")[0] == 0
    assert other.read_text() == "mine"


def test_only_curves_are_followed(run: Run, capsys: Said) -> None:
    code, _, err = said(capsys, "export", str(run.path), "--to", "csv", "--follow")
    assert code == 2
    assert "Only the curves of TensorBoard" in err
    code, out, _ = said(capsys, "export", str(run.path), "--to", "tensorboard", "--follow")
    assert code == 0
    assert out.splitlines()[0] == f"Writing tensorboard/{run.name} until the run ends"


def test_runs_as_csv(run: Run, capsys: Said) -> None:
    folder = str(run.path.parent)
    code, out, _ = said(capsys, "runs", "--csv", "--runs-dir", folder)
    (row,) = csv.DictReader(io.StringIO(out))
    assert code == 0
    assert (row["run"], row["readout"]) == (run.name, "all")
    summary = json.loads(run.summary_file.read_text())
    assert row["test_accuracy"] == str(summary["accuracy"]["test"]["accuracy"])
    assert {*SETTINGS} <= row.keys()
    code, _, err = said(capsys, "runs", "--csv", "--json", "--runs-dir", folder)
    assert (code, "exclude each other" in err) == (2, True)
