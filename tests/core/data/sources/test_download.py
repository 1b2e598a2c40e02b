"""Fetching: whole and checked, or not at all."""

import ctypes
import errno
import fcntl
import hashlib
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import torchvision

from bilstm_core import stopping as control
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources import registry
from bilstm_core.errors import DataError
from tests.conftest import DataServer, send

RAW = Path("KMNIST/raw")

KMNIST = RunConfig(dataset="kmnist")

FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload([__name__])  # which imports PyTorch, once for both


@pytest.fixture(autouse=True)
def _only_mirror(server: DataServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The public mirror is the server of this test, and what it publishes is not known yet."""
    monkeypatch.setattr(torchvision.datasets.KMNIST, "mirrors", [f"{server.url}/public/"])


def publish(archives: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let these be the published files."""
    resources = [
        (f"{part}-{kind}-ubyte.gz", hashlib.md5(archives[f"{part}-{kind}-ubyte.gz"]).hexdigest())
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    ]
    monkeypatch.setattr(torchvision.datasets.KMNIST, "resources", resources)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_fetched_once_checked_and_reported(
    server: DataServer,
    made_archives: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    publish(made_archives, monkeypatch)
    server.serve(made_archives)
    reports: dict[str, tuple[int, int]] = {}
    data = registry.load(
        KMNIST,
        tmp_path,
        lambda file, received, total: reports.update({file: (received, total)}),
    )
    assert len(data.train) == 60_000
    assert names(tmp_path / RAW) == sorted(made_archives)
    assert names(tmp_path / "KMNIST") == [".lock", "raw"]
    assert reports == {
        name: (len(content), len(content)) for name, content in made_archives.items()
    }
    registry.load(KMNIST, tmp_path)
    assert len(server.requests) == 4


def test_what_is_not_the_published_file_is_refused(
    server: DataServer, made_archives: dict[str, bytes], tmp_path: Path
) -> None:
    server.serve(made_archives)  # good IDX files, but not the real KMNIST
    with pytest.raises(DataError) as caught:
        registry.load(KMNIST, tmp_path)
    assert "not the published file" in caught.value.message
    assert names(tmp_path / "KMNIST") == [".lock"]


def test_a_mirror_of_one_s_own_may_pack_as_it_likes(
    server: DataServer,
    made_archives: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("BILSTM_MIRROR", f"{server.url}/own/")
    server.serve(made_archives)
    registry.load(KMNIST, tmp_path)
    assert server.requests[0] == "/own/KMNIST/raw/train-images-idx3-ubyte.gz"


def test_only_what_is_missing_is_fetched(
    server: DataServer,
    made_archives: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    publish(made_archives, monkeypatch)
    server.serve(made_archives)
    (tmp_path / RAW).mkdir(parents=True)
    for name in list(made_archives)[1:]:
        (tmp_path / RAW / name).write_bytes(made_archives[name])
    damaged = tmp_path / RAW / "train-images-idx3-ubyte"
    damaged.write_bytes(b"half")
    warnings: list[str] = []
    registry.load(KMNIST, tmp_path, warn=warnings.append)
    assert server.requests == ["/public/train-images-idx3-ubyte.gz"]
    assert str(damaged) in warnings[0]
    assert damaged.read_bytes() == b"half"


def forbidden(_path: str, handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(403)


def cut_short(_path: str, handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"x" * 1000, promised=5000)


def an_error_page(_path: str, handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"<html>sign in to the hotel's network</html>")


def hang_up(_path: str, handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True  # without a word


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (forbidden, "the server answered 403"),
        (cut_short, "the transfer ended after 1,000 of 5,000 bytes"),
        (an_error_page, "it is not a gzip file"),
        (hang_up, "remote end closed connection"),
    ],
)
def test_a_bad_mirror_gives_way_to_the_next(
    server: DataServer,
    answer: Any,
    reason: str,
    made_archives: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    publish(made_archives, monkeypatch)
    monkeypatch.setattr(
        torchvision.datasets.KMNIST, "mirrors", [f"{server.url}/bad/", f"{server.url}/good/"]
    )
    server.serve(made_archives)
    serve = server.answer
    server.answer = lambda path, handler: (answer if "bad" in path else serve)(path, handler)
    registry.load(KMNIST, tmp_path / "one")

    server.answer = answer  # now both are bad: the message tells of each
    with pytest.raises(DataError) as caught:
        registry.load(KMNIST, tmp_path / "two")
    assert caught.value.exit_code == 3
    assert reason in caught.value.message
    assert "/bad/" in caught.value.message
    assert "/good/" in caught.value.message
    assert names(tmp_path / "two" / "KMNIST") == [".lock"]


def test_without_a_network_there_are_three_ways_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torchvision.datasets.KMNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError) as caught:
        registry.load(KMNIST, tmp_path)
    assert "connection refused" in caught.value.message
    first, second, third = caught.value.advice.splitlines()
    assert "choose the folder with KMNIST/raw" in first
    assert "Try again" in second
    assert "digits" in third
    assert [remedy.action for remedy in caught.value.remedies] == ["choose_data_dir", "set"]
    assert caught.value.remedies[1].settings == {"dataset": "digits"}


def test_a_mirror_s_address_that_is_none(
    server: DataServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BILSTM_MIRROR", "file:///etc")
    with pytest.raises(DataError, match="does not start with http"):
        registry.load(KMNIST, tmp_path)


def test_what_a_dead_process_left_is_cleared_away(
    server: DataServer,
    made_archives: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    publish(made_archives, monkeypatch)
    server.serve(made_archives)
    left = tmp_path / "KMNIST" / ".incoming"
    left.mkdir(parents=True)
    (left / "train-images-idx3-ubyte.gz").write_bytes(b"half")
    registry.load(KMNIST, tmp_path)
    assert names(tmp_path / "KMNIST") == [".lock", "raw"]


def test_a_silent_server_does_not_hold_up_a_stop(server: DataServer, tmp_path: Path) -> None:
    asked, done = threading.Event(), threading.Event()

    def silence(_path: str, _handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        done.wait()

    server.answer = silence
    with pytest.raises(control.RunStopped):
        registry.load(KMNIST, tmp_path, should_stop=asked.is_set)
    done.set()
    assert names(tmp_path / "KMNIST") == [".lock"]


def test_waiting_for_another_process_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "KMNIST").mkdir()
    with (tmp_path / "KMNIST" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        since = time.monotonic()
        with pytest.raises(control.RunStopped):
            registry.load(
                KMNIST,
                tmp_path,
                should_stop=lambda: time.monotonic() > since + 0.2,
            )


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(DataError, match="the file system cannot lock files"):
        registry.load(KMNIST, tmp_path / "new" / "folder")
    assert names(tmp_path) == []


@pytest.mark.parametrize("in_the_way", [".lock", ".incoming"])
def test_a_link_in_the_folder_is_not_followed(
    in_the_way: str, server: DataServer, made_archives: dict[str, bytes], tmp_path: Path
) -> None:
    server.serve(made_archives)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("theirs")
    link = tmp_path / "KMNIST" / in_the_way
    link.parent.mkdir()
    link.symlink_to(theirs if in_the_way == ".incoming" else theirs / "file")
    with pytest.raises(DataError, match=f"cannot be stored there: .*{in_the_way}"):
        registry.load(KMNIST, tmp_path)
    assert names(theirs) == ["file"]
    assert (theirs / "file").read_text() == "theirs"
    assert link.is_symlink()
    assert server.requests == []


def test_a_pipe_in_place_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "KMNIST").mkdir()
    os.mkfifo(tmp_path / "KMNIST" / ".lock")
    with pytest.raises(DataError, match=r"it is not a regular file: .*\.lock"):
        registry.load(KMNIST, tmp_path)


@pytest.mark.parametrize("place", ["/proc/nowhere", "{tmp}/file"])
def test_a_place_where_nothing_can_be_stored(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = Path(place.format(tmp=tmp_path))
    with pytest.raises(DataError) as caught:
        registry.load(KMNIST, folder)
    assert "cannot be" in caught.value.message
    assert caught.value.remedies[0].action == "choose_data_dir"


def obey_permissions() -> None:
    """In a child process: let file permissions bind root as they bind everybody."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    prctl = ctypes.CDLL(None).prctl
    prctl(drop_from_bounding_set, dac_override, 0, 0, 0)
    prctl(drop_from_bounding_set, dac_read_search, 0, 0, 0)


def test_read_only_folders_and_a_full_disk(
    server: DataServer, made_archives: dict[str, bytes], tmp_path: Path
) -> None:
    """In a process that obeys permissions, and at last one whose files may not pass 4 KiB."""
    server.serve(made_archives)
    for folder, there in (("complete", 0), ("partial", 1)):
        raw = tmp_path / folder / RAW
        raw.mkdir(parents=True)
        for name in list(made_archives)[there:]:
            (raw / name).write_bytes(made_archives[name])
            (raw / name).chmod(0o444)
        for path in (raw, raw.parent, raw.parent.parent):
            path.chmod(0o555)
    code = """
import resource
from pathlib import Path
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import load
from bilstm_core.errors import DataError
for folder in ("complete", "partial", "full"):
    if folder == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    try:
        print(len(load(RunConfig(dataset="kmnist"), Path(folder)).train))
    except DataError as error:
        print(" ".join(error.message.lower().split()))
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "BILSTM_MIRROR": server.url},
        preexec_fn=obey_permissions,
        capture_output=True,
        text=True,
        check=True,
    )
    complete, partial, full = result.stdout.splitlines()
    assert complete == "60000"
    assert "cannot be stored there: permission denied" in partial
    assert "cannot be stored there: file too large" in full
    assert names(tmp_path / "full" / "KMNIST") == [".lock"]


def count_images(folder: Path, mirror: str) -> int:
    os.environ["BILSTM_MIRROR"] = mirror
    return len(registry.load(KMNIST, folder).train)


def test_two_processes_at_once_fetch_once(
    server: DataServer, made_archives: dict[str, bytes], tmp_path: Path
) -> None:
    server.serve(made_archives)
    with ProcessPoolExecutor(2, FORKSERVER) as pool:
        counts = [pool.submit(count_images, tmp_path, server.url) for _ in range(2)]
        assert [count.result() for count in counts] == [60_000, 60_000]
    assert len(server.requests) == 4
