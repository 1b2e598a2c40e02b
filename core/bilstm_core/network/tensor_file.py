"""Tensors with a description in a safetensors file, which may be anybody's when it is read."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import safetensors.torch
import torch
from torch import Tensor

_MOST_HEADER_BYTES = 1 << 22
_MOST_TENSORS = 10_000
_LENGTH_BYTES = 8
_LARGE_BYTES, _LEAST_STORED = 1 << 30, 1 / 16
"""Of a large file this part is stored on the disk at least; of a sparse one it is next to nothing.
For small ones it does not matter, and ZFS says so of a new file only after seconds."""
_TYPES = {torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8"}
_SIZES = {"F64": 8, "I64": 8, "F32": 4, "F16": 2, "BF16": 2, "U8": 1}


@dataclass(frozen=True)
class Kind:
    """What a tensor in a file is: its type, as safetensors names it, and its shape."""

    type: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, tensor: Tensor) -> "Kind":
        """The kind of a tensor, which may be on PyTorch's meta device."""
        return cls(_TYPES[tensor.dtype], tuple(tensor.shape))

    @property
    def num_bytes(self) -> int:
        """Bytes of its content."""
        return _SIZES[self.type] * math.prod(self.shape)


def to_bytes(tensors: Mapping[str, Tensor], key: str, description: str) -> bytes:
    """The content of a file; `key` is the one key of its metadata.

    safetensors writes several keys in random order, and equal tensors should be equal files.
    """
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(own, {key: description})


class TensorFile:
    """A file whose header has been read; the tensors are read once it is known what they must be.

    Args:
        file: An open regular file.
        key: The key of its description; empty for files of other programs.

    Attributes:
        description: The description; empty without a key.
        kinds: The kind of each tensor, by name.

    Raises:
        ValueError: It is not such a file.
        OSError: It cannot be read.
    """

    def __init__(self, file: IO[bytes], key: str = "") -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        start = file.read(_LENGTH_BYTES)
        self._header_bytes = int.from_bytes(start, "little")
        if self._header_bytes > min(_MOST_HEADER_BYTES, self._size - _LENGTH_BYTES):
            raise ValueError("its header has an impossible length")
        require_stored(file)
        try:
            header: Any = json.loads(file.read(self._header_bytes))
            metadata = header.pop("__metadata__", None)
            self.description = str(metadata[key]) if key else ""
            if len(header) > _MOST_TENSORS:
                raise ValueError("it has too many tensors")
            self.kinds = {name: _kind_of(entry) for name, entry in header.items()}
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"its header is not that of this program: {error}") from None

    def read(self, expected: Mapping[str, Kind]) -> dict[str, Tensor]:
        """All tensors, which must be the expected ones, neither fewer nor others.

        Raises:
            ValueError: They are not, or the file is damaged.
            OSError: It cannot be read.
        """
        if different := sorted(expected.items() ^ self.kinds.items(), key=lambda it: it[0]):
            raise ValueError(f"tensor {different[0][0]:.100} is missing or another than expected")
        content = sum(kind.num_bytes for kind in expected.values())
        if self._size != _LENGTH_BYTES + self._header_bytes + content:
            raise ValueError("its size is not that of its tensors")
        self._file.seek(0)
        try:
            loaded = safetensors.torch.load(self._file.read(self._size))
        except safetensors.SafetensorError as error:
            raise ValueError(str(error)) from None
        return {name: tensor.clone(memory_format=torch.contiguous_format)
                for name, tensor in loaded.items()}  # fmt: skip


def require_stored(file: IO[bytes]) -> None:
    """Check that a file has the content that its size claims, and is not a hole of any size.

    Raises:
        ValueError: Most of it was never written.
    """
    status = os.fstat(file.fileno())
    if status.st_size > max(_LARGE_BYTES, status.st_blocks * 512 / _LEAST_STORED):
        raise ValueError("most of it was never written")


def _kind_of(entry: Any) -> Kind:
    kind, shape = entry["dtype"], entry["shape"]
    if not isinstance(kind, str) or not isinstance(shape, list):
        raise TypeError("a tensor without type or shape")
    if not all(type(length) is int for length in shape):
        raise TypeError("a shape that is none")
    return Kind(kind, tuple(shape))
