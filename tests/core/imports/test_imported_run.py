"""A network that a plain PyTorch loop trained becomes a run like any other."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Subset

from bilstm_core.config.presets import PRESETS
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources import registry
from bilstm_core.errors import WeightsError
from bilstm_core.imports.architecture import Architecture, read_architecture
from bilstm_core.imports.imported_run import import_run, require_known
from bilstm_core.imports.weights_file import read_weights
from bilstm_core.inference.examine import examine
from bilstm_core.inference.predict import predict
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import load
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.notes import read_notes
from bilstm_core.runs.run import Run
from bilstm_core.training.checkpoints import load_checkpoint
from bilstm_core.training.evaluation import evaluate
from tests.notebook import NotebookTraining, mnist
from tests.sessions import history, resume

HIDDEN = 24
COUNT = 1000
"""Of MNIST's test images: all of them take a minute."""


class Network(nn.Module):
    """As in the notebook: all hidden states or the last one feed the classifier."""

    def __init__(self, *, all_states: bool, bidirectional: bool, kind: Callable[..., Any]) -> None:
        super().__init__()
        self.all_states = all_states
        self.lstm = kind(8, HIDDEN, 2, batch_first=True, bidirectional=bidirectional)
        size = HIDDEN * (2 if bidirectional else 1)
        self.fc = nn.Linear(size * (8 if all_states else 1), 10)

    def forward(self, images: Tensor) -> Tensor:
        out, _ = self.lstm(images)
        out = out.reshape(out.shape[0], -1) if self.all_states else out[:, -1, :]
        return self.fc(out)


def images_of(digits: Dataset) -> tuple[Tensor, Tensor]:
    """As torchvision's ToTensor has them: from 0 to 1."""
    return digits.test.values / 16, digits.test.labels


def trained(digits: Dataset, **kind: Any) -> Network:
    torch.manual_seed(0)
    network = Network(**kind)
    images, labels = digits.train.values / 16, digits.train.labels
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(3):
        for batch in torch.randperm(len(images)).split(64):
            loss = functional.cross_entropy(network(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


def configured(architecture: Architecture, **settings: Any) -> RunConfig:
    values = {**PRESETS["notebook"].values, "dataset": "digits", "device": "cpu", "num_epochs": 1}
    return RunConfig.model_validate({**values, **settings, **architecture.settings()})


@pytest.mark.parametrize(
    ("kind", "all_states", "bidirectional"),
    [(nn.LSTM, False, False), (nn.LSTM, True, True), (nn.GRU, True, False), (nn.GRU, False, True)],
)
def test_the_count_of_correct_test_images_is_the_same(
    kind: Any, all_states: bool, bidirectional: bool, digits: Dataset, tmp_path: Path
) -> None:
    network = trained(digits, all_states=all_states, bidirectional=bidirectional, kind=kind)
    images, labels = images_of(digits)
    with torch.no_grad():
        correct = int((network(images).argmax(dim=1) == labels).sum())
    assert correct > 180
    torch.save(network.state_dict(), tmp_path / "notebook.pt")
    architecture = read_architecture(read_weights(tmp_path / "notebook.pt"))
    config = configured(architecture, readout="all" if all_states else "last")
    run = import_run(architecture, config, tmp_path / "runs", None, None, "notebook.pt")
    assert resume(run) == 0
    final = history(run).final["test"]
    assert (final.correct, final.total) == (correct, len(labels))


def unpacked(data_dir: Path, folder: Path) -> Path:
    """A data folder in which torchvision itself finds MNIST."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (data_dir / "MNIST" / "raw").iterdir():
        is_packed = file.suffix == ".gz"
        content = gzip.decompress(file.read_bytes()) if is_packed else file.read_bytes()
        (raw / file.name.removesuffix(".gz")).write_bytes(content)
    return folder


def test_the_notebook_as_written_counts_the_same_on_real_mnist(
    mnist_dir: Path, tmp_path: Path, two_threads: None
) -> None:
    torch.manual_seed(0)
    folder = unpacked(mnist_dir, tmp_path / "data")
    training = NotebookTraining(mnist(folder))
    for _ in islice(training.steps(), 24):
        pass
    correct = training.correct(Subset(mnist(folder, train=False), range(COUNT)))
    assert correct > COUNT / 5
    torch.save(training.model.state_dict(), tmp_path / "notebook.pt")
    architecture = read_architecture(read_weights(tmp_path / "notebook.pt"))
    config = configured(architecture, dataset="mnist", readout="last")
    run = import_run(architecture, config, tmp_path / "runs", None, mnist_dir, "notebook.pt")
    state = load_checkpoint(run.checkpoint_file)
    network = SequenceClassifier.from_config(config, state.data)
    network.load_state_dict(state.group("model"))
    data = registry.load(config, mnist_dir)
    data = replace(data, test=data.test[:COUNT])
    score = evaluate(network, data, "test", torch.float32)
    assert (score.correct, score.total) == (correct, COUNT)


@pytest.fixture(scope="module")
def architecture(digits: Dataset) -> Architecture:
    network = trained(digits, all_states=False, bidirectional=False, kind=nn.LSTM)
    return read_architecture(network.state_dict())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "sgd", "learning_rate": 0.01},
        {"ema_decay": 0.9, "validation_fraction": 0.1, "patience": 3},
        {"num_epochs": 4, "schedule": "one-cycle"},
    ],
)
def test_the_run_is_examined_used_and_trained_further(
    settings: dict[str, Any], architecture: Architecture, digits: Dataset, tmp_path: Path
) -> None:
    config = configured(architecture, readout="last", **settings)
    run = import_run(architecture, config, tmp_path, "mine", None, "notebook.pt")
    assert resume(run) == 0
    assert "_mine_" in run.name
    assert read_notes(run).note == "imported from notebook.pt"
    model = load(run.model_file)
    report = examine(model, tmp_path)
    before = history(run).final["test"]
    assert sum(score.correct for score in report.scores) == before.correct
    images, _ = images_of(digits)
    found = predict(model, (images[:3] * 16).numpy())
    with torch.no_grad():
        expected = model.network(images[:3]).softmax(dim=1)
    assert [[*it.probabilities.values()] for it in found] == [
        pytest.approx(row) for row in expected.tolist()
    ]
    epochs = config.num_epochs + 2
    assert resume(Run(run.path), num_epochs=str(epochs)) == 0
    after = history(run)
    assert [*after.epochs] == [epochs - 1, epochs]
    assert after.final["test"].loss < before.loss
    (first, *_) = open_log(run.log_file)[0]
    assert "imported from notebook.pt" in getattr(first, "message", "")


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ({}, {"dataset", "readout", "merge", "normalize"}),
        ({"readout", "merge"}, {"dataset", "normalize"}),
        ({"dataset", "readout", "merge", "normalize"}, set()),
    ],
)
def test_all_that_is_unknown_is_asked_for_in_one_message(chosen: set[str], asked: set[str]) -> None:
    network = nn.ModuleDict({"a": nn.GRU(8, 4, bidirectional=True), "b": nn.Linear(4, 10)})
    architecture = read_architecture(network.state_dict())
    if not asked:
        require_known(architecture, chosen, None)
        return
    with pytest.raises(WeightsError) as raised:
        require_known(architecture, chosen, None)
    remedies = raised.value.remedies
    assert {name for it in remedies for name in it.settings} == asked
    assert "nn.GRU: two directions, 1 layer with 4 units, 8 features a step" in raised.value.message


def test_images_and_a_concatenation_leave_only_the_readout(digits: Dataset) -> None:
    network = nn.ModuleDict({"a": nn.LSTM(8, 4, bidirectional=True), "b": nn.Linear(64, 10)})
    architecture = read_architecture(network.state_dict())
    with pytest.raises(WeightsError) as raised:
        require_known(architecture, {"dataset"}, digits.spec)
    assert [it.settings for it in raised.value.remedies] == [{"readout": "all"}]


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        ({"readout": "all"}, ["Its classifier reads 24 numbers", "it would be 192"]),
        (
            {"readout": "last", "dataset": "japanese-vowels", "normalize": "none"},
            ["those of Japanese Vowels have 12", "Japanese Vowels has 9"],
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_no_run_is_left(
    settings: dict[str, Any], messages: list[str], architecture: Architecture, tmp_path: Path
) -> None:
    config = configured(architecture, **settings)
    with pytest.raises(WeightsError) as raised:
        import_run(architecture, config, tmp_path / "runs", None, None, "x.pt")
    for message in messages:
        assert message in raised.value.message
    advises = "Readouts that fit: last" in raised.value.advice
    assert advises == ("Its classifier reads" in raised.value.message)
    assert not (tmp_path / "runs").exists()


def test_a_run_that_cannot_be_written_is_not_left(
    architecture: Architecture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from bilstm_core.errors import OutputError
    from bilstm_core.training.checkpoints import Checkpoints

    monkeypatch.setattr(Checkpoints, "save", lambda *_: "The disk is full.")
    config = configured(architecture, readout="last")
    with pytest.raises(OutputError, match="The disk is full"):
        import_run(architecture, config, tmp_path / "runs", None, None, "x.pt")
    assert [*(tmp_path / "runs").glob("*")] == []
