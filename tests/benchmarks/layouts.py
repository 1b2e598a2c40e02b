"""Lanes: a step and an evaluation in the chosen layout, beside the best on one lane, in turn.

The layouts are those that a run would choose here. Ratios are taken round by round; above 1, lanes
are faster.
"""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from bilstm_core.compute.devices import has_bfloat16, resolve_precision
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.dataset import Dataset
from bilstm_core.data.sources.registry import describe, load
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.paths import data_dir
from bilstm_core.training.evaluation import evaluate
from bilstm_core.training.lane_measurement import best_of, step_on_noise, totals_of
from bilstm_core.training.lane_measurement import measure as measured_times
from bilstm_core.training.lane_tuning import usable_cores
from bilstm_core.training.lanes import Lanes, Layout

from .report import table

CPU = torch.device("cpu")
PRESETS = ("default", "quick", "notebook", "best")
_SHORTEST_ROUND = 0.2
_SEED = 16


def measure(rounds: int, sample: int) -> list[dict[str, Any]]:
    """What was measured: the presets on MNIST, and `sample` networks chosen at random."""
    cores = usable_cores()
    precisions = ["float32", *(["bfloat16"] if has_bfloat16(CPU) else [])]
    rows = []
    for precision in precisions:
        for preset in PRESETS:
            config = resolve({"device": "cpu", "precision": precision}, preset=preset)
            rows.append(_compared(f"{preset}, {precision}", config, cores, rounds))
        rows.append(_evaluation(precision, cores, rounds))
    choose = random.Random(_SEED)
    for _ in range(sample):
        config = _random_config(choose)
        name = (
            f"{config.cell} {config.num_layers}×{config.hidden_size}, "
            f"{'two directions' if config.bidirectional else 'one direction'}, "
            f"{config.dataset}, batch {config.batch_size}, {config.readout}"
        )
        rows.append({**_compared(name, config, cores, rounds), "is_random": True})
    torch.set_num_threads(cores)
    return rows


def report(rows: list[dict[str, Any]]) -> str:
    """A table of the presets, and a line on the networks chosen at random."""
    named = [row for row in rows if not row.get("is_random")]
    head = ("a step of", "one lane", "ms", "chosen", "ms", "times as fast", "in single rounds")
    shown = [
        (
            row["name"],
            _words(row["one"]),
            f"{1000 * row['seconds'][0]:.1f}",
            _words(row["chosen"]),
            f"{1000 * row['seconds'][1]:.1f}",
            f"{statistics.median(row['ratios']):.2f}×",
            f"{min(row['ratios']):.2f} to {max(row['ratios']):.2f}",
        )
        for row in named
    ]
    lines = [table(head, shown)]
    if others := sorted(
        (statistics.median(row["ratios"]), row["name"]) for row in rows if row.get("is_random")
    ):
        middle = statistics.median(ratio for ratio, _ in others)
        lines += [
            "",
            f"{len(others)} networks at random: {middle:.2f}× in the middle, "
            f"from {others[0][0]:.2f}× ({others[0][1]}) to {others[-1][0]:.2f}×.",
        ]
    return "\n".join(lines)


def _words(layout: list[int]) -> str:
    directions, parts, threads = layout
    return f"{directions} × {parts} × {threads}"


def _compared(name: str, config: RunConfig, cores: int, rounds: int) -> dict[str, Any]:
    spec = describe(config)
    one, chosen = _layouts(config, cores)
    lanes = Lanes(one)
    step = step_on_noise(config, spec, lanes)
    return _in_turn(name, step, one, chosen, rounds, lanes)


def _layouts(config: RunConfig, cores: int) -> tuple[Layout, Layout]:
    """The best layout of one lane, and the best of all."""
    torch.set_num_threads(cores)
    times = measured_times(config, describe(config), totals_of(cores, 1))
    return best_of({it: times[it] for it in times if it.lanes == 1}), best_of(times)


def _evaluation(precision: str, cores: int, rounds: int) -> dict[str, Any]:
    """An evaluation on the test images in as many lanes as there are cores."""
    config = resolve({"device": "cpu", "precision": precision})
    data: Dataset = load(config, data_dir()).normalised(config.normalize)
    model = SequenceClassifier.from_config(config, data.spec)
    lanes = Lanes(Layout())
    number = resolve_precision(config, CPU)

    def run() -> object:
        return evaluate(model, data, "test", number, lanes=lanes)

    name = f"evaluation of `default`, {precision}"
    one, several = Layout(threads=cores), Layout(parts=cores)
    return _in_turn(name, run, one, several, rounds, lanes)


def _in_turn(
    name: str,
    run: Callable[[], object],
    one: Layout,
    chosen: Layout,
    rounds: int,
    lanes: Lanes,
) -> dict[str, Any]:
    """Seconds of a run in two layouts, in turn."""
    times: dict[Layout, list[float]] = {one: [], chosen: []}
    for number in range(rounds + 1):
        for layout, seconds in times.items():
            lanes.use(layout)
            run()  # starts the threads
            count, since = 0, time.perf_counter()
            while not count or time.perf_counter() - since < _SHORTEST_ROUND:
                run()
                count += 1
            if number:  # the first round fills caches
                seconds.append((time.perf_counter() - since) / count)
    lanes.close()
    return {
        "name": name,
        "one": list(one),
        "chosen": list(chosen),
        "seconds": [statistics.median(times[one]), statistics.median(times[chosen])],
        "ratios": [a / b for a, b in zip(times[one], times[chosen], strict=True)],
    }


def _random_config(choose: random.Random) -> RunConfig:
    dataset = choose.choice(["mnist", "digits", "japanese-vowels"])
    readouts = ["last", "final", "mean", "max"] + ["all"] * (dataset != "japanese-vowels")
    return resolve(
        {
            "device": "cpu",
            "dataset": dataset,
            "cell": choose.choice(["lstm", "gru", "rnn"]),
            "bidirectional": choose.random() < 0.7,
            "num_layers": choose.choice([1, 1, 2, 3]),
            "hidden_size": choose.choice([16, 32, 64, 96, 128, 256]),
            "batch_size": choose.choice([16, 32, 64, 128]),
            "readout": choose.choice(readouts),
            "dropout": choose.choice([0.0, 0.3]),
        }
    )
