"""The event log: one appends, others follow, whatever happens to the file."""

import errno
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_core import events
from bilstm_core.files import Folder
from bilstm_core.runs import event_log
from bilstm_core.runs.event_log import EventLog, LogReader, open_log, read_tail


def step(number: int) -> events.Progress:
    return events.Progress(
        time=1.0, epoch=1, step=number, losses=[0.5], learning_rate=0.1, samples_per_second=9.0
    )


def line(number: int) -> bytes:
    return events.to_json(step(number)).encode() + b"\n"


def steps(reported: list[events.Event]) -> list[int]:
    return [event.step for event in reported if isinstance(event, events.Progress)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


class TestReader:
    def test_it_gives_what_is_new(self, path: Path) -> None:
        writer, reader = EventLog(Folder(path.parent), path.name), LogReader(path)
        writer.append(step(1))
        assert steps(reader.read()) == [1]
        assert reader.read() == []
        writer.append(step(2))
        writer.append(step(3))
        assert steps(reader.read()) == [2, 3]
        writer.close()

    def test_a_line_waits_for_its_end(self, path: Path) -> None:
        path.write_bytes(line(1) + line(2)[:20])
        reader = LogReader(path)
        assert steps(reader.read()) == [1]
        path.write_bytes(line(1) + line(2))
        assert steps(reader.read()) == [2]
        assert reader.skipped_lines == 0

    def test_garbage_is_passed_over(self, path: Path) -> None:
        path.write_bytes(line(1) + b"\x00\xff{{{\n\n[]\n" + line(2))
        reader = LogReader(path)
        assert steps(reader.read()) == [1, 2]
        assert reader.skipped_lines == 2

    def test_a_file_that_shrank_is_read_anew(self, path: Path) -> None:
        path.write_bytes(line(1) + line(2))
        reader = LogReader(path)
        reader.read()
        path.write_bytes(line(3))
        assert steps(reader.read()) == [3]

    def test_a_file_that_was_replaced_is_read_anew(self, path: Path, tmp_path: Path) -> None:
        path.write_bytes(line(1))
        reader = LogReader(path)
        reader.read()
        (tmp_path / "other").write_bytes(line(7) + line(8))
        (tmp_path / "other").replace(path)
        assert steps(reader.read()) == [7, 8]

    def test_a_file_that_is_gone_is_waited_for(self, path: Path) -> None:
        reader = LogReader(path)
        assert reader.read() == []
        path.write_bytes(line(1))
        assert steps(reader.read()) == [1]
        path.unlink()
        assert reader.read() == []

    def test_an_endless_line_is_skipped(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_log, "_READ_BYTES", 1000)
        path.write_bytes(line(1) + b"x" * 5500 + b"\n" + line(2))
        reader, reported = LogReader(path), []
        for _ in range(20):
            reported += reader.read()
        assert steps(reported) == [1, 2]

    def test_much_garbage_is_not_the_end(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_log, "_READ_BYTES", 1000)
        path.write_bytes(line(1) + b"garbage\n" * 1000 + line(2))
        reader = LogReader(path)
        assert steps(reader.read() + reader.read()) == [1, 2]

    @settings(max_examples=50)
    @given(st.lists(st.binary(max_size=80), max_size=6))
    def test_no_bytes_are_an_error(self, tmp_path: Path, pieces: list[bytes]) -> None:
        path = tmp_path / "fuzz.jsonl"
        path.unlink(missing_ok=True)
        reader = LogReader(path)
        content = b""
        for piece in pieces:
            content += piece
            path.write_bytes(content)
            assert reader.read() == []

    def test_a_link_is_not_followed(self, path: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").write_bytes(line(1))
        path.symlink_to(tmp_path / "elsewhere")
        assert LogReader(path).read() == []
        with pytest.raises(OSError, match=r"symbolic|links"):
            EventLog(Folder(path.parent), path.name)


class TestWriter:
    def test_it_goes_on_after_a_line_that_a_crash_cut(self, path: Path) -> None:
        path.write_bytes(line(1) + line(2)[:30])
        writer = EventLog(Folder(path.parent), path.name)
        writer.append(step(3))
        writer.close()
        assert steps(LogReader(path).read()) == [1, 3]

    def test_a_full_disk_delays_lines_and_loses_none(self, path: Path) -> None:
        writer = EventLog(Folder(path.parent), path.name)
        real = writer._file

        class Full:
            def write(self, content: bytearray) -> int:
                if len(content) > 40:
                    return real.write(content[:40])
                raise OSError(errno.ENOSPC, "No space left on device")

        writer._file = Full()  # pyright: ignore[reportAttributeAccessIssue]
        writer.append(step(1))
        writer.append(step(2))
        assert writer.failure is not None
        writer._file = real
        writer.append(step(3))
        assert writer.failure is None
        writer.close()
        assert steps(LogReader(path).read()) == [1, 2, 3]


class TestOpening:
    def test_a_large_log_is_sampled_and_followed(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {
            "_WHOLE_BELOW_BYTES": 10_000,
            "_END_BYTES": 5_000,
            "_SAMPLE_BYTES": 600,
            "_SAMPLES": 20,
        }.items():
            monkeypatch.setattr(event_log, name, value)
        path.write_bytes(b"".join(map(line, range(1, 3001))))
        reported, reader = open_log(path)
        seen = steps(reported)
        assert seen == sorted(set(seen))
        assert seen[0] == 1
        assert seen[-1] == 3000
        assert 60 < len(seen) < 400
        assert max(later - earlier for earlier, later in pairwise(seen)) < 300
        with path.open("ab") as file:
            file.write(line(3001))
        assert steps(reader.read()) == [3001]

    def test_the_tail(self, path: Path) -> None:
        path.write_bytes(b"".join(map(line, range(1, 101))))
        assert steps(read_tail(path, 1000))[-1] == 100
        assert len(steps(read_tail(path, 1000))) < 20
        assert len(read_tail(path, 10**9)) == 100
