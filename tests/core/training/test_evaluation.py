"""Accuracy: counted right, and no oftener than needed."""

from typing import Any

import pytest

from bilstm_core import events
from bilstm_core.data.dataset import Dataset
from bilstm_core.training import evaluation
from bilstm_core.training.evaluation import evaluate
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.samples import small_config
from tests.sessions import recorded


def test_what_was_checked_last_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []

    def counting(model: Any, data: Any, images: Any, *rest: Any) -> Any:
        checked.append(len(images))
        return evaluate(model, data, images, *rest)

    monkeypatch.setattr(evaluation, "evaluate", counting)
    recorded(small_config())
    assert checked == [360, 360, 1437]  # test after each epoch, then training; test is known


def test_the_final_count_is_right(digits: Dataset) -> None:
    recorder = Recorder()
    model = train(small_config(), recorder)
    assert model is not None
    model.eval()
    for split in ("train", "test"):
        images = getattr(digits, split)
        right = sum(
            int(model(digits.scale(pixels[None])).argmax() == label)
            for pixels, label in zip(images.pixels, images.labels, strict=True)
        )
        (event,) = [e for e in recorder.of(events.Evaluation) if e.final and e.split == split]
        assert (event.correct, event.total) == (right, len(images))
        assert event.accuracy == right / len(images)
