"""Accuracy and time of presets on real MNIST, over seeds: `make bench-accuracy`.

Prints a Markdown table; the README quotes it. Data as for the command itself
(`BILSTM_DATA_DIR`, or the user's cache folder).
"""

import argparse
import statistics
import time
from dataclasses import dataclass

from bilstm_core import events
from bilstm_core.architecture import summarise
from bilstm_core.resolve import resolve
from bilstm_core.training import train


@dataclass
class Result:
    """One run: accuracies in percent, seconds of training steps and of the whole run."""

    training: float
    test: float
    seconds: float
    training_seconds: float


def measure(preset: str, seed: int, device: str) -> Result:
    """Train a preset once and read its figures from its events."""
    told: list[events.Event] = []
    train(resolve({"seed": seed, "device": device}, preset=preset), told.append)
    final = {
        event.split: event.accuracy * 100
        for event in told
        if isinstance(event, events.Evaluation) and event.final
    }
    (finished,) = [event for event in told if isinstance(event, events.Finished)]
    return Result(final["train"], final["test"], finished.seconds, finished.training_seconds)


def main() -> None:
    """Run every preset with every seed, telling of each run as it ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--presets", nargs="+", default=["notebook", "notebook-all"])
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 … N-1")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    rows = []
    for preset in arguments.presets:
        results = []
        for seed in range(arguments.seeds):
            result = measure(preset, seed, arguments.device)
            print(f"{time.strftime('%H:%M:%S')} {preset} seed {seed}: {result}", flush=True)
            results.append(result)
        rows.append(row(preset, results))
    print()
    print("| preset | test accuracy, mean ± deviation | each seed | training | time | parameters |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))


def row(preset: str, results: list[Result]) -> str:
    """A line of the table."""
    test = [result.test for result in results]
    deviation = statistics.stdev(test) if len(test) > 1 else 0.0
    return " | ".join(
        (
            f"| `{preset}`",
            f"{statistics.mean(test):.2f} ± {deviation:.2f}",
            ", ".join(f"{accuracy:.2f}" for accuracy in test),
            f"{statistics.mean(result.training for result in results):.2f}",
            f"{statistics.median(result.seconds for result in results):.0f} s",
            f"{summarise(resolve(preset=preset)).parameters:,} |",
        )
    )


if __name__ == "__main__":
    main()
