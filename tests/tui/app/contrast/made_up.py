"""Runs, networks and explanations that show everything that a screen can show."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bilstm_core import events
from bilstm_core.data.example import Example
from bilstm_core.inference.explanation import Explanation, Prediction, States
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.store import create_run
from tests.samples import small_config
from tests.tui.driving import story
from tests.tui.inspectors import ManyMistakes

CLASSES = 10
RUNS = ("finished", "stopped", "failed", "lost", "running")


def told(status: str) -> list[events.Event]:
    """What a run reports that ended so: curves, classes, examples, a changed rate, a warning."""
    started, progress, *middle = story(small_config(seed=1, learning_rate=0.02))
    assert isinstance(started, events.RunStarted)
    sizes = {**started.data.class_sizes, "test": (36,) * CLASSES}
    started = replace(started, data=replace(started.data, class_sizes=sizes))
    example = Example(index=0, label=1, rows=2, columns=2, values="AED/gA==")
    right = tuple(range(10, 30, 2))
    scores: dict[str, Any] = {"epoch": 1, "step": 40, "loss": 0.1, "total": 360, "correct": 300}
    scores |= {"accuracy": 300 / 360, "split": "test", "final": False}
    tail: dict[str, list[events.Event]] = {
        "stopped": [events.Stopped(epoch=1, step=40)],
        "failed": [
            events.Failed(title="Out of memory", message="No room.", advice="a", exit_code=1)
        ],
    }
    ended = middle[2:] if status == "finished" else tail.get(status, [])
    return [
        started,
        events.Examples(split="test", examples=(example, replace(example, index=1, label=2))),
        events.Predictions(epoch=1, step=0, predictions=(((3, 0.5), (1, 0.2)), ((2, 0.9),))),
        progress,
        events.RunWarning(message="a warning"),
        events.LearningRateChanged(epoch=1, step=20, learning_rate=0.005),
        middle[0],
        events.Evaluation(**scores, class_correct=right),
        events.Evaluation(**scores, class_correct=right[::-1]),
        events.Predictions(epoch=1, step=40, predictions=(((3, 0.5), (1, 0.2)), ((2, 0.9),))),
        *ended,
    ]


def make_runs(folder: Path) -> RunLock:
    """A run of each status; the last one is trained until its lock is released."""
    for size, status in zip((8, 16, 24, 32, 48), RUNS, strict=True):
        run, lock = create_run(folder, small_config(hidden_size=size, learning_rate=0.02), status)
        log = EventLog(run.open_folder())
        for event in told(status):
            log.append(event)
        log.close()
        if status == "running":
            return lock
        lock.release()
    raise AssertionError


def explanation() -> Explanation:
    """Two directions over eight rows, merged by concatenation."""
    pieces = range(8)
    states = States(
        units=[0, 1],
        values=[[16 * at for at in pieces], [-16 * at for at in pieces]],
        scale=1.0,
        peaks=[7, 0],
        shares=[at / 28 for at in pieces],
        read=[112, 0],
    )
    prediction = Prediction(classes=[1, 0], probabilities=[0.6, 0.3], of_actual=0.3)
    return Explanation(
        config=small_config(),
        weights="new",
        data="digits",
        kind="images",
        has_lengths=False,
        index=0,
        count=360,
        classes=["7", "3"],
        num_classes=10,
        actual=0,
        num_steps=8,
        ends=[at + 1 for at in pieces],
        num_features=8,
        inputs=[[32 * at for at in pieces] for _ in pieces],
        forward=states,
        backward=states,
        forward_alone=[prediction] * 8,
        backward_alone=[prediction] * 8,
        together=[prediction] * 8,
        prediction=prediction,
    )


async def explain(*_: object) -> Explanation:
    return explanation()


class ImageInspector(ManyMistakes):
    """Explains, besides."""

    explain = staticmethod(explain)  # pyright: ignore[reportAssignmentType]
