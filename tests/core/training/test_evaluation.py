"""Accuracy: counted right, and no oftener than needed."""

from typing import Any

import pytest

from bilstm_core import events
from bilstm_core.data.batches import in_order
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.spec import Split
from bilstm_core.training import evaluation
from bilstm_core.training.evaluation import evaluate
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.samples import small_config
from tests.sessions import recorded


def test_what_was_checked_last_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated = []

    def counting(model: Any, data: Dataset, split: Split, *rest: Any) -> Any:
        evaluated.append(split)
        return evaluate(model, data, split, *rest)

    monkeypatch.setattr(evaluation, "evaluate", counting)
    recorded(small_config())
    assert evaluated == ["test", "test", "train"]  # after each epoch, then training; test is known


def test_the_final_count_is_right(digits: Dataset) -> None:
    recorder = Recorder()
    result = train(small_config(), recorder)
    assert result.model is not None
    network = result.model.network
    splits: tuple[Split, ...] = ("train", "test")
    for split in splits:
        sequences = digits.split(split)
        correct = sum(
            int(network(batch.inputs).argmax() == batch.labels)
            for batch in in_order(sequences, digits.spec, batch_size=1)
        )
        (event,) = [e for e in recorder.of(events.Evaluation) if e.final and e.split == split]
        assert result.evaluations[split] == event
        assert (event.correct, event.total) == (correct, len(sequences))
        assert event.accuracy == result.accuracy[split] == correct / len(sequences)
