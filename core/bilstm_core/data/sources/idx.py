"""IDX, the file format of MNIST: read with every claim of the file checked.

Format: http://yann.lecun.com/exdb/mnist/ (two zero bytes, the element type, the number of
dimensions, each dimension as a big-endian 32-bit number, then the elements).
"""

import gzip
import hashlib
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import DamagedDataError

_UNSIGNED_BYTE = 8


@dataclass(frozen=True)
class IdxFile:
    """A file as it should be.

    Attributes:
        name: Its name when unpacked.
        shape: Images (count, height, width) or labels (count,), of bytes.
        packed_md5: Of the published `.gz`.
        md5: Of the unpacked file, where it is published.
        largest: Largest value an element may have.
    """

    name: str
    shape: tuple[int, ...]
    packed_md5: str
    md5: str | None
    largest: int

    @property
    def packed_name(self) -> str:
        """Its name as it is published."""
        return self.name + ".gz"

    @property
    def header(self) -> bytes:
        """The bytes it begins with."""
        dimensions = len(self.shape)
        return struct.pack(f">HBB{dimensions}I", 0, _UNSIGNED_BYTE, dimensions, *self.shape)

    def read(self, path: Path) -> NDArray[np.uint8]:
        """The elements in a file, unpacked or `.gz`, in this file's shape.

        Raises:
            DamagedDataError: The file is not what it should be; the message says how.
            OSError: The file cannot be read.
        """
        size = len(self.header) + math.prod(self.shape)
        content = self._unpack(path, limit=size + 1)
        header = content[: len(self.header)]
        if len(content) > size:
            raise _damaged(path, f"it is longer than {size:,} bytes")
        if len(content) < size:
            raise _damaged(path, f"it has {len(content):,} bytes instead of {size:,}")
        if header != self.header:
            raise _damaged(path, f"it begins {header.hex()} instead of {self.header.hex()}")
        if self.md5 and _md5(content) != self.md5:
            raise _damaged(path, "its checksum is not the published one")
        elements = np.frombuffer(content, np.uint8, offset=len(header)).reshape(self.shape)
        if elements.max() > self.largest:
            raise _damaged(path, f"it holds {elements.max()}, more than {self.largest}")
        return elements

    def has_published_packing(self, path: Path) -> bool:
        """Whether a `.gz` file is the published one, byte for byte."""
        return _md5(path.read_bytes()) == self.packed_md5

    @staticmethod
    def _unpack(path: Path, limit: int) -> bytes:
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                content = file.read(limit)
                file.read(1)  # past the end: a .gz checks its checksum there
                return content
        except (gzip.BadGzipFile, zlib.error):
            raise _damaged(path, "its compression is broken") from None
        except EOFError:
            raise _damaged(path, "it ends early") from None


def _damaged(path: Path, how: str) -> DamagedDataError:
    return DamagedDataError(f"{path} is damaged: {how}.")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
