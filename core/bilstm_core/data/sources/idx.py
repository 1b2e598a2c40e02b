"""IDX, the file format of MNIST: files are fully validated when read.

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
    """The expected properties of a file.

    Attributes:
        name: Without `.gz`.
        shape: Shape of the elements: (count, height, width) for images, (count,) for labels.
        gz_md5: MD5 of the published `.gz` file.
        md5: MD5 of the uncompressed file, if it is published.
        largest: Largest valid value of an element.
    """

    name: str
    shape: tuple[int, ...]
    gz_md5: str
    md5: str | None
    largest: int

    @property
    def gz_name(self) -> str:
        """The name of the published, compressed file."""
        return self.name + ".gz"

    @property
    def header(self) -> bytes:
        """The expected header."""
        dimensions = len(self.shape)
        return struct.pack(f">HBB{dimensions}I", 0, _UNSIGNED_BYTE, dimensions, *self.shape)

    def read(self, path: Path) -> NDArray[np.uint8]:
        """Read the elements of a file, compressed or not.

        Returns:
            An array of shape `shape`.

        Raises:
            DamagedDataError: The file is invalid; the message gives the reason.
            OSError: The file cannot be read.
        """
        size = len(self.header) + math.prod(self.shape)
        content = self._read_bytes(path, limit=size + 1)
        header = content[: len(self.header)]
        if len(content) > size:
            raise _damaged(path, f"it is longer than {size:,} bytes")
        if len(content) < size:
            raise _damaged(path, f"it has {len(content):,} bytes instead of {size:,}")
        if header != self.header:
            raise _damaged(path, f"its header is {header.hex()} instead of {self.header.hex()}")
        if self.md5 and _md5(content) != self.md5:
            raise _damaged(path, "its checksum is not the published one")
        elements = np.frombuffer(content, np.uint8, offset=len(header)).reshape(self.shape)
        if elements.max() > self.largest:
            raise _damaged(
                path, f"it contains {elements.max()}, but the largest valid value is {self.largest}"
            )
        return elements

    def is_published_gz(self, path: Path) -> bool:
        """Whether a `.gz` file is the published one, byte for byte."""
        return _md5(path.read_bytes()) == self.gz_md5

    @staticmethod
    def _read_bytes(path: Path, limit: int) -> bytes:
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                content = file.read(limit)
                file.read(1)  # gzip verifies its checksum at the end of the file
                return content
        except (gzip.BadGzipFile, zlib.error):
            raise _damaged(path, "its compressed data are corrupt") from None
        except EOFError:
            raise _damaged(path, "it is truncated") from None


def _damaged(path: Path, reason: str) -> DamagedDataError:
    return DamagedDataError(f"{path} is damaged: {reason}.")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
