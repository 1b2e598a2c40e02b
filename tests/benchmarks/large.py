"""A run of a million steps, and five hundred runs: `make bench-large`."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from textual.pilot import Pilot

from bilstm_tui.app.app import BilstmApp
from tests.e2e.terminal import Terminal, environment
from tests.recording import Recording, copies
from tests.tui.driving import FakeWorker, drive, past_runs, until

A_MILLION = 1_000_000
MANY_RUNS = 500
MARKS = (1000, 10_000, 100_000, 300_000, A_MILLION)
DRAWS, ROUNDS = 20, 3
ANSWERS = [("4", 100), ("9", 10), ("9", 1), ("\x7f", 10), ("\x7f", 100), ("\x7f", 499)] * 4
"""Keys after `y_`, and how many runs are listed then."""
MEBIBYTE = 1 << 20


def memory_at(home: Path) -> dict[str, float]:
    """Of the app in MiB, before a run, as it grows, and where it is opened when it is over."""
    figures = {}

    def measure(name: str) -> None:
        app.drain(3)
        figures[name] = psutil.Process(app.process.pid).memory_info().rss / MEBIBYTE

    with Recording(home / "runs", A_MILLION) as recording:
        words = ("--dataset", "digits", "--redraws", "10")
        with Terminal(*words, env=environment(home), columns=120, rows=36) as app:
            app.wait_for("Being trained now")
            measure("before")
            app.type("\r")
            for step in MARKS:
                recording.advance(step)
                app.wait_for(rf"\b{step:,}/1,000,000")
                measure(f"{step:,} steps")
        recording.finish()
    with Terminal(*words, env=environment(home), columns=120, rows=36) as app:
        app.wait_for("10 classes")
        app.type("r")
        app.wait_for("1 of 1, by run")
        since = time.perf_counter()
        app.type("\r")
        app.wait_for("1,000,000 steps in")
        figures["seconds to open it"] = time.perf_counter() - since
        measure("opened when it is over")
    return figures


def redraw_times(home: Path) -> dict[int, float]:
    """Processor time in ms, by the steps there are, of what the app itself draws in a redraw.

    Textual's composition of the screen, which the length of a run does not change, is not in it.
    """
    figures = {}

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = app.train_screen.view
        with Recording(home, A_MILLION) as recording:
            await app.train_screen.watch_run(recording.run)
            for step in MARKS:
                recording.advance(step)
                await until(pilot, lambda step=step: view.history.step == step)
                times = []
                for _ in range(DRAWS):
                    view._charts_drawn_at = 0.0  # the charts are due
                    since = time.process_time()
                    view._show()
                    await asyncio.sleep(0)
                    times.append(time.process_time() - since)
                figures[step] = 1000 * statistics.median(times)

    drive(FakeWorker(), home, steps, redraws_per_second=10.0)
    return figures


def runs_times(home: Path) -> tuple[list[float], list[float]]:
    """Seconds to open the screen of runs, and from a key in its filter to its answer."""
    copies(past_runs(home / "runs", 48)[0], MANY_RUNS)
    opened, answered = [], []
    for _ in range(ROUNDS):
        with Terminal("--dataset", "digits", env=environment(home), columns=120, rows=36) as app:
            app.wait_for("10 classes")
            app.drain(8)  # its spare worker has loaded PyTorch
            opened.append(answer_time(app, "r", MANY_RUNS))
            app.type("/y_")
            app.drain(2)
            answered += [answer_time(app, key, count) for key, count in ANSWERS]
    return opened, answered


def answer_time(app: Terminal, key: str, count: int) -> float:
    """Seconds from a key until so many runs are listed."""
    app.drain(0.3)
    shown = f"{count} of {MANY_RUNS}".encode()
    since = time.perf_counter()
    app.type(key)
    assert shown in app.drain(30, until=shown)
    return time.perf_counter() - since


def main() -> None:
    """Measure, and print Markdown tables."""
    with tempfile.TemporaryDirectory() as folder:
        memory = memory_at(Path(folder))
    seconds = memory.pop("seconds to open it")
    print("| memory of the app | MiB |\n| --- | --- |")
    for name, figure in memory.items():
        print(f"| {name} | {figure:.0f} |")
    print(f"\nIt is opened in {seconds:.1f} s, and takes keys meanwhile.\n")
    with tempfile.TemporaryDirectory() as folder:
        redraws = redraw_times(Path(folder))
    print("| steps | drawing figures and charts, without composing the screen, ms of processor |")
    print("| --- | --- |")
    for step, figure in redraws.items():
        print(f"| {step:,} | {figure:.0f} |")
    with tempfile.TemporaryDirectory() as folder:
        opened, answered = runs_times(Path(folder))
    print(f"\n| {MANY_RUNS} runs, s | median | worst | goal |\n| --- | --- | --- | --- |")
    for name, values, goal in (("list opens", opened, 1), ("key in its filter", answered, 0.1)):
        print(f"| {name} | {statistics.median(values):.3f} | {max(values):.3f} | {goal} |")


if __name__ == "__main__":
    main()
