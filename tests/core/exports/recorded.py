"""A log with a part that was trained twice, and a loss that was not finite."""

from pathlib import Path
from typing import Any

from bilstm_core import events
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from tests.samples import run_started, small_config


class Recorded:
    """A live run of two epochs of three steps; its process loses the second epoch once."""

    def __init__(self, runs_dir: Path) -> None:
        self.config = small_config()
        run, lock = create_run(runs_dir, self.config)
        self.run: Run = run
        self.lock: RunLock = lock
        self._log = EventLog(run.open_folder())
        self._time = 1e9

    def tell(self, kind: type[Any], **fields: Any) -> None:
        self._time += 1
        self._log.append(kind(**{**fields, "time": self._time}))

    def start(self, epoch: int, step: int) -> None:
        fields = vars(run_started(self.config))
        self.tell(events.RunStarted, **{**fields, "epoch": epoch, "step": step})

    def train(self, epoch: int, losses: list[float | None]) -> None:
        at = {"epoch": epoch, "step": 3 * epoch}
        self.tell(
            events.Progress,
            **at,
            losses=losses,
            learning_rate=0.1 / epoch,
            samples_per_second=50,
            gradient_norm=2.0 * epoch,
        )
        scores = {"loss": 1 / epoch, "correct": 6, "total": 12, "accuracy": 0.5}
        self.tell(events.EpochEnded, **at, **scores, seconds=2.5)
        scores |= {"loss": 2 / epoch, "balanced_accuracy": 0.25, "macro_f1": 0.75}
        self.tell(events.Evaluation, **at, **scores, split="test", final=False)

    def finish(self) -> None:
        at = {"epoch": 2, "step": 6}
        scores = {"loss": 0.25, "correct": 9, "total": 12, "accuracy": 0.75}
        for split in ("train", "test"):
            self.tell(events.Evaluation, **at, **scores, split=split, final=True)
        self.tell(events.Finished, **at, kept_epoch=2, seconds=9, training_seconds=8)
        self._log.close()
        self.lock.release()

    def tell_all(self) -> None:
        self.start(1, 0)
        self.train(1, [3.0, None, 2.0])
        self.train(2, [9.0, 9.0, 9.0])  # lost: it is trained again
        self.start(2, 3)
        self.train(2, [1.5, 1.25, 1.0])
        self.finish()
