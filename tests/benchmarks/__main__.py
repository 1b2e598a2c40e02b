"""Speed beside what a user would do instead, and beside our own goals: `make bench`."""

import argparse
import json
import time
from pathlib import Path

from bilstm_core.compute.openmp import limit_spinning

limit_spinning()  # before PyTorch is imported

import torch  # noqa: E402

from . import event_path, layouts, start_up, step, variable_length  # noqa: E402
from .report import machine  # noqa: E402

_EPOCHS = 3
"""Of each loop, with sequences of different lengths: packed ones take a second a step."""
_RANDOM_NETWORKS = 40


def main() -> None:
    """Measure, print Markdown tables and, if asked, write a JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20, help="of each loop in a round")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    began = time.monotonic()
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}\n")
    starts = start_up.measure(arguments.rounds)
    print(start_up.report(starts) + "\n", flush=True)
    events = event_path.measure()
    print(event_path.report(events) + "\n", flush=True)
    steps = step.measure(arguments.rounds, arguments.steps)
    print(step.report(steps) + "\n", flush=True)
    lanes = layouts.measure(arguments.rounds, _RANDOM_NETWORKS)
    print(layouts.report(lanes) + "\n", flush=True)
    lengths = variable_length.measure(torch.device("cpu"), _EPOCHS)
    print(variable_length.report(lengths) + "\n", flush=True)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    if arguments.json:
        figures = {"machine": machine(), "start": starts, "event path": events, "steps": steps}
        figures |= {"lanes": lanes, "lengths": lengths}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
