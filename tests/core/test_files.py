"""Files are written whole or not at all, and never through links."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bilstm_core import files
from bilstm_core.files import Folder, open_regular_file, write_atomically


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    path = tmp_path / "folder"
    path.mkdir()
    with Folder(path) as opened:
        yield opened


class TestReplacing:
    def test_the_old_file_is_kept_under_another_name(self, folder: Folder) -> None:
        for content in (b"1", b"2", b"3"):
            folder.replace("a", content, keep="b")
        assert (folder.path / "a").read_bytes() == b"3"
        assert (folder.path / "b").read_bytes() == b"2"
        assert folder.names() == ["a", "b"]

    def test_what_cannot_be_written_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        write_atomically(path, b"old")
        (tmp_path / ".a.incoming").mkdir()
        with pytest.raises(OSError, match="incoming"):
            write_atomically(path, b"new")
        assert path.read_bytes() == b"old"

    @pytest.mark.parametrize("call", ["fsync", "rename", "link", "unlink"])
    def test_a_call_that_fails_leaves_nothing_behind(
        self, call: str, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.replace("a", b"old")
        real = getattr(os, call)
        failures = [errno.EPERM if call == "link" else errno.EIO]

        def fail_once(*arguments: Any, **options: Any) -> Any:
            if failures:
                raise OSError(failures.pop(), "Input/output error")
            return real(*arguments, **options)

        monkeypatch.setattr(os, call, fail_once)
        if call == "link":  # as on a file system without hard links
            folder.replace("a", b"new", keep="b")
            assert folder.names() == ["a", "b"]
            return
        with pytest.raises(OSError, match="Input/output error"):
            folder.replace("a", b"new", keep="b")
        assert (folder.path / "a").read_bytes() == b"old"
        assert ".a.incoming" not in folder.names()

    def test_of_files_that_belong_together_none_is_replaced_if_one_fails(
        self, folder: Folder
    ) -> None:
        folder.replace("a", b"old")
        (folder.path / ".b.incoming").mkdir()
        with pytest.raises(OSError, match="incoming"):
            folder.replace_all({"a": b"new", "b": b"new"})
        assert (folder.path / "a").read_bytes() == b"old"
        assert folder.names() == [".b.incoming", "a"]
        (folder.path / ".b.incoming").rmdir()
        folder.replace_all({"a": b"new", "b": b"too"})
        assert [(folder.path / name).read_bytes() for name in folder.names()] == [b"new", b"too"]

    def test_two_processes_at_once(self, folder: Folder) -> None:
        """Neither fails, and what is read is always all that one of them wrote."""
        code = """
import sys
from pathlib import Path
from bilstm_core.files import write_atomically
for _ in range(100):
    write_atomically(Path(sys.argv[1]), sys.argv[2].encode() * 50_000)
"""
        path = folder.path / "a"
        whole = {content * 50_000 for content in (b"1", b"2")}
        folder.replace("a", b"1" * 50_000)
        writers = [
            subprocess.Popen([sys.executable, "-c", code, str(path), content]) for content in "12"
        ]
        while any(writer.poll() is None for writer in writers):
            assert path.read_bytes() in whole
        assert [writer.wait() for writer in writers] == [0, 0]
        assert folder.names() == ["a"]

    def test_a_writer_that_does_not_finish_is_not_disturbed(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "_WAIT_SECONDS", 0.05)
        with folder.open(".a.incoming", "xb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(OSError, match="Another process is writing it"):
                folder.replace("a", b"1")
            assert folder.is_same(".a.incoming", file.fileno())
        folder.replace("a", b"1")  # it has ended
        assert folder.names() == ["a"]

    def test_a_file_that_is_kept_already_is_kept_again(self, folder: Folder) -> None:
        """As after a replacement that failed in its last call."""
        folder.replace("a", b"1")
        (folder.path / "b").hardlink_to(folder.path / "a")
        folder.replace("a", b"2", keep="b")
        assert (folder.path / "b").read_bytes() == b"1"
        assert folder.names() == ["a", "b"]

    @pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
    def test_a_file_system_that_cannot_sync_is_no_failure(
        self, code: int, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unsupported(_: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "fsync", unsupported)
        folder.replace("a", b"1")
        assert (folder.path / "a").read_bytes() == b"1"


class TestLinks:
    def test_a_folder_that_is_a_link_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path)
        with pytest.raises(OSError, match=r"directory|links"):
            Folder(tmp_path / "link")
        with Folder(tmp_path / "link", follow=True) as folder:
            assert folder.has("link")

    def test_a_path_that_comes_to_name_something_else_changes_nothing(
        self, folder: Folder, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.mkdir()
        (other / "a").write_bytes(b"somebody else's")
        folder.replace("a", b"1")
        folder.path.rename(tmp_path / "moved")
        folder.path.symlink_to(other)
        folder.replace("a", b"2")
        folder.unlink("b")
        folder.remove()
        assert not folder.is_in_place()
        assert (other / "a").read_bytes() == b"somebody else's"
        assert (tmp_path / "moved" / "a").read_bytes() == b"2"

    @pytest.mark.parametrize("mode", ["wb", "ab", "r+b"])
    def test_a_hard_link_is_not_written_to(self, mode: str, folder: Folder, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"somebody else's")
        (folder.path / "a").hardlink_to(other)
        with pytest.raises(OSError, match="another name"):
            folder.open("a", mode)
        assert other.read_bytes() == b"somebody else's"
        folder.replace("a", b"1")
        assert other.read_bytes() == b"somebody else's"

    def test_what_lies_where_a_file_will_be_written_is_not_followed(
        self, folder: Folder, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"somebody else's")
        (folder.path / ".a.incoming").hardlink_to(other)
        folder.replace("a", b"1")
        (folder.path / ".a.incoming").symlink_to(other)
        folder.replace("a", b"2")
        assert other.read_bytes() == b"somebody else's"
        assert folder.names() == ["a"]

    def test_pipes_and_links_are_not_opened(self, folder: Folder) -> None:
        os.mkfifo(folder.path / "pipe")
        (folder.path / "link").symlink_to("/etc/hostname")
        for name in ("pipe", "link"):
            for mode in ("rb", "ab"):
                with pytest.raises(OSError, match=r"regular|links|No such device"):
                    folder.open(name, mode)
            with pytest.raises(OSError, match=r"regular|links"):
                open_regular_file(folder.path / name, "rb")
