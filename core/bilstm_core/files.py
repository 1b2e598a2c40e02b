"""Folders held open, atomic replacement of files, and opening files without following links."""

import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

_MOST_TEXT_BYTES, _MOST_UNTRUSTED_BYTES = 1 << 20, 1 << 16
"""Longest small text file, such as a configuration: the user's own, and one that may be foreign."""
_LONGEST_UNTRUSTED_LINE = 4096
_MOST_UNTRUSTED_DOTS = 2000
"""Python's TOML reader takes seconds for a key of ten thousand parts, or many of a thousand."""
_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""Answers of file systems that cannot sync a folder: there is nothing to wait for."""
_NO_HARD_LINKS = {*_UNSUPPORTED, errno.EPERM, errno.EMLINK}
_ANYBODY = 0o666  # before the umask
_WAIT_SECONDS, _POLL_SECONDS = 2.0, 0.01
"""How long a file that another process is writing is waited for, and how often it is tried."""

_LEAST_FREE_BYTES = 1 << 16


class Folder:
    """A directory that is held open: its files are reached through its descriptor.

    Whatever its path comes to name afterwards, another directory or a symbolic link, the files are
    those of this directory. Symbolic links in it are never followed, and a file that also has
    another name (a hard link) is never written to: it may be somebody else's.

    Args:
        path: The directory.
        follow: Whether `path` itself may be a symbolic link.

    Raises:
        OSError: It is missing, no directory or a symbolic link.
    """

    def __init__(self, path: Path, *, follow: bool = False) -> None:
        self.path = path
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        self._descriptor = os.open(path, flags)

    def close(self) -> None:
        """Release the directory."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, name: str, mode: str, buffering: int = -1) -> IO[Any]:
        """Open a regular file, created where the mode says so.

        Raises:
            OSError: It is a link, has several names or is not a regular file; or it cannot be
                opened.
        """
        return open(name, mode, buffering, opener=_opener(self._descriptor))

    def replace(self, name: str, content: bytes | memoryview, keep: str = "") -> None:
        """Replace a file atomically: a reader sees either the old content or the new, complete.

        The content is flushed to the disk before the file is renamed, so the same holds after a
        crash of the machine. Several processes may replace a file at once: one after the other
        does, and the last one's content stays.

        Args:
            name: The file.
            content: Its new content.
            keep: Name under which the old file is kept until the next replacement.

        Raises:
            OSError: The file cannot be written; the old file is unchanged.
        """
        with self._written(name, content):
            if keep and self.has(name):
                self._add_hard_link(name, keep)
            self._rename(incoming_name(name), name)
        self.sync()

    def replace_all(self, contents: Mapping[str, bytes | memoryview]) -> None:
        """Replace files that belong together: none before all are complete on the disk.

        Raises:
            OSError: A file cannot be written; the old files are unchanged.
        """
        with ExitStack() as written:
            for name, content in contents.items():
                written.enter_context(self._written(name, content))
            for name in contents:
                self._rename(incoming_name(name), name)
        self.sync()

    def unlink(self, name: str) -> None:
        """Delete a file or link; nothing happens where there is none."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def is_same(self, name: str, descriptor: int) -> bool:
        """Whether a name is still that of an open file."""
        try:
            current = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(current, os.fstat(descriptor))

    def has(self, name: str) -> bool:
        """Whether there is anything of this name, a link included."""
        try:
            os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        """The names in the directory, sorted."""
        return sorted(os.listdir(self._descriptor))  # noqa: PTH208 - of a descriptor

    def is_in_place(self) -> bool:
        """Whether the path still names this directory; True if that cannot be found out."""
        try:
            current = self.path.stat(follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return os.path.samestat(current, os.fstat(self._descriptor))

    def remove(self) -> None:
        """Delete the directory, which must be empty, if the path still names it.

        Raises:
            OSError: It is not empty, or cannot be deleted.
        """
        if self.is_in_place():
            self.path.rmdir()

    def sync(self) -> None:
        """Wait until the directory's names are on the disk."""
        _sync(self._descriptor)

    @contextmanager
    def _written(self, name: str, content: bytes | memoryview) -> Iterator[None]:
        """Write what is to replace a file; what has not replaced it on failure is deleted."""
        incoming = incoming_name(name)
        with self._create_locked(incoming) as file, self._removed_on_failure(incoming):
            file.write(content)
            file.flush()
            _sync(file.fileno())
            yield

    def _create_locked(self, name: str) -> IO[bytes]:
        """Create a file that is locked while it is open, which shows that it is being written."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            try:
                file = self.open(name, "xb")
            except FileExistsError:
                if not self._remove_left_behind(name):
                    time.sleep(_POLL_SECONDS)
                continue
            if _is_locked_by_us(file) and self.is_same(name, file.fileno()):
                return file
            file.close()  # another process deleted it, or locked it first
        raise OSError(errno.EBUSY, "Another process is writing it", name)

    def _remove_left_behind(self, name: str) -> bool:
        """Delete what lies in a new file's place; False if a process is writing it."""
        try:
            with self.open(name, "rb") as file:
                if not _is_locked_by_us(file):
                    return False
                if self.is_same(name, file.fileno()):
                    self.unlink(name)  # of a process that was killed
        except FileNotFoundError:
            pass
        except OSError:  # a link, or no file
            self.unlink(name)
        return True

    def _rename(self, name: str, target: str) -> None:
        os.rename(name, target, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def _add_hard_link(self, name: str, link: str) -> None:
        """Create a hard link to a file, replacing `link` atomically; `name` exists throughout."""
        temporary, folder = incoming_name(link), self._descriptor
        with self._removed_on_failure(temporary):
            self.unlink(temporary)
            try:
                os.link(
                    name,
                    temporary,
                    src_dir_fd=folder,
                    dst_dir_fd=folder,
                    follow_symlinks=False,
                )
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
                self._rename(name, link)  # `name` is missing for a moment
            else:
                self._rename(temporary, link)
                self.unlink(temporary)  # where both are one file already, renaming does nothing

    @contextmanager
    def _removed_on_failure(self, name: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with suppress(OSError):
                self.unlink(name)
            raise


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Replace a file of the user's own atomically; see `Folder.replace`."""
    with Folder(path.parent, follow=True) as folder:
        folder.replace(path.name, content)


@contextmanager
def made_folders(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; those that were made and are empty afterwards are removed.

    Raises:
        OSError: They cannot be made.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        with suppress(OSError):
            for path in made:
                path.rmdir()


def incoming_name(name: str) -> str:
    """Name of the file that is about to replace another."""
    return f".{name}.incoming"


def open_regular_file(
    path: Path, mode: str, buffering: int = -1, *, follow_links: bool = False
) -> IO[Any]:
    """Open a regular file, such as one in a run's folder.

    Symbolic links are refused, because they may point outside the folder, unless `follow_links`.

    Raises:
        OSError: It is a symbolic link or not a regular file, or it cannot be opened.
    """
    return open(path, mode, buffering, opener=_opener(None, follow_links=follow_links))


def is_missing(folder: Path) -> bool:
    """Whether a folder does not exist; False if it cannot be accessed, which may be temporary."""
    try:
        folder.stat()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def has_no_space(folder: Path) -> bool:
    """Whether the disk of a folder is full, but for what is less than a file."""
    try:
        return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES
    except OSError:
        return False


def size_of(path: Path) -> int:
    """Size of a file in bytes; 0 if it cannot be accessed."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def inode_of(path: Path) -> int:
    """Number of a file in its file system; 0 if it cannot be accessed."""
    try:
        return path.stat().st_ino
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
        with descriptor_of(path) as descriptor:  # a file object costs more than the reading
            return os.pread(descriptor, min(length, os.fstat(descriptor).st_size), start)
    except OSError:
        return b""


@contextmanager
def descriptor_of(path: Path) -> Iterator[int]:
    """The descriptor of a regular file, opened for reading; see `open_regular_file`."""
    descriptor = _opener(None)(os.fspath(path), os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_text(path: Path, *, is_untrusted: bool = False) -> str:
    """Read a small text file; an untrusted one must be a regular file, not a link or a pipe.

    Raises:
        OSError: It cannot be read, or is larger than 1 MiB; an untrusted one, than 64 KiB.
        ValueError: It is not UTF-8, or a line of an untrusted one is longer than 4 KiB.
    """
    most = _MOST_UNTRUSTED_BYTES if is_untrusted else _MOST_TEXT_BYTES
    with open_regular_file(path, "rb") if is_untrusted else path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it is larger than {most:,} bytes")
    if is_untrusted and max(map(len, content.split(b"\n"))) > _LONGEST_UNTRUSTED_LINE:
        raise ValueError(f"a line is longer than {_LONGEST_UNTRUSTED_LINE:,} bytes")
    if is_untrusted and content.count(b".") > _MOST_UNTRUSTED_DOTS:
        raise ValueError(f"it has more than {_MOST_UNTRUSTED_DOTS:,} dots")
    return content.decode("utf-8-sig")


def _opener(folder: int | None, *, follow_links: bool = False) -> Callable[[str, int], int]:
    """What `open` is given to open regular files only, relative to a directory's descriptor."""

    def open_regular(name: str, flags: int) -> int:
        # O_NONBLOCK: opening a named pipe would block forever; O_TRUNC: only after the checks
        links = 0 if follow_links else os.O_NOFOLLOW
        safe = (flags & ~os.O_TRUNC) | links | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(name, safe, _ANYBODY, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            _require_own_file(name, status, is_written=bool(flags & (os.O_WRONLY | os.O_RDWR)))
            if flags & os.O_TRUNC:
                os.ftruncate(descriptor, 0)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    return open_regular


def _require_own_file(name: str, status: os.stat_result, *, is_written: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{name} is not a regular file")
    if is_written and status.st_nlink > 1:
        raise OSError(f"{name} also has another name (a hard link)")


def _is_locked_by_us(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system has no locks, so nothing shows who is writing
        pass
    return True


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
