"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from bilstm_core.files import write_atomically


class TestAtomicWriting:
    def test_the_old_file_is_kept_under_another_name(self, tmp_path: Path) -> None:
        path, old = tmp_path / "a", tmp_path / "b"
        for content in (b"1", b"2", b"3"):
            write_atomically(path, content, keep=old)
        assert (path.read_bytes(), old.read_bytes()) == (b"3", b"2")
        assert sorted(tmp_path.iterdir()) == [path, old]

    def test_what_cannot_be_written_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        write_atomically(path, b"old")
        (tmp_path / ".a.incoming").mkdir()
        with pytest.raises(OSError, match="incoming"):
            write_atomically(path, b"new")
        assert path.read_bytes() == b"old"
