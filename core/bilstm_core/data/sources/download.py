"""Downloading files over HTTP so that a folder contains only complete, verified files.

torchvision's own download has no timeout, writes to the final name and does not lock out a
second process. This one holds a lock, receives each file in memory and writes it to a staging
folder once it is verified, and moves all files at the end. A server is not trusted: what it may
send, how slowly, and where it may redirect to are limited. Its URL may contain a password, so
messages show a URL only through `Mirror.shown`.
"""

import fcntl
import shutil
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import (
    HTTPException,
    HTTPMessage,
    HTTPResponse,
    IncompleteRead,
    InvalidURL,
    responses,
)
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlsplit

from ... import paths
from ...errors import DamagedDataError, DataError
from ...files import made_folders, open_regular_file
from ...stopping import ShouldStop, stop_if
from .idx import IdxFile

TIMEOUT_SECONDS = 15
"""Longest silence of a server, after which the next mirror is tried."""
GRACE_SECONDS = 60
"""Time after which a server must have sent `LOWEST_RATE` on average, or the next is tried."""
LOWEST_RATE = 5_000
"""Bytes per second."""
_CHUNK_BYTES = 1 << 16
_POLL_SECONDS = 0.1

OnProgress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes received and its size in bytes (0 while unknown)."""


@dataclass(frozen=True)
class Mirror:
    """A server to download from.

    Attributes:
        url: URL of a folder. Its user, password and query are sent, but never shown.
        is_official: Whether its files must equal the published ones byte for byte.
        folder: Path of the files below the URL, empty or ending in '/'.
    """

    url: str = field(repr=False)
    is_official: bool
    folder: str = ""

    def shown(self, name: str) -> str:
        """The URL of a file without anything secret, or where the URL is from if in doubt."""
        try:
            url = self._split(name)
        except (ValueError, DataError):
            return paths.MIRROR_VARIABLE
        # an @ behind the host may follow a password with a character that ends the host
        is_clear = "@" not in url.path + url.query + url.fragment
        return url._replace(query="", fragment="").geturl() if is_clear else paths.MIRROR_VARIABLE

    def request(self, name: str) -> urllib.request.Request:
        """The request for a file.

        Raises:
            DataError: The URL is not one of HTTP.
            ValueError: The URL is invalid; the message may contain parts of it.
        """
        own = urlsplit(self.url)
        request = urllib.request.Request(self._split(name).geturl())  # noqa: S310 - checked there
        request.add_header("User-Agent", "bilstm-tui")
        if own.username is not None:
            credentials = f"{unquote(own.username)}:{unquote(own.password or '')}"
            request.add_header("Authorization", f"Basic {b64encode(credentials.encode()).decode()}")
        return request

    def _split(self, name: str) -> SplitResult:
        """The URL of a file without user and password."""
        url = urlsplit(self.url)
        if url.scheme not in _PORTS:
            raise DataError("the URL does not start with http:// or https://")
        _origin(url)  # reads the port, which may be invalid
        path = f"{url.path.rstrip('/')}/{self.folder}{name}"
        return url._replace(netloc=url.netloc.rpartition("@")[2], path=path)


@contextmanager
def locked(folder: Path, should_stop: ShouldStop) -> Iterator[None]:
    """Create a folder and hold its lock, after waiting for any other process that holds it.

    Folders that were created and are empty in the end are removed.

    Raises:
        RunStopped: The run was asked to stop.
        OSError: The folder cannot be created or locked.
    """
    is_new = not folder.exists()
    with made_folders(folder), open_regular_file(folder / ".lock", "ab") as file:
        try:
            while not _try_to_lock(file):
                time.sleep(_POLL_SECONDS)
                stop_if(should_stop)
        except OSError:
            if is_new:
                (folder / ".lock").unlink()
            raise
        yield


def _try_to_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # as on some network file systems
        raise OSError(error.errno, "the file system cannot lock files", file.name) from None
    return True


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
    staging.mkdir()  # fails if it is a link, which `rmtree` does not follow
    try:
        for file in files:
            content = _download_from_any(file, mirrors, on_progress, should_stop)
            with open_regular_file(staging / file.gz_name, "xb") as target:
                target.write(content)
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
    file: IdxFile, mirrors: Sequence[Mirror], on_progress: OnProgress, should_stop: ShouldStop
) -> bytes:
    reasons: list[str] = []
    for mirror in mirrors:
        try:
            content = _receive(file, mirror, on_progress, should_stop)
            _verify(file, content, mirror)
        except DataError as error:
            reasons.append(f"{mirror.shown(file.gz_name)}: {error.message}")
        else:
            return content
    raise DataError("No mirror provided a valid file.\n" + "\n".join(reasons))


def _receive(
    file: IdxFile, mirror: Mirror, on_progress: OnProgress, should_stop: ShouldStop
) -> bytes:
    transfer = _Transfer(mirror, file)
    transfer.start()
    seconds = 0.0  # by counting, because a process that is suspended receives nothing
    is_done = False
    try:
        while not is_done:
            transfer.join(_POLL_SECONDS)
            seconds += _POLL_SECONDS
            is_done = not transfer.is_alive()
            received = len(transfer.content)
            on_progress(file.gz_name, received, transfer.total)
            stop_if(should_stop)
            if not is_done and seconds > GRACE_SECONDS + received / LOWEST_RATE:
                raise DataError(
                    f"the server is too slow: {received:,} bytes in {seconds:,.0f} s; after "
                    f"{GRACE_SECONDS} s at least {LOWEST_RATE:,} bytes/s are needed"
                )
    finally:
        transfer.is_abandoned = True
    transfer.raise_failure()
    return bytes(transfer.content)


def _verify(file: IdxFile, content: bytes, mirror: Mirror) -> None:
    file.unpack(content)
    if mirror.is_official and not file.is_published(content):
        raise DamagedDataError("it is not the published file")


class _Transfer(threading.Thread):
    """A download in a thread of its own, so that an unresponsive server does not delay a stop.

    Attributes:
        content: What was received.
        total: The size in bytes that the server announced; 0 while unknown.
        is_abandoned: Whether to stop receiving.
    """

    def __init__(self, mirror: Mirror, file: IdxFile) -> None:
        super().__init__(daemon=True)
        self.content = bytearray()
        self.total = 0
        self.is_abandoned = False
        self._mirror = mirror
        self._file = file
        self._failure: Exception | None = None

    def run(self) -> None:
        try:
            opener = urllib.request.build_opener(_SameServer)
            request = self._mirror.request(self._file.gz_name)
            with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                self._receive(response)
        except Exception as error:
            self._failure = error

    def raise_failure(self) -> None:
        """Raise the error that ended the transfer, as a `DataError` if it is a network error."""
        match self._failure:
            case None:
                return
            case OSError() | HTTPException() | ValueError() as error:
                raise DataError(_reason(error))
            case error:
                raise error

    def _receive(self, response: HTTPResponse) -> None:
        self.total = response.length or 0
        limit = self._file.largest_gz
        while not self.is_abandoned:
            if max(self.total, len(self.content)) > limit:
                raise DataError(f"the server sends more than {limit:,} bytes")
            # not `read`, which would wait until the whole chunk is there
            chunk = response.read1(_CHUNK_BYTES)
            self.content += chunk
            if not chunk or len(self.content) == self.total:
                break
        if len(self.content) < self.total:
            raise DataError(
                f"the transfer ended after {len(self.content):,} of {self.total:,} bytes"
            )


class _SameServer(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to the same server, or to its HTTPS."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request to follow a redirect with."""
        fp.close()  # otherwise its content would be read, however long it is
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if _origin(new) not in {_origin(old), ("https", old.hostname, 443)}:
            host = new.netloc.rpartition("@")[2][:100]
            raise DataError(f"the server redirects to another one, {new.scheme}://{host}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_PORTS = {"http": 80, "https": 443}


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a URL."""
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def _reason(error: object) -> str:
    """A network error in words that contain no URL: neither the mirror's nor that of a proxy."""
    match error:
        case HTTPError(code=code):
            error.close()  # closes the connection
            words = f"the server answered {code} {responses.get(code, '')}".rstrip()
            if 300 <= code < 400:
                words += ", a redirect that leads nowhere"
        case URLError(reason=reason):
            words = _reason(reason)
        case TimeoutError():
            words = f"no answer within {TIMEOUT_SECONDS} s"
        case OSError():
            words = (error.strerror or str(error)).lower() or "connection lost"
        case IncompleteRead():
            words = "the transfer ended too early"
        case ValueError() | InvalidURL():
            words = "the URL, or that of the proxy, is invalid"
        case HTTPException():
            words = "the answer is not valid HTTP"
        case _:
            words = str(error)
    return words
