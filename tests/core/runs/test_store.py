"""The run directory: names, finding, one writer, nothing of the user's lost."""

from pathlib import Path

import pytest

from bilstm_core.errors import OutputError, RunBusyError, RunNotFoundError, UsageError
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run, find_run, list_runs, remove_run
from tests.samples import small_config


def made(folder: Path, label: str = "x") -> Run:
    run, lock = create_run(folder, small_config(), label)
    lock.release()
    return run


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
        assert remove_run(run) == [run.path / "notes.txt"]
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
