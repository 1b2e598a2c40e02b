"""Atomic replacement of files, and opening files without following symbolic links."""

import os
import stat
from pathlib import Path
from typing import IO, Any

_MAX_TEXT_BYTES = 1 << 20


def write_atomically(path: Path, content: bytes | memoryview, keep: Path | None = None) -> None:
    """Replace a file atomically: a reader sees either the old content or the new, complete.

    The content is flushed to the disk before the file is renamed, so the same holds after a
    crash of the machine.

    Args:
        path: The file.
        content: Its new content.
        keep: Path under which the old file is kept until the next replacement.

    Raises:
        OSError: The file cannot be written; the old file is unchanged.
    """
    incoming = path.with_name(f".{path.name}.incoming")
    try:
        with open_regular_file(incoming, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            _add_hard_link(path, keep)
        incoming.replace(path)
    except OSError:
        incoming.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def open_regular_file(
    path: Path, mode: str, buffering: int = -1, *, follow_links: bool = False
) -> IO[Any]:
    """Open a regular file, such as one in a run's folder.

    Symbolic links are refused, because they may point outside the folder, unless `follow_links`.

    Raises:
        OSError: It is a symbolic link or not a regular file, or it cannot be opened.
    """
    links = 0 if follow_links else os.O_NOFOLLOW

    def opener(name: str, flags: int) -> int:
        # without O_NONBLOCK, opening a named pipe would block forever
        descriptor = os.open(name, flags | links | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{name} is not a regular file")
        return descriptor

    return open(path, mode, buffering, opener=opener)


def is_missing(folder: Path) -> bool:
    """Whether a folder does not exist; False if it cannot be accessed, which may be temporary."""
    try:
        folder.stat()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def size_of(path: Path) -> int:
    """Size of a file in bytes; 0 if it cannot be accessed."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def modified_at(path: Path) -> float:
    """Modification time in seconds since 1970; 0 if the path cannot be accessed."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def read_bytes(path: Path, start: int, length: int) -> bytes:
    """Up to `length` bytes of a regular file from byte `start`; empty if it cannot be read."""
    try:
        with open_regular_file(path, "rb") as file:
            file.seek(start)
            return file.read(length)
    except OSError:
        return b""


def read_text(path: Path, *, is_untrusted: bool = False) -> str:
    """Read a small text file; an untrusted one must be a regular file, not a link or a pipe.

    Raises:
        OSError: It cannot be read, or is larger than 1 MiB.
        ValueError: It is not UTF-8.
    """
    with open_regular_file(path, "rb") if is_untrusted else path.open("rb") as file:
        content = file.read(_MAX_TEXT_BYTES + 1)
    if len(content) > _MAX_TEXT_BYTES:
        raise OSError(f"{path} is larger than {_MAX_TEXT_BYTES:,} bytes")
    return content.decode("utf-8-sig")


def _add_hard_link(path: Path, link: Path) -> None:
    """Create a hard link to a file, replacing `link` atomically; `path` exists throughout."""
    temporary = link.with_name(f".{link.name}.incoming")
    try:
        temporary.unlink(missing_ok=True)
        temporary.hardlink_to(path)
    except OSError:  # the file system has no hard links: `path` is missing for a moment
        path.replace(link)
    else:
        temporary.replace(link)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
