"""Trials an hour of a sweep: several at once on one device against one after another.

`make bench-sweeps`; half an hour on two cores, and less with `ARGS="--datasets digits"`. The
default network is trained with random learning rates, which take the same time each, in processes
as a helper starts them. What a processor allows at most is as many trials at once as there are
cores, each as fast as one alone on one thread.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from optuna.trial import TrialState

from bilstm_core.compute.cores import physical_cores
from bilstm_core.config.resolve import resolve
from bilstm_core.processes.signals import StopRequest
from bilstm_core.sweeps.helper import help_sweep
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.slots import Slot
from bilstm_core.sweeps.study import create_study

from .report import machine, table

_EPOCHS = {"digits": 0, "mnist": 1}
"""Of a trial; 0 for the default."""
_TRIALS_PER_SLOT = 3


def layouts(device: str) -> dict[str, list[Slot]]:
    """The slots to compare, the first of them one trial at a time with the whole device."""
    if device != "cpu":
        return {f"{count} at once": [Slot(device, 0)] * count for count in (1, 2, 4, 8)}
    cores = physical_cores()
    counts = [count for count in (1, 2, 4, 8, 16, 32, 64) if count <= cores]
    several = {f"{it} at once, {cores // it} threads each": it for it in counts}
    at_once = {name: [Slot("cpu", cores // count)] * count for name, count in several.items()}
    return at_once | {"1 at a time, 1 thread": [Slot("cpu", 1)]}


def trials_an_hour(dataset: str, slots: list[Slot], seed: int) -> float:
    """Train a sweep on these slots, in a folder of its own.

    Trials are counted from the start of the first second trial of a process to the end of the last
    trial: the first trials wait for imports and for the tuning of threads.
    """
    config = resolve({"dataset": dataset, "num_epochs": _EPOCHS[dataset], "seed": seed})
    plan = make_plan(config, {"learning_rate": "1e-3..3e-3:log"}, sampler="random", pruner="none")
    with tempfile.TemporaryDirectory() as folder:
        count = len(slots)
        study = create_study(Path(folder), "speed", plan, count * (1 + _TRIALS_PER_SLOT))
        problems = help_sweep(study, slots, None, StopRequest(), study.stops)
        trials = study.trials
    if problems:
        raise problems[0]
    if failed := [it for it in trials if it.state != TrialState.COMPLETE]:
        raise RuntimeError(f"{len(failed)} of {len(trials)} trials did not finish")
    starts = sorted(it.datetime_start.timestamp() for it in trials if it.datetime_start)
    ends = sorted(it.datetime_complete.timestamp() for it in trials if it.datetime_complete)
    counted = [end for end in ends if end > starts[count]]
    return 3600 * len(counted) / (counted[-1] - starts[count])


def measure(datasets: Sequence[str], device: str, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Trials an hour for each data set and each arrangement of slots, measured in turn."""
    rates: dict[str, dict[str, list[float]]] = {}
    for dataset in datasets:
        of_dataset = rates.setdefault(dataset, {})
        for seed in range(rounds):
            for name, slots in layouts(device).items():
                rate = trials_an_hour(dataset, slots, seed)
                print(f"{time.strftime('%H:%M:%S')} {dataset}, {name}: {rate:.0f}", flush=True)
                of_dataset.setdefault(name, []).append(rate)
    return rates


def report(rates: dict[str, dict[str, list[float]]], device: str) -> str:
    """A Markdown table."""
    rows = []
    for dataset, of_dataset in rates.items():
        medians = {name: statistics.median(values) for name, values in of_dataset.items()}
        first = next(iter(medians.values()))
        if device == "cpu":
            most = medians["1 at a time, 1 thread"] * physical_cores()
            medians["at most: one thread alone, times the cores"] = most
        rows += [
            (dataset, name, f"{rate:.0f}", f"{rate / first:.2f}") for name, rate in medians.items()
        ]
    return table(("data", "trials", "an hour", "of the first"), rows)


def main() -> None:
    """Measure, print a Markdown table and, if asked, write a JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--datasets", nargs="+", choices=_EPOCHS, default=[*_EPOCHS])
    parser.add_argument("--device", default="cpu", help="cpu, or a GPU such as cuda:0")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}\n")
    rates = measure(arguments.datasets, arguments.device, arguments.rounds)
    print("\n" + report(rates, arguments.device))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rates": rates}, indent=1))


if __name__ == "__main__":
    main()
