"""IDX, the file format of MNIST: files are fully validated when read.

Format: http://yann.lecun.com/exdb/mnist/ (two zero bytes, the element type, the number of
dimensions, each dimension as a big-endian 32-bit number, then the elements).
"""

import hashlib
import math
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import DamagedDataError
from ...files import open_regular_file

_UNSIGNED_BYTE = 8
_GZIP = 16 + zlib.MAX_WBITS
_MOST_MEMBERS = 10


@dataclass(frozen=True)
class IdxFile:
    """The expected properties of a file.

    Attributes:
        name: Without `.gz`.
        shape: Shape of the elements: (count, height, width) for images, (count,) for labels.
        md5: MD5 of the uncompressed file, if it is published.
        largest: Largest valid value of an element.
        gz_md5: MD5 of the published `.gz` file; only a download needs it.
    """

    name: str
    shape: tuple[int, ...]
    md5: str | None
    largest: int
    gz_md5: str | None = None

    @property
    def gz_name(self) -> str:
        """The name of the published, compressed file."""
        return self.name + ".gz"

    @property
    def header(self) -> bytes:
        """The expected header."""
        dimensions = len(self.shape)
        return struct.pack(f">HBB{dimensions}I", 0, _UNSIGNED_BYTE, dimensions, *self.shape)

    @property
    def size(self) -> int:
        """Size of the uncompressed file in bytes."""
        return len(self.header) + math.prod(self.shape)

    @property
    def largest_gz(self) -> int:
        """Size in bytes that a `.gz` file does not exceed, even if it was stored uncompressed."""
        return self.size + self.size // 50 + 4096

    def read(self, path: Path) -> NDArray[np.uint8]:
        """Read the elements of a file, compressed or not.

        Returns:
            An array of shape `shape`.

        Raises:
            DamagedDataError: The file is invalid; the message gives the reason.
            OSError: The file cannot be read, or is not a regular file or a link to one.
        """
        is_gz = path.suffix == ".gz"
        # links are followed, because many data folders consist of them
        with open_regular_file(Path(os.path.realpath(path)), "rb") as file:
            content = file.read((self.largest_gz if is_gz else self.size) + 1)
        try:
            return self.unpack(content) if is_gz else self._parse(content)
        except DamagedDataError as error:
            raise DamagedDataError(f"{path} is damaged: {error.message}.") from None

    def unpack(self, gz: bytes) -> NDArray[np.uint8]:
        """Read the elements from the content of a `.gz` file.

        Returns:
            An array of shape `shape`.

        Raises:
            DamagedDataError: The content is invalid; the message is only the reason.
        """
        if len(gz) > self.largest_gz:
            raise DamagedDataError(f"it is longer than {self.largest_gz:,} bytes")
        return self._parse(_unpack(gz, limit=self.size + 1))

    def is_published(self, gz: bytes) -> bool:
        """Whether the content of a `.gz` file is the published one, byte for byte."""
        return _md5(gz) == self.gz_md5

    def _parse(self, content: bytes) -> NDArray[np.uint8]:
        header = content[: len(self.header)]
        if len(content) > self.size:
            raise DamagedDataError(f"it is longer than {self.size:,} bytes")
        if len(content) < self.size:
            raise DamagedDataError(f"it has {len(content):,} bytes instead of {self.size:,}")
        if header != self.header:
            raise DamagedDataError(f"its header is {header.hex()} instead of {self.header.hex()}")
        if self.md5 and _md5(content) != self.md5:
            raise DamagedDataError("its checksum is not the published one")
        elements = np.frombuffer(content, np.uint8, offset=len(header)).reshape(self.shape)
        if elements.max() > self.largest:
            raise DamagedDataError(
                f"it contains {elements.max()}, but the largest valid value is {self.largest}"
            )
        return elements


def _unpack(gz: bytes, limit: int) -> bytes:
    """Unpack up to `limit` bytes of a gzip file, which may consist of several members.

    Python's gzip would spend a minute on millions of empty members, or of zeros between them.
    """
    if not gz.startswith(b"\x1f\x8b"):
        raise DamagedDataError("it is not a gzip file")
    content = b""
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(_GZIP)  # verifies the member's checksum
        try:
            content += member.decompress(gz, limit - len(content))
        except zlib.error:
            raise DamagedDataError("its compressed data are corrupt") from None
        if len(content) == limit:
            return content
        if not member.eof:
            raise DamagedDataError("it is truncated")
        gz = member.unused_data.lstrip(b"\0")
        if not gz:
            return content
    raise DamagedDataError(f"it has more than {_MOST_MEMBERS} members")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
