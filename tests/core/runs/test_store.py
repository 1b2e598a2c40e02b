"""The run directory: names, finding, one writer, nothing of the user's lost."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bilstm_core.config.resolve import to_toml
from bilstm_core.errors import OutputError, RunBusyError, RunNotFoundError, UsageError
from bilstm_core.events import to_json
from bilstm_core.files import Folder
from bilstm_core.processes.session import start_run
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import (
    create_run,
    find_run,
    list_runs,
    remove_run,
    require_writable_runs_dir,
)
from tests.samples import run_started, small_config


def made(folder: Path, label: str = "x") -> Run:
    run, lock = create_run(folder, small_config(), label)
    lock.release()
    return run


def named(folder: Path, name: str, time: float) -> Run:
    """A run with a log that starts at a time."""
    run = Run(folder / name)
    run.path.mkdir()
    run.config_file.write_text(to_toml(small_config()))
    event = run_started(small_config())
    run.log_file.write_text(to_json(replace(event, time=time)) + "\n")
    return run


class TestOrder:
    def test_the_latest_run_is_the_one_started_last_in_utc(self, tmp_path: Path) -> None:
        """A folder's name has the local time of some time zone, which may be set back."""
        second = named(tmp_path, "2026-11-26_090000_bilstm_abc", 2000.0)
        first = named(tmp_path, "2026-11-26_180000_bilstm_abd", 1000.0)
        assert list_runs(tmp_path) == [first, second]
        assert find_run(tmp_path, "latest") == second

    def test_a_clock_before_1970_is_a_time_as_well(self, tmp_path: Path) -> None:
        run = named(tmp_path, "1969-12-31_000000_bilstm_abc", -5000.0)
        assert run.start_time == -5000.0
        assert read_overview(run).status == "lost"
        assert len(open_log(run.log_file)[0]) == 1

    def test_a_run_from_the_future_is_no_later_than_its_files(self, tmp_path: Path) -> None:
        """Or a foreign folder would be `latest` for ever."""
        hostile = named(tmp_path, "a", 9e10)
        os.utime(hostile.config_file, (50, 50))
        latest = named(tmp_path, "b", 1000.0)
        assert find_run(tmp_path, "latest") == latest

    def test_a_run_without_a_log_yet_counts_by_its_files(self, tmp_path: Path) -> None:
        named(tmp_path, "b", 1000.0)
        latest = made(tmp_path)
        assert find_run(tmp_path, "latest") == latest


class TestNames:
    def test_a_run_is_named_readably_and_never_twice(self, tmp_path: Path) -> None:
        names = {made(tmp_path, "mine").name for _ in range(30)}
        assert len(names) == 30
        assert all("_mine_" in name for name in names)

    def test_the_network_names_it(self, tmp_path: Path) -> None:
        run, lock = create_run(tmp_path, small_config(cell="gru"))
        lock.release()
        assert "_bigru_" in run.name
        assert run.config == small_config(cell="gru")

    def test_a_failed_start_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Folder, "replace", full)
        with pytest.raises(OutputError, match="No space left"):
            create_run(tmp_path / "new" / "runs", small_config())
        assert list(tmp_path.iterdir()) == []

    def test_a_log_that_cannot_be_made_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = Folder.open

        def fail(folder: Folder, name: str, mode: str, buffering: int = -1) -> Any:
            if name == "events.jsonl":
                raise OSError(5, "Input/output error")
            return opened(folder, name, mode, buffering)

        monkeypatch.setattr(Folder, "open", fail)
        with pytest.raises(OutputError, match="cannot be written: Input/output error"):
            start_run(small_config(), tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("label", [".", "../x", "a/b", "a b", "\x1b[2J", "-x", "x" * 65])
    def test_what_is_no_name_is_refused(self, label: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="cannot be part of a folder's name"):
            create_run(tmp_path / "runs", small_config(), label)
        assert not (tmp_path / "runs").exists()

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "runs").touch()
        with pytest.raises(OutputError, match="No run can be created"):
            create_run(tmp_path / "runs", small_config())


class TestFinding:
    def test_by_name_beginning_label_path_and_latest(self, tmp_path: Path) -> None:
        first, second = made(tmp_path, "first"), made(tmp_path, "second")
        assert find_run(tmp_path, first.name) == first
        assert find_run(tmp_path, "second") == second
        assert find_run(tmp_path, "fir") == first
        assert find_run(tmp_path, first.name[-3:]) == first  # as a comparison names it
        assert find_run(tmp_path / "elsewhere", str(first.path)) == first
        assert find_run(tmp_path, "latest") == second
        assert list_runs(tmp_path) == [first, second]

    def test_a_whole_label_comes_before_its_beginning(self, tmp_path: Path) -> None:
        short, longer = made(tmp_path, "tr"), made(tmp_path, "tr2")
        assert find_run(tmp_path, "tr") == short
        with pytest.raises(RunNotFoundError, match="matches 2 runs") as caught:
            find_run(tmp_path, "t")
        assert caught.value.title == "Several runs match"
        again = made(tmp_path, "tr")
        with pytest.raises(RunNotFoundError) as caught:
            find_run(tmp_path, "tr")
        assert short.name in caught.value.message
        assert again.name in caught.value.message
        assert longer.name not in caught.value.message

    @pytest.mark.parametrize("which", ["", "nothing", "2", "..", "/etc", "./", "a\x00b"])
    def test_what_means_no_run_or_several(self, which: str, tmp_path: Path) -> None:
        made(tmp_path, "a")
        made(tmp_path, "b")
        with pytest.raises(RunNotFoundError):
            find_run(tmp_path, which)

    def test_the_nearest_name_is_offered(self, tmp_path: Path) -> None:
        made(tmp_path, "baseline")
        with pytest.raises(RunNotFoundError, match="Did you mean baseline"):
            find_run(tmp_path, "basline_")

    def test_no_runs_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(RunNotFoundError, match="There are no runs"):
            find_run(tmp_path / "none", "latest")


class TestRemoval:
    def test_our_files_go(self, tmp_path: Path) -> None:
        run = made(tmp_path)
        assert remove_run(run) == []
        assert list(tmp_path.iterdir()) == []

    def test_the_user_s_files_stay(self, tmp_path: Path) -> None:
        run = made(tmp_path)
        (run.path / "notes.txt").write_text("mine")
        assert remove_run(run) == ["notes.txt"]
        assert (run.path / "notes.txt").read_text() == "mine"
        assert list_runs(tmp_path) == []

    def test_a_link_s_target_stays(self, tmp_path: Path) -> None:
        run = made(tmp_path)
        precious = tmp_path / "precious"
        precious.write_text("mine")
        run.worker_log_file.symlink_to(precious)
        remove_run(run)
        assert precious.read_text() == "mine"

    def test_a_live_run_stays(self, tmp_path: Path) -> None:
        run, lock = create_run(tmp_path, small_config())
        with lock, pytest.raises(RunBusyError):
            remove_run(run)
        assert run.config == small_config()


def test_a_folder_s_name_is_shown_escaped_and_found_as_it_is_shown(tmp_path: Path) -> None:
    run, lock = create_run(tmp_path, small_config())
    lock.release()
    run.path.rename(tmp_path / "a\x1b\n\udcff")
    (found,) = list_runs(tmp_path)
    assert found.name == r"a\x1b\n\udcff"
    assert find_run(tmp_path, found.name) == found


class TestWritable:
    def test_nothing_is_left_of_the_check(self, tmp_path: Path) -> None:
        require_writable_runs_dir(tmp_path / "a" / "runs")
        require_writable_runs_dir(tmp_path)
        assert not any(tmp_path.iterdir())

    def test_a_folder_below_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(OutputError, match="No run can be created"):
            require_writable_runs_dir(tmp_path / "file" / "runs")

    def test_several_processes_check_the_same_missing_folder(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(4) as pool:
            for number in range(50):
                folder = tmp_path / str(number) / "runs"
                checks = [pool.submit(require_writable_runs_dir, folder) for _ in range(4)]
                assert [check.result() for check in checks] == [None] * 4
