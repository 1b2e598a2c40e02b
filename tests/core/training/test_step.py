"""The optimiser's step: the average, the state that moves between devices, and the CUDA graph."""

from typing import Any

import pytest
import torch
from torch import Tensor

from bilstm_core.data.batches import Batch, make_batch
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources.registry import describe
from bilstm_core.errors import TrainingError
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.training.lanes import Lanes, Layout
from bilstm_core.training.step import GraphedStep, LanedStep, Step, make_step
from bilstm_core.training.trainer import Trainer
from tests.conftest import Recorder
from tests.core.trainers import make_trainer
from tests.samples import small_config

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


@pytest.mark.parametrize("settings", [{}, MUCH, {"optimizer": "sgd", "ema_decay": 0.9}])
def test_a_step_never_asks_the_device_for_a_number(settings: dict[str, Any]) -> None:
    """PyTorch's meta device has no numbers: who asks for one gets an error."""
    config = small_config(**settings)
    with torch.device("meta"):
        model = SequenceClassifier.from_config(config, describe(config))
        average = (
            SequenceClassifier.from_config(config, describe(config)) if config.ema_decay else None
        )
        batch = Batch(torch.rand(4, 8, 8), None, torch.zeros(4, dtype=torch.int64))
    step = Step(config, model, average, torch.float32)
    for is_first in (True, False):
        loss, correct = step(batch, 0.01, is_first=is_first)
        assert loss.is_meta
        assert correct.is_meta
        assert step.gradient_norm().is_meta
        with pytest.raises(RuntimeError, match="meta"):
            loss.item()


@pytest.mark.parametrize("clip_norm", [0.0, 1e-3])
@pytest.mark.parametrize("layout", [Layout(), Layout(2, 2)])
def test_the_gradient_norm_is_that_before_clipping(
    clip_norm: float, layout: Layout, digits: Dataset
) -> None:
    config = small_config(clip_norm=clip_norm)
    batch = make_batch(digits.train[:64], digits.spec)
    trainer = make_trainer(config, digits, layout=layout)
    model = trainer.model
    scores = model(batch.inputs, batch.lengths)
    torch.nn.functional.cross_entropy(scores, batch.labels).backward()
    gradients = [it.grad.flatten() for it in model.parameters() if it.grad is not None]
    expected = torch.cat(gradients).norm().item()
    model.zero_grad()
    trainer.step_function(batch, 0.01, is_first=True)
    assert trainer.step_function.gradient_norm().item() == pytest.approx(expected, rel=1e-4)


class Graph:
    """Stands for a CUDA graph: computes from its own inputs to its own outputs."""

    def __init__(self, step: GraphedStep) -> None:
        self.step = step
        self.count = 0

    def capture(self, batch: Batch) -> Any:
        own = Batch(batch.inputs.clone(), None, batch.labels.clone())
        outputs = torch.zeros(()), torch.zeros((), dtype=torch.int64)

        def replay(batch: Batch) -> tuple[Tensor, Tensor]:
            self.count += 1
            own.inputs.copy_(batch.inputs)
            own.labels.copy_(batch.labels)
            results = Step._run(self.step, own, is_first=False)
            for output, result in zip(outputs, results, strict=True):
                output.copy_(result)
            return outputs[0].clone(), outputs[1].clone()

        return replay


def graphed(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> tuple[GraphedStep, Graph]:
    """Have a trainer on the processor go the way of the graph."""
    step = GraphedStep(trainer.config, trainer.model, trainer.average, torch.float32)
    graph = Graph(step)
    monkeypatch.setattr(step, "_warm_up", super(GraphedStep, step)._run)
    monkeypatch.setattr(step, "_capture", graph.capture)
    trainer.step_function = step
    return step, graph


def test_the_way_of_the_graph_leads_to_the_same_numbers(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,437 images make 22 batches of 64 and one of 29, which no graph fits."""
    config = small_config(**MUCH)
    expected, got = Recorder(), Recorder()
    plain, trainer = make_trainer(config, digits, expected), make_trainer(config, digits, got)
    plain.step_function = Step(config, plain.model, plain.average, torch.float32)
    torch.manual_seed(0)
    plain.run()
    torch.manual_seed(0)
    _, graph = graphed(trainer, monkeypatch)
    trainer.run()
    assert got.losses == expected.losses
    assert graph.count == 2 * 22 - 3


class Refusal:
    """Stands for PyTorch's `graph`: what ends a capture tells of the first error, less clearly."""

    def __init__(self, *_: object, **__: object) -> None:
        self.is_entered = False

    def __enter__(self) -> None:
        self.is_entered = True

    def __exit__(self, *_: object) -> None:
        raise RuntimeError("operation failed due to a previous error during capture")


def test_a_step_that_cannot_be_captured_ends_the_run_in_words(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: object, **__: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    step, _ = graphed(make_trainer(small_config(), digits), monkeypatch)
    monkeypatch.setattr(step, "_capture", GraphedStep._capture.__get__(step))
    monkeypatch.setitem(step.__dict__, "_side_stream", None)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "graph", Refusal)
    monkeypatch.setattr(Step, "_run", ask)
    batch = Batch(torch.rand(64, 8, 8), None, torch.zeros(64, dtype=torch.int64))
    with pytest.raises(TrainingError, match=r"not permitted when stream is capturing$") as caught:
        step._capture(batch)
    assert [it.settings for it in caught.value.remedies] == [{"cuda_graph": False}]


def test_graphs_are_for_nvidia_s_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    class OnADevice:
        device = torch.device("cuda")

    spec = describe(small_config())
    model = SequenceClassifier.from_config(small_config(), spec)
    monkeypatch.setattr("bilstm_core.training.step.make_optimizer", lambda *_: None)
    monkeypatch.setattr(model, "parameters", lambda: iter([OnADevice()]))

    def kind(cuda: str | None = "13.0", **settings: Any) -> type[Step]:
        monkeypatch.setattr(torch.version, "cuda", cuda)
        config = small_config(**settings)
        return type(make_step(config, model, None, torch.float32, spec, Lanes(Layout())))

    assert kind() is GraphedStep
    assert kind(cuda_graph=False) is Step
    assert kind(cuda=None) is Step
    monkeypatch.setattr(OnADevice, "device", torch.device("mps"))
    assert kind() is Step
    monkeypatch.setattr(OnADevice, "device", torch.device("cpu"))
    assert kind() is LanedStep


def test_tensors_of_a_graph_are_not_handed_out(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next replay would change a loss that nobody has read yet."""
    step, graph = graphed(make_trainer(small_config(batch_size=8), digits), monkeypatch)
    given: list[Tensor] = []
    for _ in range(6):
        batch = Batch(torch.rand(8, 8, 8), None, torch.arange(8))
        loss, _ = step(batch, 0.05, is_first=False)
        given.append(loss)
    assert graph.count == 3
    assert len({loss.item() for loss in given}) == 6
