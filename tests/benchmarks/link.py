"""Bytes to the terminal: `make bench-large`.

The installed app in a real terminal of 120×36 trains a small network on digits for a minute, as
it is by default and as one sets it on a slow link; then the screen of runs lies above it.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from tests.e2e.terminal import COMMAND, Terminal, environment

BRAILLE = "[\u2801-\u28ff]"
SLOW = ("--redraws", "0.2")


def bytes_per_second(seconds: float, *options: str) -> tuple[float, float, float]:
    """While it trains, in its busiest second, and with the list of runs above it."""
    words = ("--dataset", "digits", "--num-epochs", "100000", *options)
    with tempfile.TemporaryDirectory() as folder:
        env = environment(Path(folder))
        with Terminal(*words, env=env, columns=120, rows=36) as app:
            app.wait_for("10 classes")
            app.type("t")
            try:
                app.wait_for(BRAILLE)
                each = [len(app.drain(1)) for _ in range(round(seconds))]
                app.type("r")
                app.wait_for("1 of 1, by run")
                above = len(app.drain(seconds / 3)) / (seconds / 3)
            finally:
                stop = [COMMAND, "stop", "latest", "--at-once"]
                subprocess.run(stop, env=env, check=True, stdout=subprocess.DEVNULL)
    return sum(each) / len(each), max(each), above


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Bytes to the terminal.")
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    print("| kB/s at 120×36 | mean | busiest second | list of runs above it | goal, mean |")
    print("| --- | --- | --- | --- | --- |")
    for name, options, goal in (("as it is", (), "20"), (" ".join(SLOW), SLOW, "4")):
        figures = [f"{figure / 1000:.1f}" for figure in bytes_per_second(seconds, *options)]
        print(f"| {name} | {' | '.join(figures)} | {goal} |", flush=True)


if __name__ == "__main__":
    main()
