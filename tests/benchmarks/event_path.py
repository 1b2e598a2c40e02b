"""The path of an event: bytes that a fast run writes, the cost of following it, time to open it."""

import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch

from bilstm_core import events
from bilstm_core.files import Folder
from bilstm_core.runs.event_log import EventLog, LogReader, open_log
from bilstm_core.runs.history import History
from bilstm_core.training import meter as metering
from bilstm_tui.app.widgets.charts.reduction import reduce

from .report import table

STEPS_A_SECOND = 2000
SECONDS = 10
LONG_RUN_STEPS = 1_000_000
LOOKS_A_SECOND = 10
"""As often as the app looks for what is new."""


def measure() -> dict[str, float]:
    """Bytes a second, share of a core, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        cost = follow_while_written(path)
        size = path.stat().st_size
        long = Path(folder) / "long.jsonl"
        write_long_run(long)
        times = [seconds_to_open(long) for _ in range(5)]
        return {
            "bytes a second": size / SECONDS,
            "share of a core": cost / SECONDS,
            "seconds to open": float(np.median(times)),
            "size of the long log": long.stat().st_size,
        }


def follow_while_written(path: Path) -> float:
    """Have a meter report as many steps as a fast run takes; CPU seconds of a follower."""
    done = threading.Event()
    costs: list[float] = []

    def follow() -> None:
        reader, history = LogReader(path), History()
        began = time.thread_time()
        while not done.wait(1 / LOOKS_A_SECOND):
            for event in reader.read():
                history.add(event)
        costs.append(time.thread_time() - began)

    log = EventLog(Folder(path.parent), path.name)
    meter = metering.Meter(log.append, torch.device("cpu"))
    follower = threading.Thread(target=follow)
    follower.start()
    losses = torch.rand(STEPS_A_SECOND)
    correct = torch.tensor(60)
    began = time.perf_counter()
    for step in range(1, STEPS_A_SECOND * SECONDS + 1):
        loss = losses[step % STEPS_A_SECOND]
        meter.add(loss, correct, 64, epoch=1, step=step, rate=0.001)
        while time.perf_counter() - began < step / STEPS_A_SECOND:
            time.sleep(0.0001)
    meter.flush()
    log.close()
    done.set()
    follower.join()
    return costs[0]


def write_long_run(path: Path) -> None:
    """A finished run of many steps, as such a fast one leaves it."""
    log = EventLog(Folder(path.parent), path.name)
    losses = np.random.default_rng(0).random(LONG_RUN_STEPS).astype(np.float32)
    in_one = int(STEPS_A_SECOND * metering.REPORT_SECONDS)
    for start in range(0, LONG_RUN_STEPS, in_one):
        log.append(
            events.Progress(
                epoch=1,
                step=start + in_one,
                losses=losses[start : start + in_one].tolist(),
                learning_rate=0.001,
                samples_per_second=64.0 * STEPS_A_SECOND,
                time=1.7e9 + start / STEPS_A_SECOND,
            )
        )
    log.append(
        events.Finished(
            epoch=1, step=LONG_RUN_STEPS, kept_epoch=1, seconds=500.0, training_seconds=500.0
        )
    )
    log.close()


def seconds_to_open(path: Path) -> float:
    """From the file to the points of its curve."""
    since = time.perf_counter()
    history = History()
    for event in open_log(path)[0]:
        history.add(event)
    steps, low, high, _mean = history.losses.points()
    assert steps[-1] > LONG_RUN_STEPS - history.losses.bin_size
    reduce(steps.astype(np.float64), low, high, 200, (0.0, float(LONG_RUN_STEPS)))
    return time.perf_counter() - since


def report(measured: dict[str, float]) -> str:
    """A Markdown table."""
    return table(
        ("the path of an event", "measured", "goal"),
        [
            (
                f"growth of the log at {STEPS_A_SECOND:,} steps a second",
                f"{measured['bytes a second'] / 1000:.0f} KB/s",
                "< 100",
            ),
            ("following it", f"{measured['share of a core']:.1%} of a core", "< 2 %"),
            (
                f"opening a run of {LONG_RUN_STEPS:,} steps, "
                f"{measured['size of the long log'] / 1e6:.0f} MB",
                f"{measured['seconds to open']:.2f} s",
                "< 0.5",
            ),
        ],
    )
