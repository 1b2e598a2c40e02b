"""Servers that are not to be trusted, and URLs with something secret in them."""

import base64
import gzip
import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.request import Request

import numpy as np
import pytest

from bilstm_core.data.sources import download as module
from bilstm_core.data.sources.download import Mirror, download
from bilstm_core.data.sources.idx import IdxFile
from bilstm_core.errors import DataError
from bilstm_core.stopping import RunStopped
from tests.conftest import DataServer, idx_bytes, send

PACKED = gzip.compress(idx_bytes(np.arange(10, dtype=np.uint8)), mtime=0)
FILE = IdxFile("labels", (10,), None, largest=9, gz_md5=hashlib.md5(PACKED).hexdigest())

Answer = Callable[[str, BaseHTTPRequestHandler], None]


def fetch(folder: Path, *mirrors: Mirror, should_stop: Callable[[], bool] = lambda: False) -> bytes:
    """Download the file into a folder, and read it there."""
    download([FILE], mirrors, folder / "raw", lambda *_: None, should_stop)
    return (folder / "raw" / FILE.gz_name).read_bytes()


def failure(folder: Path, *mirrors: Mirror) -> str:
    """The message of a download that fails and leaves nothing."""
    with pytest.raises(DataError) as caught:
        fetch(folder, *mirrors)
    assert list(folder.iterdir()) == []
    return caught.value.message


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """Holds answers until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def redirect(handler: BaseHTTPRequestHandler, *location: str) -> None:
    handler.send_response(302)
    for place in location:
        handler.send_header("Location", place)
    handler.end_headers()


def pour(handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    """Send a piece again and again until the other side has had enough."""
    with suppress(OSError):
        while True:
            handler.wfile.write(piece)


def endless(_path: str, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    pour(handler, bytes(1 << 16))


def start_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.protocol_version = "HTTP/1.1"
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()


def endless_chunks(_path: str, handler: BaseHTTPRequestHandler) -> None:
    start_chunks(handler)
    pour(handler, b"1000\r\n" + bytes(0x1000) + b"\r\n")


def chunks_cut_short(_path: str, handler: BaseHTTPRequestHandler) -> None:
    start_chunks(handler)
    handler.wfile.write(b"1000\r\nhalf")


def whole_chunks(_path: str, handler: BaseHTTPRequestHandler) -> None:
    start_chunks(handler)
    handler.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED))


def promise_too_much(_path: str, handler: BaseHTTPRequestHandler) -> None:
    send(handler, PACKED, promised=10**10)


def promise_too_little(_path: str, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "20")
    handler.end_headers()
    handler.wfile.write(PACKED)


def promise_nonsense(_path: str, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "many")
    handler.end_headers()
    handler.wfile.write(PACKED)


def html(_path: str, handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"<html>sign in to the hotel's network</html>")


def another_protocol(_path: str, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 ready for mail\r\n")


def in_circles(path: str, handler: BaseHTTPRequestHandler) -> None:
    redirect(handler, path)


def nowhere(_path: str, handler: BaseHTTPRequestHandler) -> None:
    redirect(handler)


def to_a_file(_path: str, handler: BaseHTTPRequestHandler) -> None:
    redirect(handler, "file:///etc/passwd")


def to_ftp(_path: str, handler: BaseHTTPRequestHandler) -> None:
    redirect(handler, "ftp://127.0.0.1/x.gz")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (endless, "the server sends more than 4,114 bytes"),
        (endless_chunks, "the server sends more than 4,114 bytes"),
        (chunks_cut_short, "the transfer ended too early"),
        (promise_too_much, "the server sends more than 4,114 bytes"),
        (promise_too_little, "it is truncated"),
        (html, "it is not a gzip file"),
        (another_protocol, "the answer is not valid HTTP"),
        (in_circles, "the server answered 302 Found, a redirect that leads nowhere"),
        (nowhere, "the server answered 302 Found, a redirect that leads nowhere"),
        (to_a_file, "the server answered 302 Found, a redirect that leads nowhere"),
        (to_ftp, "the server redirects to another one, ftp://127.0.0.1"),
    ],
)
def test_a_sentence_and_the_next_mirror(
    answer: Answer, reason: str, server: DataServer, tmp_path: Path
) -> None:
    def either(path: str, handler: BaseHTTPRequestHandler) -> None:
        answer(path, handler) if "bad" in path else send(handler, PACKED)

    server.answer = either
    bad, good = (Mirror(f"{server.url}/{name}/", is_official=True) for name in ("bad", "good"))
    url = f"{server.url}/bad/labels.gz"
    assert failure(tmp_path, bad, bad).splitlines()[1:] == [f"{url}: {reason}"] * 2
    assert fetch(tmp_path, bad, good) == PACKED


@pytest.mark.parametrize("answer", [whole_chunks, promise_nonsense])
def test_a_size_need_not_be_announced(answer: Answer, server: DataServer, tmp_path: Path) -> None:
    server.answer = answer
    assert fetch(tmp_path, Mirror(server.url, is_official=True)) == PACKED


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n\r\nx", b"HTTP/1.1 200 OK\r\nX-Head", b""])
def test_a_server_that_is_too_slow(
    start: bytes,
    server: DataServer,
    held: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def drip(_path: str, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        held.wait()

    server.answer = drip
    monkeypatch.setattr(module, "GRACE_SECONDS", 0)
    message = failure(tmp_path, Mirror(server.url, is_official=True))
    assert "the server is too slow: " in message
    assert "at least 5,000 bytes/s are needed" in message


def test_a_server_that_says_nothing(
    server: DataServer, held: threading.Event, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.answer = lambda *_: (held.wait(), None)[1]
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.01)
    assert "no answer within 0.01 s" in failure(tmp_path, Mirror(server.url, is_official=True))


def test_a_trickle_does_not_hold_up_a_stop(
    server: DataServer, held: threading.Event, tmp_path: Path
) -> None:
    started = threading.Event()

    def trickle(_path: str, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        started.set()
        held.wait()

    server.answer = trickle
    with pytest.raises(RunStopped):
        fetch(tmp_path, Mirror(server.url, is_official=True), should_stop=started.is_set)
    assert list(tmp_path.iterdir()) == []


class TestRedirects:
    def test_within_the_server(self, server: DataServer, tmp_path: Path) -> None:
        seen: list[str | None] = []

        def answer(path: str, handler: BaseHTTPRequestHandler) -> None:
            seen.append(handler.headers["Authorization"])
            send(handler, PACKED) if "there" in path else redirect(handler, "/there")

        server.answer = answer
        url = server.url.replace("//", "//user:secret@")
        assert fetch(tmp_path, Mirror(url, is_official=True)) == PACKED
        assert len(seen) == 2
        assert seen[0] == seen[1] is not None

    def test_not_to_another_server(self, server: DataServer, tmp_path: Path) -> None:
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        server.answer = lambda _, handler: redirect(handler, f"{elsewhere}/?secret")
        message = failure(tmp_path, Mirror(f"{server.url}/here/", is_official=True))
        assert message.endswith(f"the server redirects to another one, {elsewhere}")
        assert server.requests == ["/here/labels.gz"]

    def test_the_content_of_a_redirect_is_not_read(
        self, server: DataServer, tmp_path: Path
    ) -> None:
        def answer(path: str, handler: BaseHTTPRequestHandler) -> None:
            if "there" in path:
                send(handler, PACKED)
            else:
                redirect(handler, "/there")
                pour(handler, bytes(1 << 16))

        server.answer = answer
        assert fetch(tmp_path, Mirror(server.url, is_official=True)) == PACKED

    @pytest.mark.parametrize(
        ("old", "new", "is_followed"),
        [
            ("http://host:8000/a", "http://host:8000/b", True),
            ("http://host/a", "https://host/a", True),
            ("http://host/a", "https://HOST:443/a", True),
            ("https://host/a", "http://host/a", False),
            ("http://host/a", "http://host:8000/a", False),
            ("http://host/a", "https://host.example/a", False),
            ("http://host/a", "https://host@example/a", False),
        ],
    )
    def test_from_http_to_https_and_never_back(self, old: str, new: str, is_followed: bool) -> None:
        def follow() -> Request | None:
            handler = module._SameServer()
            return handler.redirect_request(Request(old), io.BytesIO(), 302, "", HTTPMessage(), new)

        if is_followed:
            request = follow()
            assert request is not None
            assert request.full_url == new
        else:
            with pytest.raises(DataError, match="redirects to another one"):
                follow()


NOT_SHOWN: list[Any] = [
    "http://user:secret@127.0.0.1:9/data?secret#secret",
    "http://secret@127.0.0.1:9/data/?key=a@secret",
    "http://user:sec@ret:secret@127.0.0.1:9",
    "http://127.0.0.1:9/ ?secret",
    "http://127.0.0.1:9/\x01?secret",
    "http://127.0.0.1:secret/",
    "http://user:secret@[::1",
    "http://user:secret@h℀/",  # no host name once it is normalised
    "http://user:secret\udcff@127.0.0.1:9/",  # not UTF-8 in the environment
    "user:secret@127.0.0.1:9/",
    "file://user:secret@127.0.0.1/",
    "secret",
]


class TestSecrets:
    @pytest.mark.parametrize("url", NOT_SHOWN)
    def test_no_message_contains_them(self, url: str, tmp_path: Path) -> None:
        mirror = Mirror(url, is_official=False, folder="KMNIST/raw/")
        assert "secret" not in failure(tmp_path, mirror) + repr(mirror)

    def test_the_rest_of_the_url_is_shown(self, tmp_path: Path) -> None:
        mirror = Mirror("http://user:secret@127.0.0.1:9/data?key", False, "KMNIST/raw/")
        expected = "http://127.0.0.1:9/data/KMNIST/raw/labels.gz: connection refused"
        assert failure(tmp_path, mirror).endswith(expected)

    @pytest.mark.parametrize(
        "url",
        ["http://user:/secret@host/", "http://user:?secret@host/", "http://user:#secret@host/"],
    )
    def test_a_url_that_is_not_clear_is_named_by_its_variable(self, url: str) -> None:
        assert Mirror(url, is_official=False).shown("labels.gz") == "BILSTM_MIRROR"

    @pytest.mark.parametrize(
        "proxy",
        [
            "http://user:secret@127.0.0.1:9",
            "http://127.0.0.1:secret",
            "user:secret@127.0.0.1:9",
            "http:/user:secret@127.0.0.1:9",
            "socks5://user:secret@127.0.0.1:9",
        ],
    )
    def test_nor_those_of_a_proxy(
        self, proxy: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        message = failure(tmp_path, Mirror("http://mirror.invalid/", is_official=True))
        assert "secret" not in message

    def test_a_proxy_that_refuses(
        self, server: DataServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("https_proxy", server.url.replace("//", "//user:secret@"))
        monkeypatch.setenv("no_proxy", "")
        message = failure(tmp_path, Mirror("https://mirror.invalid/", is_official=True))
        assert "tunnel connection failed: 501" in message
        assert "secret" not in message

    def test_they_are_sent(self, server: DataServer, tmp_path: Path) -> None:
        sent: list[str] = []

        def answer(_path: str, handler: BaseHTTPRequestHandler) -> None:
            sent.append(handler.headers["Authorization"])
            send(handler, PACKED)

        server.answer = answer
        url = server.url.replace("//", "//me%40home:a%2Fb:c@")
        mirror = Mirror(f"{url}/data/?key=1&x=2", is_official=False, folder="KMNIST/raw/")
        assert fetch(tmp_path, mirror) == PACKED
        assert server.requests == ["/data/KMNIST/raw/labels.gz?key=1&x=2"]
        assert sent == ["Basic " + base64.b64encode(b"me@home:a/b:c").decode()]
