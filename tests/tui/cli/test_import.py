"""`bilstm-tui import`: from the notebook's file to a run, in one command or with one message."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from bilstm_core.runs.store import find_run, list_runs
from tests.tui.cli.conftest import said

Said = pytest.CaptureFixture[str]


class Notebook(nn.Module):
    def __init__(self, kind: Any = nn.LSTM, **options: Any) -> None:
        super().__init__()
        self.lstm = kind(8, 6, 2, batch_first=True, **options)
        self.fc = nn.Linear(6 * (1 + bool(options)), 10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(Notebook().state_dict(), tmp_path / "nb.pt")
    return tmp_path / "nb.pt"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def test_the_weights_become_a_run(file: Path, runs: Path, capsys: Said) -> None:
    command = ["import", str(file), "--readout", "last", "--dataset", "digits", "--name", "nb"]
    code, out, err = said(capsys, *command)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[1] == "LSTM 2×6, 790 parameters"
    assert lines[-1].startswith("Train it further: bilstm-tui resume ")
    run = find_run(runs, "nb")
    assert run.config.readout == "last"
    assert run.config.schedule == "constant"
    assert (run.config.num_epochs, run.model_file.exists()) == (1, True)
    code, out, _ = said(capsys, "runs")
    assert "imported from nb.pt" in out
    assert " 1/1 " in out
    assert said(capsys, *lines[-1].partition("bilstm-tui ")[2].split())[0] == 0


def test_what_is_unknown_is_asked_for_in_one_message(
    file: Path, runs: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = said(capsys, "import", str(file))
    assert (code, out) == (2, "")
    assert "nn.LSTM: one direction, 2 layers with 6 units, 8 features a step" in err
    for option in ("--dataset mnist", "--readout last", "--normalize auto"):
        assert option in err
    assert "--merge" not in err
    monkeypatch.setenv("BILSTM_DATASET", "digits")
    _, _, err = said(capsys, "import", str(file))
    assert "--dataset" not in err
    assert "--readout" in err
    assert list_runs(runs) == []


def test_a_merge_that_shapes_do_not_say_is_asked_for(file: Path, capsys: Said) -> None:
    network = Notebook(nn.GRU, bidirectional=True)
    network.fc = nn.Linear(6, 10)
    torch.save(network.state_dict(), file)
    command = ["import", str(file), "--readout", "last", "--dataset", "digits"]
    code, _, err = said(capsys, *command)
    assert code == 2
    assert err.count("--") == 1
    assert "--merge sum" in err
    assert said(capsys, *command, "--merge", "mean")[0] == 0


def test_a_scaling_of_images_is_taken_into_the_weights(
    file: Path, runs: Path, capsys: Said
) -> None:
    command = ["import", str(file), "--readout", "last", "--dataset", "digits"]
    for scaling in ([], ["--pixel-mean", "0.5", "--pixel-std", "0.25"]):
        assert said(capsys, *command, *scaling)[0] == 0
    plain, scaled = (load_file(run.model_file) for run in list_runs(runs))
    name = "layers.0.weight_ih_l0"
    assert torch.allclose(scaled[name], plain[name] * 4)
    assert said(capsys, *command, "--pixel-std", "0")[0] == 2


def test_a_pickled_module_is_refused_with_the_line_that_helps(file: Path, capsys: Said) -> None:
    torch.save(nn.LSTM(2, 2), file)
    code, _, err = said(capsys, "import", str(file), "--readout", "last", "--dataset", "digits")
    assert code == 2
    assert f"torch.save(model.state_dict(), '{file.with_name('nb.weights.pt')}')" in err


def test_our_own_model_can_be_imported_too(file: Path, runs: Path, capsys: Said) -> None:
    command = ["--readout", "last", "--dataset", "digits"]
    assert said(capsys, "import", str(file), *command)[0] == 0
    (run,) = list_runs(runs)
    code, out, _ = said(capsys, "import", str(run.model_file), *command)
    assert code == 0
    assert "LSTM 2×6" in out


def test_sizes_that_are_not_allowed_are_named(file: Path, runs: Path, capsys: Said) -> None:
    torch.save({f"l.{name}": it for name, it in nn.RNN(8, 4097).state_dict().items()}
               | {"fc.weight": torch.zeros(10, 4097)}, file)  # fmt: skip
    code, _, err = said(capsys, "import", str(file), "--readout", "last", "--dataset", "digits")
    assert code == 2
    assert "hidden_size = 4097" in err
    assert list_runs(runs) == []
