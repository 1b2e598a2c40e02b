"""Checkpoints that are whole and wrong: their checksums are right."""

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from bilstm_core.training import checkpoints

Change = Callable[[dict[str, Any], dict[str, Tensor]], object]


def rewrite(path: Path, change: Change) -> None:
    """Change the description and the tensors of a checkpoint."""
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    stored = json.loads(header["__metadata__"][checkpoints._KEY])
    state, tensors = json.loads(stored["state"]), safetensors.torch.load(content)
    change(state, tensors)
    text = json.dumps(state)
    changed = {
        "state": text,
        "state_checksum": zlib.crc32(text.encode()),
        "checksums": {name: checkpoints._checksum(value) for name, value in tensors.items()},
    }
    path.write_bytes(safetensors.torch.save(tensors, {checkpoints._KEY: json.dumps(changed)}))
