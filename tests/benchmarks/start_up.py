"""From the command to what the user waits for."""

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.e2e.terminal import COMMAND, environment

from .app_speed import first_paint
from .report import table

GOALS = {"--help": 0.3, "the app's first paint": 0.7, "digits from command to finished": 8.0}


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds by what was started, one figure a round; byte code is there, as after an install."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        started = {
            "--help": lambda: seconds_of(home, "--help"),
            "the app's first paint": lambda: first_paint(home),
            "digits from command to finished": lambda: seconds_of(
                home, "--no-ui", "--dataset", "digits"
            ),
        }
        for start in started.values():
            start()
        return {name: [start() for _ in range(rounds)] for name, start in started.items()}


def seconds_of(home: Path, *arguments: str) -> float:
    """How long a command takes."""
    since = time.perf_counter()
    subprocess.run(
        [COMMAND, *arguments],
        env={**environment(home), "PATH": os.environ["PATH"]},
        cwd=home,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - since


def report(measured: dict[str, list[float]]) -> str:
    """A Markdown table."""
    return table(
        ("start", "median", "fastest", "slowest", "goal"),
        [
            (
                name,
                *(f"{figure:.2f} s" for figure in (statistics.median(v), min(v), max(v))),
                f"< {GOALS[name]} s",
            )
            for name, v in measured.items()
        ],
    )
