"""The speed of the hand: `make bench-app`.

The installed app in a real terminal of 120×36, on digits: how long to the first paint, from
pressing Train to the first point of the curve, from a key to its answer while a run trains at
full speed, and what a run under the app loses of the speed that it has without one.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bilstm_core import events
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.store import list_runs
from tests.e2e.terminal import COMMAND, Terminal, environment

NETWORK = b"10 classes"
VIEWS = (b" Directions", NETWORK, b"1,437 training and", b"training loss by step")
"""What is on each tab, after that of the run: of the explanation, a key in the footer."""
WINDOW_SECONDS, SETTLING_SECONDS = 4.0, 0.6
BRAILLE = "[\u2801-\u28ff]"
SETTINGS = ("--dataset", "digits", "--hidden-size", "128", "--precision", "float32")


def opened(home: Path, *arguments: str) -> Terminal:
    return Terminal(*SETTINGS, *arguments, env=environment(home), columns=120, rows=36)


def first_paint(home: Path) -> float:
    """Seconds from the command to a screen with the sketch of the network on it."""
    since = time.perf_counter()
    with opened(home) as app:
        assert NETWORK in app.drain(60, until=NETWORK)
        return time.perf_counter() - since


def first_point(home: Path) -> float:
    """Seconds from Train to a point of the curve, the worker having loaded PyTorch."""
    with opened(home, "--num-epochs", "30") as app:
        app.wait_for("10 classes")
        wait_until_idle(app)
        since = time.perf_counter()
        app.type("t")
        app.wait_for(BRAILLE)
        seconds = time.perf_counter() - since
        app.wait_for("finished")
        return seconds


def key_answers(home: Path, count: int) -> list[float]:
    """Seconds from a key to what it shows, while a run trains."""
    with opened(home, "--num-epochs", "100000") as app:
        app.wait_for("10 classes")
        app.type("t")
        app.wait_for(BRAILLE)
        answers = []
        app.type("v")  # the first explanation has to be computed by a process that starts
        app.wait_for("forward")
        for shown in VIEWS[1:]:
            app.type("v")
            assert shown in app.drain(10, until=shown)
        app.drain(1)
        for shown in VIEWS * (count // 2):
            since = time.perf_counter()
            app.type("v")
            assert shown in app.drain(10, until=shown)
            answers.append(time.perf_counter() - since)
        stop(home)
    return answers


def speed_ratios(home: Path, count: int) -> list[float]:
    """Speed of a run under the app, relative to that without, several times.

    Of two runs one may be a fifth faster for no reason but where its threads are; so it is one
    run, and the app is stopped and continued in turn.
    """
    with opened(home, "--num-epochs", "100000") as app:
        app.wait_for("10 classes")
        wait_until_idle(app)
        app.type("t")
        app.wait_for(BRAILLE)
        run = list_runs(home / "runs")[-1]
        windows = []
        for _ in range(2 * count + 1):  # the first one warms up
            os.kill(app.process.pid, signal.SIGSTOP)
            windows.append(window(app))
            os.kill(app.process.pid, signal.SIGCONT)
            windows.append(window(app))
        stop(home)
        wait_until(lambda: not run.is_live)
    reported = [event for event in open_log(run.log_file)[0] if isinstance(event, events.Progress)]
    speeds = [speed_within(reported, *ends) for ends in windows[2:]]
    pairs = zip(speeds[::2], speeds[1::2], strict=True)
    return [with_it / without for without, with_it in pairs]


def window(app: Terminal) -> tuple[float, float]:
    """Read the app's screen for some seconds; when they began and ended, a little left out."""
    start = time.time()
    app.drain(WINDOW_SECONDS)
    return start + SETTLING_SECONDS, start + WINDOW_SECONDS


def speed_within(reported: list[events.Progress], start: float, end: float) -> float:
    """Steps a second."""
    inside = [event for event in reported if start <= event.time <= end]
    return (inside[-1].step - inside[0].step) / (inside[-1].time - inside[0].time)


def stop(home: Path) -> None:
    subprocess.run(
        [COMMAND, "stop", "latest", "--at-once"],
        env=environment(home),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def wait_until_idle(app: Terminal) -> None:
    """Until the spare worker has loaded PyTorch and waits for an order."""

    def is_warm() -> bool:
        children = psutil.Process(app.process.pid).children()
        return any(
            child.memory_info().rss > 200e6 and child.cpu_percent(0.3) < 5 for child in children
        )

    app.wait_for(is_warm)


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description="The speed of the hand.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keys", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        first_paint(home)  # byte code is written
        paints = [first_paint(home) for _ in range(arguments.rounds)]
        points = [first_point(home) for _ in range(arguments.rounds)]
        answers = sorted(key_answers(home, arguments.keys))
        ratios = speed_ratios(home, arguments.rounds)
    print(f"{psutil.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    print("| what | median | worst | goal |")
    print("| --- | --- | --- | --- |")
    for what, values, goal in (
        ("first paint, s", paints, "0.7"),
        ("Train to first point, warm, s", points, "0.5"),
        ("key to its answer while training, s", answers, "0.05 (95 %)"),
    ):
        print(f"| {what} | {statistics.median(values):.3f} | {max(values):.3f} | {goal} |")
    worst_of_most = answers[int(0.95 * len(answers))]
    print(f"| the same, 95 % of {len(answers)} keys | {worst_of_most:.3f} | | 0.05 |")
    print(
        f"| speed under the app / without | {statistics.median(ratios):.3f} | {min(ratios):.3f} "
        "| 0.97 |"
    )


if __name__ == "__main__":
    main()
