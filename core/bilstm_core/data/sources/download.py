"""Downloading files over HTTP so that a folder contains only complete, verified files.

torchvision's own download has no timeout, writes to the final name and does not lock out a
second process; this one downloads to a staging folder under a lock and moves the files at the end.
"""

import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from filelock import FileLock, Timeout

from ...errors import BilstmError, DamagedDataError, DataError
from ...stopping import ShouldStop, stop_if
from .idx import IdxFile

TIMEOUT_SECONDS = 15
"""Timeout of a server, after which the next mirror is tried."""
_CHUNK_BYTES = 1 << 16
_POLL_SECONDS = 0.1

OnProgress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes received and its size in bytes (0 while unknown)."""


@dataclass(frozen=True)
class Mirror:
    """A server to download from.

    Attributes:
        url: URL of a folder, ending in '/'.
        is_official: Whether its files must equal the published ones byte for byte.
    """

    url: str
    is_official: bool


@contextmanager
def locked(folder: Path, should_stop: ShouldStop) -> Iterator[None]:
    """Hold the lock of a folder, after waiting for any other process that holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_POLL_SECONDS)
        except Timeout:
            stop_if(should_stop)
    try:
        yield
    finally:
        lock.release()


def download(
    files: Sequence[IdxFile],
    mirrors: Sequence[Mirror],
    folder: Path,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> None:
    """Download files, verify each, and move them into the folder once all are complete.

    The caller holds the lock of the folder's parent.

    Raises:
        DataError: No mirror provided a valid file; the message gives the reason for each mirror.
        RunStopped: The run was asked to stop.
        OSError: The folder cannot be written.
    """
    staging = folder.parent / ".incoming"
    shutil.rmtree(staging, ignore_errors=True)  # left by a process that was killed
    staging.mkdir(parents=True)
    try:
        for file in files:
            _download_from_any(file, mirrors, staging, on_progress, should_stop)
        _move_into_place(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _move_into_place(staging: Path, folder: Path) -> None:
    try:
        staging.rename(folder)  # the folder is missing or empty: all files appear at once
    except OSError:
        for path in staging.iterdir():
            path.replace(folder / path.name)


def _download_from_any(
    file: IdxFile,
    mirrors: Sequence[Mirror],
    staging: Path,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> None:
    target = staging / file.gz_name
    reasons: list[str] = []
    for mirror in mirrors:
        url = mirror.url + file.gz_name
        transfer = _Transfer(url, target)
        transfer.start()
        is_done = False
        while not is_done:
            transfer.join(_POLL_SECONDS)
            is_done = not transfer.is_alive()
            on_progress(file.gz_name, transfer.received, transfer.total)
            stop_if(should_stop)
        try:
            transfer.raise_failure()
            if mirror.is_official and not file.is_published_gz(target):
                raise DamagedDataError("the downloaded file is not the published file")
            file.read(target)
        except BilstmError as error:
            reasons.append(f"{url}: {error.message}")
        else:
            return
    raise DataError("No mirror provided a valid file.\n" + "\n".join(reasons))


class _Transfer(threading.Thread):
    """A download in a thread of its own, so that an unresponsive server does not delay a stop."""

    def __init__(self, url: str, target: Path) -> None:
        super().__init__(daemon=True)
        self.received = 0
        self.total = 0
        self._url = url
        self._target = target
        self._failure: Exception | None = None

    def run(self) -> None:
        try:
            self._copy()
        except Exception as error:
            self._failure = error

    def raise_failure(self) -> None:
        """Raise the error that ended the transfer, as a `DataError` if it is a network error."""
        match self._failure:
            case None:
                return
            case urllib.error.HTTPError() as error:
                error.close()  # closes the connection
                raise DataError(f"the server answered {error.code} {error.reason}")
            case urllib.error.URLError() as error:
                raise DataError(_reason(error.reason))
            case TimeoutError() | ConnectionError() | HTTPException() | ValueError() as error:
                raise DataError(_reason(error))
            case error:
                raise error

    def _copy(self) -> None:
        if not self._url.startswith(("http://", "https://")):
            raise ValueError("the URL does not start with http:// or https://")
        headers = {"User-Agent": "bilstm-tui"}
        request = urllib.request.Request(self._url, headers=headers)  # noqa: S310 - checked above
        with (
            urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response,  # noqa: S310
            self._target.open("wb") as file,
        ):
            self.total = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                self.received += len(chunk)
        if self.total and self.received < self.total:
            raise ConnectionError(
                f"the transfer ended after {self.received:,} of {self.total:,} bytes"
            )


def _reason(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS} s"
    return str(getattr(reason, "strerror", None) or reason).strip().lower() or "connection lost"
