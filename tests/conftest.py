"""What tests share: small real data, a data server, and runs whose events are collected."""

import os

# before PyTorch is imported, and for all child processes: tests run beside each other, and where
# threads outnumber the cores, each would spin while it waits for another that cannot run
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"
# the app draws with all colours, on whatever terminal the tests are started
os.environ["COLORTERM"] = "truecolor"
os.environ.pop("NO_COLOR", None)
# else each process of the tests, and each that they start, would compile all modules anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import gc
import gzip
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from bilstm_core import events, paths

sys.dont_write_bytecode = False

# a machine that is busy with other tests is slow now and then
settings.register_profile(
    "tests",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("tests")


def pytest_collection_finish() -> None:
    """Let each collection of garbage pass over PyTorch and other modules, which are no garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


T = TypeVar("T", bound=events.Event)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests, nor their cache, reaches a test."""
    for name in [name for name in os.environ if name.startswith("BILSTM_")]:
        monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("BILSTM_RUNS_DIR", str(tmp_path / "runs"))


_DATA_DIR = os.environ.get(paths.DATA_DIR_VARIABLE)


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """A data folder with real MNIST, which only some machines have."""
    if _DATA_DIR is None:
        pytest.skip(f"real MNIST is looked for in {paths.DATA_DIR_VARIABLE}, which is not set")
    folder = Path(_DATA_DIR)
    if not (folder / "MNIST" / "raw").is_dir():
        pytest.fail(f"{paths.DATA_DIR_VARIABLE} is set, but {folder} holds no MNIST/raw")
    return folder


@pytest.fixture(scope="session")
def series_dir() -> Path:
    """A folder with files of the UEA and UCR archives."""
    if _DATA_DIR is None:
        pytest.skip(f"real series are looked for in {paths.DATA_DIR_VARIABLE}, which is not set")
    folder = Path(_DATA_DIR, "series")
    if not folder.is_dir():
        pytest.skip(f"{paths.DATA_DIR_VARIABLE} is set, but {_DATA_DIR} holds no folder series")
    return folder


@pytest.fixture
def two_threads() -> Iterator[None]:
    """As many for PyTorch's sums, as users have, which get others than one thread does."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@dataclass
class Recorder:
    """Takes events and sorts them."""

    all: list[events.Event] = field(default_factory=list)

    def __call__(self, event: events.Event) -> None:
        self.all.append(event)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.all if isinstance(event, kind)]

    @property
    def losses(self) -> list[float | None]:
        return [loss for event in self.of(events.Progress) for loss in event.losses]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def idx_bytes(array: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """An array as an IDX file."""
    dimensions = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + dimensions + array.tobytes()


@pytest.fixture(scope="session")
def made_files() -> dict[str, bytes]:
    """Files like KMNIST's in shape and size, unpacked, but made up: every image is one shade."""
    files = {}
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = np.broadcast_to(labels[:, None, None] * 25, (count, 28, 28)).astype(np.uint8)
        files[f"{part}-images-idx3-ubyte"] = idx_bytes(images)
        files[f"{part}-labels-idx1-ubyte"] = idx_bytes(labels)
    return files


@pytest.fixture(scope="session")
def made_archives(made_files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files as a mirror has them."""
    return {
        f"{name}.gz": gzip.compress(content, compresslevel=1)
        for name, content in made_files.items()
    }


class DataServer:
    """A mirror on this machine; each test says what it answers and sees what was asked."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.answer: Callable[[str, BaseHTTPRequestHandler], None] = _not_found
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                server.answer(self.path, self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing: the tests look at `requests`."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def serve(self, files: dict[str, bytes]) -> None:
        """Answer requests for these file names, in whatever folder."""

        def answer(path: str, handler: BaseHTTPRequestHandler) -> None:
            content = files.get(path.rpartition("/")[2])
            if content is None:
                _not_found(path, handler)
            else:
                send(handler, content)

        self.answer = answer

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def send(handler: BaseHTTPRequestHandler, content: bytes, promised: int | None = None) -> None:
    """Send some bytes, having promised as many or more."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(promised or len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def _not_found(_path: str, handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


@pytest.fixture
def server() -> Iterator[DataServer]:
    server = DataServer()
    yield server
    server.close()
