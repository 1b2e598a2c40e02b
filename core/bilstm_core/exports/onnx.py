"""Exports a trained network as an ONNX file, compared with PyTorch before it is written."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..building_blocks.readouts import READOUTS
from ..data.normalise import normalise, stored
from ..data.spec import DataSpec
from ..errors import OutputError
from ..network.weights import TrainedModel
from ..outputs import write_files
from .formats import import_extra

LARGEST_DIFFERENCE = 1e-4
_MOST_BYTES = 2**31 - 2**20
"""A protobuf message, which the file is, holds 2 GiB."""
_BATCH_SIZES = (1, 3)
_MOST_STEPS = 64
"""That are compared, where the number of steps is free."""


@dataclass(frozen=True)
class Comparison:
    """How far another program's scores are from PyTorch's.

    Attributes:
        difference: The largest difference of a score, as a part of the largest score where that
            is above 1.
        batch_sizes: That were tried.
        steps: That were tried.
    """

    difference: float
    batch_sizes: tuple[int, ...]
    steps: tuple[int, ...]


def export_onnx(model: TrainedModel, path: Path) -> Comparison:
    """Write a network as an ONNX file.

    Raises:
        InstallationError: onnx or onnxruntime is missing.
        OutputError: The file cannot be written, the network is too large for the format, or ONNX
            Runtime computes something else; no file is left.
    """
    onnx, runtime = import_extra("onnx", "onnx"), import_extra("onnxruntime", "onnx")
    from .onnx_graph import build  # imports onnx

    num_bytes = sum(weight.nbytes for weight in model.network.parameters())
    if num_bytes > _MOST_BYTES:
        raise OutputError(
            f"The network has {num_bytes / 2**30:.1f} GiB of weights, and an ONNX file holds 2 GiB."
        )
    made = build(model)
    onnx.checker.check_model(made, full_check=True)
    content = made.SerializeToString()
    comparison = _compare(model, content, runtime)
    if comparison.difference > LARGEST_DIFFERENCE:
        raise OutputError(
            f"ONNX Runtime computes other scores than PyTorch: they differ by up to "
            f"{comparison.difference:.2g}, and {LARGEST_DIFFERENCE:g} is allowed. "
            "No file was written.",
            title="The export is wrong",
        )
    write_files({path: content})
    return comparison


def _compare(model: TrainedModel, content: bytes, runtime: Any) -> Comparison:
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    spec, worst = model.spec, 0.0
    steps = _steps_to_try(model)
    for values, lengths in example_batches(spec, _BATCH_SIZES, steps):
        inputs = {"values": values.numpy()}
        if lengths is not None:
            inputs["lengths"] = lengths.numpy()
        scores, probabilities = map(torch.from_numpy, session.run(None, inputs))
        with torch.inference_mode():
            expected = model.network(normalise(values, spec.normalisation, lengths), lengths)
        scale = expected.abs().max().clamp(min=1)
        worst = max(
            worst,
            _largest((scores - expected) / scale),
            _largest(probabilities - expected.softmax(dim=1)),
        )
    return Comparison(worst, _BATCH_SIZES, steps)


def _largest(differences: Tensor) -> float:
    """The largest absolute one; infinity where one is not a number."""
    return differences.abs().nan_to_num(nan=math.inf).max().item()


def _steps_to_try(model: TrainedModel) -> tuple[int, ...]:
    """Two numbers of steps; one where the network reads every step."""
    longest = model.spec.longest
    if READOUTS[model.network.readout].reads_every_step:
        return (longest,)
    first = min(longest, _MOST_STEPS)
    return (first, first // 2 + 1 if first > 1 else 2)


def example_batches(
    spec: DataSpec, batch_sizes: tuple[int, ...], steps: tuple[int, ...]
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Random values, spread like those of the data, with lengths where those differ."""
    generator = torch.Generator().manual_seed(0)
    scaled = spec.normalisation
    for size in batch_sizes:
        for count in steps:
            values = torch.randn(size, count, spec.num_features, generator=generator)
            if scaled.means:
                values = values * torch.tensor(scaled.deviations) + torch.tensor(scaled.means)
            elif spec.kind == "images":
                values = values.abs().clamp(max=1)
            lengths = count - torch.arange(size) * (count - 1) // max(1, size - 1)
            yield stored(values, scaled), lengths if spec.has_lengths else None
