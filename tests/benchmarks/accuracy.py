"""Accuracy and time of the presets over seeds, on real MNIST or other data: `make bench-accuracy`.

Prints a Markdown table; the README quotes it. Data as for the command itself
(`BILSTM_DATA_DIR`, or the user's cache folder). With all presets it takes an hour on two cores;
`ARGS="--presets quick --seeds 5"` takes less, and `ARGS="--presets default --datasets FILE …"`
measures one's own data. Every preset was chosen on validation images
(`--validation-fraction 0.1`); the test images are looked at here alone.
"""

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from bilstm_core.compute.openmp import limit_spinning

limit_spinning()  # before PyTorch is imported

from bilstm_core import events  # noqa: E402
from bilstm_core.config.presets import PRESETS  # noqa: E402
from bilstm_core.config.resolve import resolve  # noqa: E402
from bilstm_core.data.sources.registry import describe  # noqa: E402
from bilstm_core.network.summary import summarise  # noqa: E402
from bilstm_core.training.trainer import train  # noqa: E402

from .report import machine, table  # noqa: E402


@dataclass
class Result:
    """One run: accuracies in percent, seconds of training steps and of the whole run."""

    training: float
    test: float
    seconds: float
    training_seconds: float


def measure(preset: str, dataset: str, seed: int, device: str) -> Result:
    """Train a preset once and read its figures from its events."""
    reported: list[events.Event] = []
    settings = {"dataset": dataset, "seed": seed, "device": device}
    train(resolve(settings, preset=preset), reported.append)
    final = {
        event.split: event.accuracy * 100
        for event in reported
        if isinstance(event, events.Evaluation) and event.final
    }
    (finished,) = [event for event in reported if isinstance(event, events.Finished)]
    return Result(final["train"], final["test"], finished.seconds, finished.training_seconds)


def main() -> None:
    """Run every preset with every seed, telling of each run as it ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    parser.add_argument("--datasets", nargs="+", default=["mnist"])
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0 … N-1")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}\n")
    measured: dict[tuple[str, str], list[Result]] = {}
    for preset, dataset in product(arguments.presets, arguments.datasets):
        for seed in range(arguments.seeds):
            result = measure(preset, dataset, seed, arguments.device)
            of = f"{preset} {Path(dataset).name} seed {seed}"
            print(f"{time.strftime('%H:%M:%S')} {of}: {result}", flush=True)
            measured.setdefault((preset, dataset), []).append(result)
    print("\n" + report(measured))
    if arguments.json:
        figures = {
            f"{preset} {dataset}": [asdict(result) for result in results]
            for (preset, dataset), results in measured.items()
        }
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def report(measured: dict[tuple[str, str], list[Result]]) -> str:
    """A Markdown table."""
    return table(
        (
            "preset",
            "data",
            "test accuracy, mean ± deviation",
            "each seed",
            "training",
            "time",
            "parameters",
        ),
        [row(*of, results) for of, results in measured.items()],
    )


def row(preset: str, dataset: str, results: list[Result]) -> tuple[str, ...]:
    """A line of the table."""
    test = [result.test for result in results]
    deviation = statistics.stdev(test) if len(test) > 1 else 0.0
    config = resolve({"dataset": dataset}, preset=preset)
    spec = describe(config)
    return (
        f"`{preset}`",
        spec.title,
        f"{statistics.mean(test):.2f} ± {deviation:.2f}",
        ", ".join(f"{accuracy:.2f}" for accuracy in test),
        f"{statistics.mean(result.training for result in results):.2f}",
        f"{statistics.median(result.seconds for result in results):.0f} s",
        f"{summarise(config, spec).parameters:,}",
    )


if __name__ == "__main__":
    main()
