"""Our step loop beside the notebook's own, in turn, in one process: `make bench`.

Both train the notebook's model on real MNIST with the notebook's settings. The notebook's loop
is as written: DataLoader, ToTensor, Adam, `loss.item()`. Rounds alternate, so that a change in
the machine's speed meets both; the ratio is taken round by round.
"""

import argparse
import gzip
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch

from bilstm_core import paths
from bilstm_core.config import RunConfig
from bilstm_core.datasets import load_dataset
from bilstm_core.devices import describe
from bilstm_core.resolve import resolve
from bilstm_core.training import Trainer
from tests.notebook import notebook_steps

WARM_UP_STEPS = 20


def our_steps(config: RunConfig) -> Iterator[float]:
    """Our training loop, reports included; yields after each step."""
    data = load_dataset(config.dataset, paths.data_dir(), lambda _: None)
    device = torch.device("cpu")
    trainer = Trainer(config, data.to(device), device, emit=lambda _: None)
    epoch = 0
    while True:
        epoch += 1
        trainer.meter.start_epoch()
        for rows, labels in trainer.batches(epoch):
            trainer.take_step(rows, labels)
            yield 0.0


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


def seconds_a_step(steps: Iterator[float], count: int) -> float:
    """Mean duration of some steps."""
    since = time.perf_counter()
    for _ in islice(steps, count):
        pass
    return (time.perf_counter() - since) / count


def main() -> None:
    """Measure, then print a Markdown table and, if asked, write a JSON file."""
    parser = argparse.ArgumentParser(description="Our step loop beside the notebook's own.")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=40, help="of each loop in a round")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    config = resolve({"device": "cpu"}, preset="notebook")
    with tempfile.TemporaryDirectory() as folder:
        loops = {
            "notebook": notebook_steps(unpacked_mnist(Path(folder))),
            "ours": our_steps(config),
        }
        times: dict[str, list[float]] = {name: [] for name in loops}
        for steps in loops.values():
            seconds_a_step(steps, WARM_UP_STEPS)
        for _ in range(arguments.rounds):
            for name, steps in loops.items():
                times[name].append(seconds_a_step(steps, arguments.steps))
    ratios = [ours / theirs for ours, theirs in zip(times["ours"], times["notebook"], strict=True)]
    print(f"{describe(torch.device('cpu'))}, {torch.get_num_threads()} threads, ", end="")
    print(f"PyTorch {torch.__version__}, {arguments.rounds} rounds of {arguments.steps} steps\n")
    print("| loop | median ms a step | fastest round | slowest round |")
    print("| --- | --- | --- | --- |")
    for name, values in times.items():
        shown = (statistics.median(values), min(values), max(values))
        print(f"| {name} | " + " | ".join(f"{value * 1000:.1f}" for value in shown) + " |")
    print(
        f"\nours / notebook, round by round: median {statistics.median(ratios):.2f} "
        f"(from {min(ratios):.2f} to {max(ratios):.2f})"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps({"seconds": times, "ratios": ratios}, indent=1))


if __name__ == "__main__":
    main()
