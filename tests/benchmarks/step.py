"""The time of a step: ours beside what a user would run instead, in turn, in one process.

Rounds go through all loops, so that a change in the machine's speed meets each; ratios are taken
round by round. What comes before the first round is not counted.
"""

import gzip
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bilstm_core import paths

from .peers import peers, with_readout_last
from .report import table

WARM_UP_STEPS = 10


def measure(rounds: int, steps: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of a step by network and loop, one figure a round."""
    measured: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = unpacked_mnist(Path(folder))
        compared = {
            "LSTM 2×256": lambda: peers(root, bidirectional=False),
            "BiLSTM 2×256": lambda: peers(root, bidirectional=True),
            "BiLSTM 1×128, readout last": with_readout_last,
        }
        for network, make_loops in compared.items():
            loops = make_loops()
            for take_steps in loops.values():
                take_steps(WARM_UP_STEPS)
            times: dict[str, list[float]] = {name: [] for name in loops}
            for _ in range(rounds):
                for name, take_steps in loops.items():
                    times[name].append(take_steps(steps))
            measured[network] = times
    return measured


def report(measured: dict[str, dict[str, list[float]]]) -> str:
    """A Markdown table."""
    rows: list[tuple[Any, ...]] = []
    for network, times in measured.items():
        theirs = next(iter(times.values()))
        for name, values in times.items():
            ratios = [other / value for other, value in zip(theirs, values, strict=True)]
            rows.append(
                (
                    network,
                    name,
                    f"{statistics.median(values) * 1000:.1f} ms",
                    f"{statistics.median(ratios):.2f}×",
                    f"{min(ratios):.2f} to {max(ratios):.2f}",
                )
            )
    head = ("network", "loop", "a step", "times as fast as the first", "in single rounds")
    return table(head, rows)


def unpacked_mnist(folder: Path) -> Path:
    """MNIST as torchvision reads it, from the data folder's files, packed or not."""
    source = paths.data_dir() / "MNIST" / "raw"
    target = folder / "MNIST" / "raw"
    target.mkdir(parents=True)
    for part in ("train", "t10k"):
        for name in (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"):
            packed = source / f"{name}.gz"
            content = (
                gzip.decompress(packed.read_bytes())
                if packed.exists()
                else (source / name).read_bytes()
            )
            (target / name).write_bytes(content)
    return folder
