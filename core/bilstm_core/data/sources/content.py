"""The content of files: regular ones only, of bounded size, unchanged while they are read."""

import codecs
import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ELOOP
from pathlib import Path
from typing import IO

from ...files import open_regular_file
from .limits import MOST_BYTES, require_memory, unreadable

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it starts with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file of a data set, opened for reading; a link to one is followed.

    Raises:
        DataError: It cannot be opened, is not a regular file, is too large or empty, or changed
            while it was read.
    """
    try:
        file = _open(path)
    except OSError as error:
        reason = {ELOOP: "its symbolic links lead in a circle"}.get(error.errno or 0)
        raise unreadable(path, reason or error.strerror or str(error)) from None
    with file:
        before = os.fstat(file.fileno())
        if before.st_size > MOST_BYTES:
            most = f"at most {MOST_BYTES:,} are read"
            raise unreadable(path, f"it has {before.st_size:,} bytes, and {most}")
        require_memory(path, before.st_size)
        if not before.st_size:
            raise unreadable(path, "the file is empty")
        try:
            yield file
        except OSError as error:
            raise unreadable(path, error.strerror or str(error)) from None
        after = os.fstat(file.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise unreadable(
                path, "the file changed while it was read", "Try again when it is complete."
            )


def _open(path: Path) -> IO[bytes]:
    try:
        return open_regular_file(path, "rb")
    except OSError as error:
        if error.errno != ELOOP:
            raise
    # links are followed, because many data folders consist of them
    return open_regular_file(Path(os.path.realpath(path)), "rb")


def read_text(path: Path) -> tuple[str, tuple[str, ...]]:
    r"""The text of a file with \n at the end of each line, and a note on its encoding.

    Raises:
        DataError: It cannot be read, or is not text.
    """
    with opened(path) as file:
        content = file.read(os.fstat(file.fileno()).st_size)
    text, is_utf8 = decode(content)
    if "\0" in text or text.isspace():
        raise unreadable(path, "the file is empty" if text.isspace() else "the file is not text")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if is_utf8:
        return text, ()
    return text, (f"{path.name} is not UTF-8; it was read as Latin-1.",)


def decode(content: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding is certain: UTF-8 or another form of Unicode."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace"), True
    start = content[:1024]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start[first::2].count(0) > len(start) // 4 > start[1 - first :: 2].count(0):
            return content.decode(encoding, errors="replace"), True
    try:
        return content.decode(), True
    except UnicodeDecodeError:
        return content.decode("latin-1"), False
