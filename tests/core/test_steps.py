"""The optimiser's step: the average, the state that moves between devices, and the CUDA graph."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bilstm_core import events
from bilstm_core.config import RunConfig
from bilstm_core.datasets import load_dataset
from bilstm_core.model import SequenceClassifier
from bilstm_core.optimisation import load_optimizer, make_optimizer, update_average
from bilstm_core.paths import data_dir
from bilstm_core.steps import GraphedStep, Step
from bilstm_core.training import Trainer, train
from tests.conftest import Recorder, small_config

CPU = torch.device("cpu")
MUCH: dict[str, Any] = {
    "num_layers": 2,
    "dropout": 0.3,
    "optimizer": "adamw",
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
    "ema_decay": 0.9,
    "augment": "affine",
}


def test_the_average_is_pytorch_s_own() -> None:
    torch.manual_seed(0)
    model = nn.LSTM(3, 4)
    average = copy.deepcopy(model)
    expected = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for step in range(5):
        with torch.no_grad():
            for weights in model.parameters():
                weights.add_(torch.randn_like(weights))
        update_average(average, model, 0.9 if step else 0.0)
        expected.update_parameters(model)
    for ours, theirs in zip(average.parameters(), expected.module.parameters(), strict=True):
        assert ours.equal(theirs)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_an_optimiser_s_memory_moves_from_a_gpu_to_a_processor(optimizer: str) -> None:
    """There the learning rate is a tensor, and Adam counts its steps on the device."""
    config = small_config(optimizer=optimizer)
    model = SequenceClassifier.from_config(config)
    step = Step(config, model, None, torch.float32)
    batch = torch.rand(4, 8, 8), torch.tensor([0, 1, 2, 3])
    step(*batch, 0.01, is_first=True)
    state = copy.deepcopy(step.optimizer.state_dict())
    for group in state["param_groups"]:
        group["lr"] = torch.tensor(0.5)
        if "capturable" in group:
            group["capturable"] = True

    moved = Step(config, copy.deepcopy(model), None, torch.float32)
    load_optimizer(moved.optimizer, state)
    step(*batch, 0.02, is_first=False)
    moved(*batch, 0.02, is_first=False)
    (group,) = moved.optimizer.param_groups
    assert group["lr"] == 0.02
    assert not group.get("capturable")
    for weights, expected in zip(moved._model.parameters(), model.parameters(), strict=True):
        assert weights.equal(expected)


def test_memory_of_another_network_is_refused() -> None:
    config = small_config()
    optimizer = make_optimizer(config, SequenceClassifier.from_config(config))
    other = make_optimizer(config, nn.Linear(2, 2))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="size"):
        load_optimizer(optimizer, other.state_dict())


@pytest.mark.parametrize("settings", [{}, MUCH, {"optimizer": "sgd", "ema_decay": 0.9}])
def test_a_step_never_asks_the_device_for_a_number(settings: dict[str, Any]) -> None:
    """PyTorch's meta device has no numbers: who asks for one gets an error."""
    config = small_config(**settings)
    with torch.device("meta"):
        model = SequenceClassifier.from_config(config)
        average = SequenceClassifier.from_config(config) if config.ema_decay else None
        rows, labels = torch.rand(4, 8, 8), torch.zeros(4, dtype=torch.int64)
    step = Step(config, model, average, torch.float32)
    for is_first in (True, False):
        loss, correct = step(rows, labels, 0.01, is_first=is_first)
        assert loss.is_meta
        assert correct.is_meta
        with pytest.raises(RuntimeError, match="meta"):
            loss.item()


class Replay:
    """What a CUDA graph does, done by computing: from its own inputs to its own outputs."""

    def __init__(self, step: GraphedStep) -> None:
        self.step = step
        self.count = 0
        step._loss, step._correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)

    def replay(self) -> None:
        self.count += 1
        results = Step._take(self.step, self.step._rows, self.step._labels, is_first=False)
        self.step._loss.copy_(results[0])
        self.step._correct.copy_(results[1])


def with_graph(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Have a trainer on the processor go the way of the graph."""
    step = GraphedStep(trainer.config, trainer.model, trainer.average, torch.float32, trainer._warn)
    graph = Replay(step)
    monkeypatch.setattr(step, "_take_beside", super(GraphedStep, step)._take)
    monkeypatch.setattr(step, "_captured", lambda: graph)
    trainer.take = step
    return graph


def losses(config: RunConfig, monkeypatch: pytest.MonkeyPatch | None) -> tuple[list[Any], int]:
    torch.manual_seed(0)
    data = load_dataset("digits", data_dir(), lambda _: None)
    recorder = Recorder()
    trainer = Trainer(config, data, CPU, recorder)
    graph = with_graph(trainer, monkeypatch) if monkeypatch else None
    trainer.run()
    return recorder.losses, graph.count if graph else 0


def test_the_way_of_the_graph_leads_to_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,437 images make 22 batches of 64 and one of 29, which no graph fits."""
    config = small_config(**MUCH)
    expected, _ = losses(config, None)
    got, replays = losses(config, monkeypatch)
    assert got == expected
    assert replays == 2 * 22 - 3


def test_a_step_that_cannot_be_captured_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    config = small_config()
    expected, _ = losses(config, None)
    data = load_dataset("digits", data_dir(), lambda _: None)
    recorder = Recorder()
    torch.manual_seed(0)
    trainer = Trainer(config, data, CPU, recorder)
    with_graph(trainer, monkeypatch)
    monkeypatch.setattr(trainer.take, "_captured", refuse)
    trainer.run()
    assert recorder.losses == expected
    (warning,) = recorder.of(events.RunWarning)
    assert "not permitted when stream is capturing" in warning.message


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
class TestOnAGpu:
    """Real graphs."""

    def test_a_graph_computes_what_its_kernels_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        config = small_config(device="cuda", deterministic=True, ema_decay=0.9, clip_norm=1.0)
        graphed = run(config)
        monkeypatch.setattr("bilstm_core.training.make_step", lambda *given: Step(*given[:4]))
        assert graphed.losses == pytest.approx(run(config).losses, rel=1e-4)
        assert not graphed.of(events.RunWarning)

    def test_masks_change_from_replay_to_replay(self) -> None:
        config = small_config(device="cuda", dropout=0.5, learning_rate=1e-10, batch_size=64)
        torch.manual_seed(0)
        cuda = torch.device("cuda")
        model = SequenceClassifier.from_config(config).to(cuda)
        step = GraphedStep(config, model, None, torch.float32, pytest.fail)
        rows = torch.rand(64, 8, 8, device=cuda)
        labels = torch.arange(64, device=cuda) % 10
        found = {step(rows, labels, 1e-10, is_first=False)[0].item() for _ in range(12)}
        assert step._graph is not None
        assert len(found) == 12

    @pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
    def test_it_learns_with_each_optimiser(self, optimizer: str) -> None:
        rate = 0.2 if optimizer == "sgd" else 0.01
        recorder = run(
            small_config(device="cuda", optimizer=optimizer, learning_rate=rate, num_epochs=8)
        )
        assert not recorder.of(events.RunWarning)
        assert recorder.of(events.Evaluation)[-1].accuracy > 0.8


def run(config: RunConfig) -> Recorder:
    recorder = Recorder()
    train(config, recorder)
    return recorder


def test_tensors_of_a_graph_are_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next replay would change a loss that nobody has read yet."""
    config = small_config(batch_size=8)
    model = SequenceClassifier.from_config(config)
    step = GraphedStep(config, model, None, torch.float32, pytest.fail)
    graph = Replay(step)
    monkeypatch.setattr(step, "_take_beside", super(GraphedStep, step)._take)
    monkeypatch.setattr(step, "_captured", lambda: graph)
    given: list[Tensor] = []
    for _ in range(6):
        loss, _ = step(torch.rand(8, 8, 8), torch.arange(8), 0.05, is_first=False)
        given.append(loss)
    assert graph.count == 3
    assert len({loss.item() for loss in given}) == 6
