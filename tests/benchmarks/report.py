"""How figures are shown: Markdown tables, with the machine that they were made on."""

import os
from collections.abc import Iterable, Sequence

import torch

from bilstm_core.compute.devices import describe


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine() -> str:
    """Processor, cores and PyTorch, in a line."""
    return (
        f"{describe(torch.device('cpu'))}, {len(os.sched_getaffinity(0))} cores, "
        f"PyTorch {torch.__version__}"
    )
