"""The speed of the hand: `make bench-app`.

The installed app in a real terminal of 120×36, on digits: how long to the first paint, from
pressing Train to the first point of the curve, from a key to its answer while a run trains at
full speed, and what a run under the app loses of the speed that it has without one.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bilstm_core import events
from bilstm_core.log import open_log
from bilstm_core.runs import Run, list_runs
from tests.e2e.terminal import COMMAND, Terminal, environment

VIEWS = ("10 classes", "training loss by step")
BRAILLE = "[\u2801-\u28ff]"
SETTINGS = ("--dataset", "digits", "--hidden-size", "128", "--precision", "float32")


def opened(home: Path, *arguments: str) -> Terminal:
    return Terminal(*SETTINGS, *arguments, env=environment(home), columns=120, rows=36)


def first_paint(home: Path) -> float:
    """Seconds from the command to a screen with the sketch of the network on it."""
    since = time.perf_counter()
    with opened(home) as app:
        app.wait_for("10 classes")
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
        for _ in range(count // 2):
            for shown, gone in (VIEWS, VIEWS[::-1]):
                since = time.perf_counter()
                app.type("v")
                app.wait_for(lambda: is_shown(app, shown, gone))  # noqa: B023 - called at once
                answers.append(time.perf_counter() - since)
        stop(home)
        app.wait_for("stopped")
    return answers


def speed_under_the_app(home: Path, epochs: int) -> float:
    """Images a second of a run that an app of 120×36 shows."""
    with opened(home, "--num-epochs", str(epochs)) as app:
        app.wait_for("10 classes")
        wait_until_idle(app)
        app.type("t")
        app.wait_for("finished")
        app.type("q")
        app.wait()
    return speed_of(list_runs(home / "runs")[-1])


def speed_without(home: Path, epochs: int) -> float:
    """Images a second of the same run in a process of its own that nobody watches."""
    command = [COMMAND, *SETTINGS, "--num-epochs", str(epochs), "--detach"]
    subprocess.run(command, env=environment(home), check=True, stdout=subprocess.DEVNULL)
    run = list_runs(home / "runs")[-1]
    wait_until(lambda: not run.is_live)
    return speed_of(run)


def speed_of(run: Run) -> float:
    ended = [event for event in open_log(run.log_file)[0] if isinstance(event, events.EpochEnded)]
    ended = ended[len(ended) // 4 :]  # the first ones warm up
    return sum(event.total for event in ended) / sum(event.seconds for event in ended)


def is_shown(app: Terminal, shown: str, gone: str) -> bool:
    screen = app.dump()
    return shown in screen and gone not in screen


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
    parser.add_argument("--epochs", type=int, default=150, help="of a run whose speed is taken")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        first_paint(home)  # byte code is written
        paints = [first_paint(home) for _ in range(arguments.rounds)]
        points = [first_point(home) for _ in range(arguments.rounds)]
        answers = sorted(key_answers(home, arguments.keys))
        ratios = []
        for _ in range(arguments.rounds):
            without = speed_without(home, arguments.epochs)
            ratios.append(speed_under_the_app(home, arguments.epochs) / without)
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
