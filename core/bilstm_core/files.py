"""Files that are whole or not there, and that never lead out of their folder."""

import os
import stat
from pathlib import Path
from typing import IO, Any

_MAX_TEXT_BYTES = 1 << 20


def write_atomically(path: Path, content: bytes | memoryview, keep: Path | None = None) -> None:
    """Replace a file in one step: whoever reads it sees the old content or the new, whole.

    The content is on the disk before the name points to it, so a crash of the machine leaves
    one of the two as well.

    Args:
        path: The file.
        content: What it shall hold.
        keep: A name under which the old file stays, until the next replacement.

    Raises:
        OSError: It could not be written; the old file is untouched.
    """
    incoming = path.with_name(f".{path.name}.incoming")
    try:
        with open_inside(incoming, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            _copy_name(path, keep)
        incoming.replace(path)
    except OSError:
        incoming.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def open_inside(path: Path, mode: str, buffering: int = -1) -> IO[Any]:
    """Open a file of a run folder; a link is refused, for it may lead anywhere.

    Raises:
        OSError: It is a link, no plain file, or cannot be opened.
    """

    def opener(name: str, flags: int) -> int:
        # without O_NONBLOCK a pipe laid in the place of a file would hold us up for ever
        descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{name} is no plain file")
        return descriptor

    return open(path, mode, buffering, opener=opener)


def is_missing(folder: Path) -> bool:
    """Whether there is no such folder any more; one that cannot be looked at may come back."""
    try:
        folder.stat()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def read_text(path: Path, *, is_untrusted: bool = False) -> str:
    """The text of a small file; a foreign one must be a plain file, no link and no pipe.

    Raises:
        OSError: It cannot be read, or is larger than any file of ours.
        ValueError: It is not UTF-8.
    """
    with open_inside(path, "rb") if is_untrusted else path.open("rb") as file:
        content = file.read(_MAX_TEXT_BYTES + 1)
    if len(content) > _MAX_TEXT_BYTES:
        raise OSError(f"{path} is larger than {_MAX_TEXT_BYTES:,} bytes")
    return content.decode("utf-8-sig")


def _copy_name(path: Path, other: Path) -> None:
    """Give a file a second name, replacing what had it; at no moment is the first one gone."""
    linked = other.with_name(f".{other.name}.incoming")
    try:
        linked.unlink(missing_ok=True)
        linked.hardlink_to(path)
    except OSError:  # a file system without hard links: for a moment only the second is there
        path.replace(other)
    else:
        linked.replace(other)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
