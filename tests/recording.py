"""Runs that nobody trains: what they tell is made up, as fast and as much as a test wants."""

import math
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from bilstm_core import events
from bilstm_core.data.sources.registry import describe
from bilstm_core.data.spec import DataSpec
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from tests.samples import run_started, small_config

STEPS_PER_EPOCH = 1000
_STEPS_PER_REPORT = 100


class Recording:
    """A live run, held by this process.

    Args:
        runs_dir: The folder of the runs.
        steps: How many there would be in all.
        spec: The data; digits where None.
    """

    def __init__(self, runs_dir: Path, steps: int, spec: DataSpec | None = None) -> None:
        config = small_config(num_epochs=math.ceil(steps / STEPS_PER_EPOCH))
        spec = spec or describe(config)
        config = config.model_copy(update={"dataset": spec.name})
        self.run, self._lock = create_run(runs_dir, config, "recorded")
        self._log = EventLog(self.run.open_folder())
        self._rng = random.Random(0)
        self._total = steps
        self.step = 0
        sizes = {"steps_per_epoch": STEPS_PER_EPOCH, "total_steps": steps}
        self._log.append(replace(run_started(config, spec), **sizes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()
        self.release()

    def release(self) -> None:
        """End its process, so to speak."""
        self._lock.release()

    def advance(self, to: int) -> None:
        """Report all steps up to one."""
        while self.step < to:
            epoch = self.step // STEPS_PER_EPOCH + 1
            end = min(to, self.step + _STEPS_PER_REPORT, epoch * STEPS_PER_EPOCH)
            losses: list[float | None] = [self._loss(step) for step in range(self.step, end)]
            self.step = end
            self._log.append(
                events.Progress(
                    **self._at(epoch), losses=losses, learning_rate=0.01, samples_per_second=5e4
                )
            )
            if end == epoch * STEPS_PER_EPOCH:
                self._end_epoch(epoch)

    def finish(self) -> None:
        """Report the remaining steps, and the end."""
        self.advance(self._total)
        epoch = math.ceil(self._total / STEPS_PER_EPOCH)
        times = {"kept_epoch": epoch, "seconds": 2.0, "training_seconds": 1.0}
        self._log.append(events.Finished(**self._at(epoch), **times))

    def _loss(self, step: int) -> float:
        return 2 * math.exp(-5 * step / self._total) + 0.1 * self._rng.random()

    def _at(self, epoch: int) -> dict[str, Any]:
        return {"epoch": epoch, "step": self.step}

    def _end_epoch(self, epoch: int) -> None:
        right = round(360 * (1 - 0.9 * math.exp(-5 * self.step / self._total)))
        scores: dict[str, Any] = {"loss": 0.1, "total": 360, "correct": right}
        scores |= {"accuracy": right / 360, **self._at(epoch)}
        self._log.append(events.EpochEnded(**scores, seconds=1))
        self._log.append(events.Evaluation(**scores, split="test", final=False))


def copies(run: Run, count: int) -> None:
    """Lay copies of a run beside it, until there are so many in all."""
    for number in range(1, count):
        shutil.copytree(run.path, run.path.with_name(f"2026-01-01_000000_copy_{number:03}"))
