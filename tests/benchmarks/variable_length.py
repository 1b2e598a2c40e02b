"""Training on sequences of different lengths: ours beside PyTorch's packed sequences.

Theirs is written as PyTorch's tutorials write it: a DataLoader whose `collate_fn` pads,
`pack_padded_sequence`, `nn.LSTM`, the last hidden states of both directions. A round is an epoch
of each loop in turn, because the batches of an epoch have different lengths.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

from bilstm_core.compute.devices import has_bfloat16, torch_settings
from bilstm_core.config.resolve import resolve
from bilstm_core.data.batches import training_batches
from bilstm_core.data.dataset import Dataset, Sequences
from bilstm_core.data.spec import DataSpec
from bilstm_core.training.preparation import prepare
from bilstm_core.training.trainer import Trainer

from .ceilings import synchronise
from .report import table

LENGTHS = ((7, 29), (100, 300))
BATCH_SIZE, BATCHES, FEATURES, CLASSES, HIDDEN = 64, 8, 12, 9, 128
WARM_UP_EPOCHS = {"cpu": 1, "cuda": 4}
"""On a GPU a CUDA graph is captured for each number of steps that batches have."""
TrainEpoch = Callable[[], float]
"""Trains an epoch; gives its seconds."""


def made_up_data(shortest: int, longest: int, size: int) -> Dataset:
    """Random sequences whose lengths are spread evenly."""
    random = torch.Generator().manual_seed(0)
    lengths = torch.randint(shortest, longest + 1, (size,), generator=random)
    lengths[:2] = torch.tensor([shortest, longest])
    values = torch.randn(int(lengths.sum()), FEATURES, generator=random)
    sequences = Sequences(values, torch.arange(size) % CLASSES, lengths)
    spec = DataSpec(
        name="made-up",
        title="made up",
        kind="series",
        num_features=FEATURES,
        shortest=shortest,
        longest=longest,
        classes=tuple(map(str, range(CLASSES))),
        train_size=size,
        test_size=1,
    )
    return Dataset.from_splits(spec, sequences, sequences[:1])


def padding_share(data: Dataset) -> float:
    """The part of what our batches hold that is padding."""
    config = resolve({"dataset": "japanese-vowels", "batch_size": BATCH_SIZE})
    held = own = 0
    for batch in training_batches(data, config, 1):
        held += batch.inputs.shape[0] * batch.inputs.shape[1]
        own += int(batch.lengths.sum()) if batch.lengths is not None else 0
    return 1 - own / held


class PackedBiLSTM(nn.Module):
    """The network of PyTorch's tutorials."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, HIDDEN, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Class scores; `lengths` are on the CPU."""
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        _, (last, _) = self.lstm(packed)
        return self.classifier(torch.cat([last[0], last[1]], dim=1))


def packed(data: Dataset, device: torch.device, precision: torch.dtype) -> TrainEpoch:
    """Theirs."""
    lengths = data.train_lengths
    examples: Any = list(
        zip(data.train.values.split(lengths.tolist()), data.train.labels, lengths, strict=True)
    )

    def collate(chosen: list[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        values, labels, lengths = map(list, zip(*chosen, strict=True))
        return pad_sequence(values, batch_first=True), torch.stack(labels), torch.stack(lengths)

    torch.manual_seed(0)
    model = PackedBiLSTM().to(device)
    optimizer = torch.optim.Adam(model.parameters())
    loader: Any = DataLoader(examples, BATCH_SIZE, shuffle=True, collate_fn=collate)

    def train_epoch() -> float:
        synchronise(device)
        since = time.perf_counter()
        for inputs, labels, lengths in loader:
            optimizer.zero_grad()
            with torch.autocast(device.type, precision, enabled=precision != torch.float32):
                scores = model(inputs.to(device), lengths)
                loss = nn.functional.cross_entropy(scores, labels.to(device))
            loss.backward()
            optimizer.step()
            loss.item()
        synchronise(device)
        return time.perf_counter() - since

    return train_epoch


def ours(data: Dataset, device: torch.device, precision: str) -> TrainEpoch:
    """Our loop, reports included."""
    settings = {"dataset": "japanese-vowels", "readout": "final", "batch_size": BATCH_SIZE}
    config = resolve(
        {**settings, "hidden_size": HIDDEN, "precision": precision, "device": str(device)}
    )
    with prepare(config) as prepared:
        trainer = Trainer(replace(prepared, data=data.to(device)), emit=lambda _: None)
    epochs = iter(range(1, 10**9))

    def train_epoch() -> float:
        before = torch.get_num_threads()
        with torch_settings(config):
            torch.set_num_threads(prepared.tuner.best.threads)
            trainer.meter.start_epoch()
            synchronise(device)
            since = time.perf_counter()
            for batch in training_batches(trainer.data, config, next(epochs)):
                trainer.take_step(batch)
            synchronise(device)
            seconds = time.perf_counter() - since
            torch.set_num_threads(before)
        return seconds

    return train_epoch


def measure(
    device: torch.device,
    rounds: int,
    batches: int = BATCHES,
    lengths: Sequence[tuple[int, int]] = LENGTHS,
) -> dict[str, dict[str, list[float]]]:
    """Seconds of a step by lengths and loop, one figure a round."""
    found: dict[str, dict[str, list[float]]] = {}
    for shortest, longest in lengths:
        data = made_up_data(shortest, longest, BATCH_SIZE * batches)
        loops = {"packed sequences, float32": packed(data, device, torch.float32)}
        loops["ours, float32"] = ours(data, device, "float32")
        if has_bfloat16(device):
            loops["packed sequences, autocast to bfloat16"] = packed(data, device, torch.bfloat16)
            loops["ours, bfloat16"] = ours(data, device, "bfloat16")
        for train_epoch in loops.values():
            for _ in range(WARM_UP_EPOCHS[device.type]):
                train_epoch()
        times: dict[str, list[float]] = {name: [] for name in loops}
        for _ in range(rounds):
            for name, train_epoch in loops.items():
                times[name].append(train_epoch() / batches)
        found[f"{shortest} to {longest} steps, padding {padding_share(data):.1%}"] = times
    return found


def rows(measured: dict[str, dict[str, list[float]]]) -> list[tuple[str, str, str, str, str]]:
    """Lengths, loop, seconds of a step, and how many times as fast as packed sequences."""
    found: list[tuple[str, str, str, str, str]] = []
    for lengths, times in measured.items():
        theirs = next(iter(times.values()))
        for name, values in times.items():
            ratios = [other / value for other, value in zip(theirs, values, strict=True)]
            found.append(
                (
                    lengths,
                    name,
                    f"{statistics.median(values) * 1000:.2f} ms",
                    f"{statistics.median(ratios):.2f}×",
                    f"{min(ratios):.2f} to {max(ratios):.2f}",
                )
            )
    return found


def report(measured: dict[str, dict[str, list[float]]]) -> str:
    """A Markdown table."""
    head = ("lengths", "loop", "a step", "times as fast as packed, float32", "in single rounds")
    return table(head, rows(measured))


if __name__ == "__main__":
    print(report(measure(torch.device("cpu"), 3)))
