"""Lanes: the numbers of one lane, whatever the layout; and threads that end."""

import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bilstm_core import events
from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import Batch
from bilstm_core.data.dataset import Dataset
from bilstm_core.errors import BilstmError, OutOfMemoryError, TrainingError
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.training.dropout import Dropout
from bilstm_core.training.evaluation import evaluate
from bilstm_core.training.lanes import Lanes, Layout, parts_of
from bilstm_core.training.step import LanedStep, Step
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.core.trainers import make_trainer
from tests.samples import small_config

LAYOUTS = (Layout(2, 1, 1), Layout(1, 2, 1), Layout(2, 2, 1), Layout(1, 3, 2))
SHAPE = (10, 5, 3)
CLASSES = 4


@pytest.fixture(autouse=True)
def _threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
    assert not lane_threads()


def lane_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name.startswith("lane")]


def network(*, has_lengths: bool = False, **settings: Any) -> SequenceClassifier:
    torch.manual_seed(0)
    steps, features = SHAPE[1:]
    return SequenceClassifier(
        num_features=features,
        num_steps=steps,
        num_classes=CLASSES,
        hidden_size=4,
        has_lengths=has_lengths,
        **settings,
    )


def batch(*, has_lengths: bool) -> Batch:
    random = torch.Generator().manual_seed(1)
    lengths = torch.randint(1, SHAPE[1] + 1, SHAPE[:1], generator=random) if has_lengths else None
    labels = torch.randint(CLASSES, SHAPE[:1], generator=random)
    return Batch(torch.randn(SHAPE, generator=random), lengths, labels)


def gradients(
    model: SequenceClassifier,
    data: Batch,
    config: RunConfig,
    layout: Layout | None,
    precision: torch.dtype = torch.float32,
    weights: Tensor | None = None,
) -> list[Tensor]:
    """The loss and every gradient of a step; in a plain step where there is no layout."""
    torch.manual_seed(2)
    if layout is None:
        step = Step(config, model, None, precision, weights)
        loss, correct = step._differentiate(data)
    else:
        lanes = Lanes(layout)
        step = LanedStep(config, model, None, precision, weights, lanes)
        loss, correct = step._differentiate(data)
        lanes.close()
    computed = [it.grad for it in model.parameters() if it.grad is not None]
    assert len(computed) == len(list(model.parameters()))
    return [loss, correct, *(it.clone() for it in computed)]


def assert_close(expected: list[Tensor], got: list[Tensor], tolerance: float = 1e-5) -> None:
    for ours, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("has_lengths", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_layout_gives_the_gradients_of_a_plain_step(
    cell: Any, readout: Any, num_layers: int, has_lengths: bool
) -> None:
    if has_lengths and READOUTS[readout].reads_every_step:
        return  # sequences of different lengths have no such readout
    data = batch(has_lengths=has_lengths)
    others = cycle((Layout(2, 1, 1), Layout(1, 2, 1), Layout(1, 3, 2)))
    for merge in ("one direction", *MERGES):
        model = network(
            cell=cell,
            readout=readout,
            num_layers=num_layers,
            has_lengths=has_lengths,
            bidirectional=merge in MERGES,
            merge=merge if merge in MERGES else "concat",
        )
        config = small_config()
        expected = gradients(model, data, config, None)
        for layout in (Layout(2, 2, 1), next(others)):
            assert_close(expected, gradients(model, data, config, layout))


@pytest.mark.parametrize("has_lengths", [False, True])
def test_dropout_class_weights_and_smoothing_are_those_of_one_lane(has_lengths: bool) -> None:
    data, weights = batch(has_lengths=has_lengths), torch.tensor([0.5, 1.0, 2.0, 0.0])
    for readout in ("last", "max"):
        model = network(num_layers=2, readout=readout, has_lengths=has_lengths)
        plain = small_config(label_smoothing=0.1)
        expected = gradients(model, data, plain, None, weights=weights)
        config = small_config(label_smoothing=0.1, dropout=0.4)
        one = gradients(model, data, config, Layout(), weights=weights)
        assert not one[0].allclose(expected[0])
        for layout in LAYOUTS:
            got = gradients(model, data, plain, layout, weights=weights)
            assert_close(expected, got)
            got = gradients(model, data, config, layout, weights=weights)
            assert_close(one, got)
            again = gradients(model, data, config, layout, weights=weights)
            assert all(a.equal(b) for a, b in zip(got, again, strict=True))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_several_steps_with_clipping_lead_to_the_weights_of_a_plain_step(optimizer: Any) -> None:
    config = small_config(clip_norm=0.1, optimizer=optimizer, learning_rate=0.05)
    data, weights = batch(has_lengths=True), []
    for layout in (None, *LAYOUTS):
        model, lanes = network(num_layers=2, has_lengths=True), Lanes(layout or Layout())
        laned = LanedStep(config, model, None, torch.float32, None, lanes)
        step = laned if layout else Step(config, model, None, torch.float32)
        for _ in range(5):
            step(data, 0.05, is_first=False)
        lanes.close()
        weights.append([it.detach().clone() for it in model.parameters()])
    for others in weights[1:]:
        assert_close(weights[0], others, 1e-3 if optimizer == "adam" else 1e-5)


def test_bfloat16_reaches_every_lane() -> None:
    data, model = batch(has_lengths=False), network(cell="gru", num_layers=2)
    expected = gradients(model, data, small_config(), None, torch.bfloat16)
    exact = gradients(model, data, small_config(), None)
    assert not expected[0].equal(exact[0])
    for layout in LAYOUTS:
        got = gradients(model, data, small_config(), layout, torch.bfloat16)
        assert_close(expected, got, 0.02)
        assert not got[0].equal(exact[0])


@pytest.mark.parametrize(
    ("rows", "parts", "expected"),
    [
        (64, 1, [64]),
        (64, 2, [32, 32]),
        (64, 3, [20, 20, 24]),
        (10, 2, [4, 6]),
        (5, 4, [4, 1]),
        (1, 8, [1]),
    ],
)
def test_parts_of_a_batch(rows: int, parts: int, expected: list[int]) -> None:
    slices = parts_of(slice(0, rows), parts)
    assert [it.stop - it.start for it in slices] == expected
    assert [row for it in slices for row in range(it.start, it.stop)] == list(range(rows))


class TestDropout:
    def test_it_zeroes_as_many_as_it_should_and_keeps_the_mean(self) -> None:
        states = torch.ones(64, 28, 64)
        for rate in (0.01, 0.3, 0.5, 0.9):
            dropped = Dropout(rate, 1, 0)(states)
            assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
            assert dropped[dropped != 0].allclose(torch.tensor(1 / (1 - rate)), rtol=1e-3)

    def test_rows_have_the_same_masks_in_any_part(self) -> None:
        states = torch.ones(10, 3, 5)
        whole = Dropout(0.5, 1, 0)
        parts = [Dropout(0.5, 1, 0), Dropout(0.5, 1, 8)]
        for _ in range(2):
            first, second = parts[0](states[:8]), parts[1](states[8:])
            assert whole(states).equal(torch.cat((first, second)))

    def test_layers_rows_and_steps_have_masks_of_their_own(self) -> None:
        states = torch.ones(8, 1000)
        of_step = Dropout(0.5, 1, 0)
        layers = torch.cat((of_step(states), of_step(states), Dropout(0.5, 2, 0)(states)))
        correlations = torch.corrcoef(layers).fill_diagonal_(0)
        assert correlations.abs().max() < 0.1


class TestThreads:
    def test_the_first_error_is_raised_when_all_have_ended(self) -> None:
        lanes, ended = Lanes(Layout(1, 3, 1)), []

        def fail(words: str) -> Callable[[], None]:
            def task() -> None:
                ended.append(words)
                raise MemoryError(words)

            return task

        for tasks in (["a", "b", "c"], ["c", "b"]):
            ended.clear()
            with pytest.raises(MemoryError, match=f"^{tasks[0]}$"):
                lanes.run([fail(words) for words in tasks])
            assert sorted(ended) == sorted(tasks)
        assert lane_threads()
        lanes.close()

    def test_a_program_that_does_not_close_them_ends(self) -> None:
        script = (
            "from bilstm_core.training.lanes import Lanes, Layout; "
            "print(Lanes(Layout(1, 2, 1)).run([int, int]))"
        )
        command = [sys.executable, "-c", script]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert result.stdout == "[0, 0]\n"

    def test_an_interrupt_in_the_first_waits_for_the_others(self) -> None:
        lanes, ended = Lanes(Layout(2, 1, 1)), []

        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            lanes.run([interrupt, lambda: ended.append(True)])
        assert ended
        lanes.close()

    def test_where_the_system_starts_no_more_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        start = threading.Thread.start

        def fail_at_the_second(thread: threading.Thread) -> None:
            if thread.name == "lane 2":
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", fail_at_the_second)
        with pytest.raises(TrainingError, match="can't start new thread") as caught:
            Lanes(Layout(1, 3, 1)).run([lambda: None] * 3)
        assert [it.settings for it in caught.value.remedies] == [{"lanes": 1}]

    @pytest.mark.parametrize("name", ["record", "differentiate"])
    def test_an_error_in_a_direction_is_raised(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = Lanes.run

        def fail_in_the_second(lanes: Lanes, tasks: Any) -> Any:
            def fail() -> None:
                raise MemoryError(name)

            is_chosen = getattr(tasks[0], "func", fail).__name__ == name
            return run(lanes, [tasks[0], fail] if is_chosen else tasks)

        monkeypatch.setattr(Lanes, "run", fail_in_the_second)
        lanes = Lanes(Layout(2, 2, 1))
        step = LanedStep(small_config(), network(), None, torch.float32, None, lanes)
        with pytest.raises(MemoryError, match=name):
            step._differentiate(batch(has_lengths=False))
        lanes.close()

    def test_each_has_its_own_number_of_threads(self) -> None:
        lanes = Lanes(Layout(1, 2, 2))
        assert lanes.run([torch.get_num_threads] * 2) == [2, 2]
        lanes.use(Layout(2, 1, 1))
        assert lanes.run([torch.get_num_threads] * 2) == [1, 1]
        lanes.close()

    def test_a_run_that_fails_in_a_lane_tells_it_once_and_leaves_none(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        differentiate = LanedStep._differentiate_part
        failed = []

        def fail_in_others(step: LanedStep, data: Batch, rows: slice, *rest: Any) -> Any:
            if rows.start:
                failed.append(rows)
                raise torch.OutOfMemoryError("DefaultCPUAllocator: can't allocate memory")
            return differentiate(step, data, rows, *rest)

        monkeypatch.setattr("psutil.cpu_count", lambda: 4)
        monkeypatch.setattr("psutil.cpu_percent", lambda *_: 0.0)
        monkeypatch.setattr(LanedStep, "_differentiate_part", fail_in_others)
        recorder = Recorder()
        config = small_config(bidirectional=False, threads=3, lanes=3)
        with pytest.raises(OutOfMemoryError):
            train(config, recorder, data_dir=tmp_path)
        assert len(failed) == 2
        assert len(recorder.of(events.Failed)) == 1
        assert not lane_threads()

    def test_a_loss_that_is_not_finite_is_told_once(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("psutil.cpu_count", lambda: 2)
        monkeypatch.setattr("psutil.cpu_percent", lambda *_: 0.0)
        recorder = Recorder()
        config = small_config(threads=2, lanes=2)
        monkeypatch.setattr(LanedStep, "_loss", lambda _, scores, *__: scores.sum() * torch.nan)
        with pytest.raises(BilstmError, match="The loss became"):
            train(config, recorder, data_dir=tmp_path)
        assert len(recorder.of(events.Failed)) == 1


def test_an_evaluation_in_lanes_is_that_of_one(digits: Dataset) -> None:
    model = make_trainer(small_config(), digits).model
    one = evaluate(model, digits, "train", torch.float32)
    for layout in LAYOUTS:
        lanes = Lanes(layout)
        score = evaluate(model, digits, "train", torch.float32, lanes=lanes)
        lanes.close()
        assert score.correct == one.correct
        assert score.loss == pytest.approx(one.loss, rel=1e-5)
    assert model.training


def test_a_run_in_lanes_repeats_bit_for_bit_and_is_that_of_one_lane(digits: Dataset) -> None:
    def losses(layout: Layout) -> list[float | None]:
        recorder = Recorder()
        trainer = make_trainer(
            small_config(dropout=0.2, num_epochs=1), digits, recorder, layout=layout
        )
        trainer.run()
        trainer.prepared.tuner.lanes.close()
        return recorder.losses

    one = losses(Layout())
    for layout in LAYOUTS[:3]:
        first = losses(layout)
        assert first == losses(layout)
        assert first == pytest.approx(one, rel=1e-3)
