"""A run that was interrupted and resumed has the numbers of an uninterrupted one."""

import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_core import events
from bilstm_core.errors import BilstmError, OutputError, UsageError
from bilstm_core.files import Folder
from bilstm_core.network.weights import load
from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.training import lane_tuning
from bilstm_core.training.lanes import Layout
from tests.samples import small_config
from tests.sessions import StopAfter, assert_equal, history, resume, start

EVERYTHING: dict[str, Any] = {
    "num_epochs": 4,
    "num_layers": 2,
    "dropout": 0.3,
    "augment": "affine",
    "optimizer": "adamw",
    "ema_decay": 0.9,
    "clip_norm": 1.0,
    "label_smoothing": 0.1,
    "validation_fraction": 0.2,
    "patience": 3,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return start(tmp_path_factory.mktemp("whole"), small_config(**EVERYTHING))


class TestExactResume:
    @pytest.mark.parametrize("steps", [0, 1, 7, 17, 18, 19, 40, 72, 74])
    def test_stopped_anywhere_and_gone_on_with(
        self, steps: int, whole: Run, tmp_path: Path
    ) -> None:
        run = start(tmp_path, small_config(**EVERYTHING), StopAfter(steps))
        assert read_overview(run).status == "stopped"
        assert resume(run) == 0
        assert read_overview(run).status == "finished"
        assert_equal(whole, run)

    @pytest.mark.usefixtures("two_threads")
    def test_it_goes_on_with_the_same_layout_as_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Though another would be faster by now: the last bits of sums depend on it."""
        lanes, one = Layout(2, 1, 1), Layout()
        monkeypatch.delenv("OMP_NUM_THREADS")
        monkeypatch.setattr(lane_tuning, "_remembered", dict)
        monkeypatch.setattr(lane_tuning, "measure", lambda *_: {lanes: 1.0, one: 2.0})
        run = start(tmp_path, small_config(), StopAfter(7))
        monkeypatch.setattr(lane_tuning, "measure", lambda *_: {lanes: 2.0, one: 1.0})
        resume(run)
        other = start(tmp_path, small_config())

        def layouts(run: Run) -> list[tuple[int, int]]:
            reported = open_log(run.log_file)[0]
            devices = [event.device for event in reported if isinstance(event, events.RunStarted)]
            return [(device.threads, device.lanes) for device in devices]

        assert layouts(run) == [(2, 2), (2, 2)]
        assert layouts(other) == [(1, 1)]

    @pytest.mark.usefixtures("two_threads")
    def test_in_lanes(self, tmp_path: Path) -> None:
        config = small_config(**EVERYTHING, lanes=2)
        run = start(tmp_path / "b", config, StopAfter(30))
        resume(run)
        assert_equal(start(tmp_path / "a", config), run)

    def test_stopped_again_and_again(self, whole: Run, tmp_path: Path) -> None:
        run = start(tmp_path, small_config(**EVERYTHING), StopAfter(5))
        for _ in range(30):
            if resume(run, StopAfter(5)) == 0:
                break
        assert_equal(whole, run)

    @pytest.mark.usefixtures("two_threads")
    @pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
    @pytest.mark.parametrize(("cell", "lanes"), [("lstm", 1), ("gru", 2)])
    def test_every_schedule(self, schedule: str, cell: str, lanes: int, tmp_path: Path) -> None:
        rate = {"schedule": schedule, "optimizer": "sgd", "learning_rate": 0.1}
        config = small_config(cell=cell, lanes=lanes, **rate)
        run = start(tmp_path / "b", config, StopAfter(30))
        resume(run)
        assert_equal(start(tmp_path / "a", config), run)

    def test_a_finished_run_goes_on_for_more_epochs(self, tmp_path: Path) -> None:
        config = small_config(schedule="constant")
        run = start(tmp_path / "a", config)
        with pytest.raises(UsageError, match="is finished"):
            session.resume_run(run, {})
        assert not run.is_live
        resume(run, num_epochs="4")
        assert Run(run.path).config.num_epochs == 4
        longer = start(tmp_path / "b", config.model_copy(update={"num_epochs": 4}))
        assert_equal(longer, run)

    @pytest.mark.parametrize("name", ["model.safetensors", "summary.json"])
    def test_a_result_that_could_not_be_saved_is_written_on_resume(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config, write = small_config(), Folder.replace
        whole = start(tmp_path / "whole", config)

        def full(folder: Folder, file: str, *rest: Any) -> None:
            if file == name:
                raise OSError(28, "No space left on device")
            write(folder, file, *rest)

        opened = session.start_run(config, tmp_path / "full")
        monkeypatch.setattr(Folder, "replace", full)
        with pytest.raises(OutputError) as caught:
            opened.train(lambda _: None, StopRequest())
        monkeypatch.setattr(Folder, "replace", write)
        assert caught.value.exit_code == 5
        assert f"{name}: No space left on device" in caught.value.message
        assert [it.action for it in caught.value.remedies] == ["resume"]
        assert read_overview(opened.run).status == "finished"
        assert resume(opened.run) == 0
        assert_equal(whole, opened.run)
        assert opened.run.model_file.read_bytes() == whole.model_file.read_bytes()
        assert opened.run.summary_file.exists()
        with pytest.raises(UsageError, match="is finished"):
            session.resume_run(opened.run, {})

    def test_a_damaged_model_of_a_finished_run_is_written_again(self, tmp_path: Path) -> None:
        run = start(tmp_path, small_config())
        content = run.model_file.read_bytes()
        run.model_file.write_bytes(content[:-9])
        assert resume(run) == 0
        assert run.model_file.read_bytes() == content

    def test_fewer_epochs_than_it_has_trained_are_refused(self, tmp_path: Path) -> None:
        run = start(tmp_path, small_config(num_epochs=6), StopAfter(97))
        with pytest.raises(UsageError, match="is less than"):
            session.resume_run(run, {"num_epochs": "2"})
        assert Run(run.path).config.num_epochs == 6

    def test_one_that_stopped_early_goes_on_with_more_patience(self, tmp_path: Path) -> None:
        config = small_config(
            validation_fraction=0.3, patience=1, num_epochs=60, learning_rate=0.1,
            schedule="constant",
        )  # fmt: skip
        run = start(tmp_path, config)
        trained = max(history(run).epochs)
        assert trained < 60
        with pytest.raises(UsageError, match="had not fallen") as caught:
            session.resume_run(run, {"num_epochs": "70"})
        (remedy,) = caught.value.remedies
        assert (remedy.action, remedy.run) == ("resume", run.name)
        assert remedy.settings.keys() == {"patience", "num_epochs"}
        resume(run, patience="5")
        assert max(history(run).epochs) > trained


class TestHostileFiles:
    @settings(max_examples=60)
    @given(
        name=st.sampled_from(
            [
                "config.toml",
                "events.jsonl",
                "checkpoint.safetensors",
                "summary.json",
                "model.safetensors",
            ]
        ),
        data=st.data(),
    )
    def test_whatever_they_hold_is_words_at_worst(
        self, name: str, data: st.DataObject, whole: Run, tmp_path: Path
    ) -> None:
        folder = tmp_path / "copy"
        folder.mkdir(exist_ok=True)
        for path in whole.path.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / "checkpoint.previous.safetensors").unlink(missing_ok=True)
        content = bytearray((folder / name).read_bytes())
        if data.draw(st.booleans()):
            content = bytearray(data.draw(st.binary(max_size=300)))
        else:
            for _ in range(data.draw(st.integers(1, 8))):
                content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
                    st.integers(0, 255)
                )
        (folder / name).write_bytes(content)
        run = Run(folder)
        read_overview(run)
        list(history(run).as_events())
        for attempt in (
            lambda: session.resume_run(run, {"num_epochs": "5"}).release(),
            lambda: load(run.model_file),
        ):
            with suppress(BilstmError):  # words; anything else fails the test
                attempt()

    def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(
        self, whole: Run, tmp_path: Path
    ) -> None:
        run = start(tmp_path, small_config(), StopAfter(3))
        for path in (run.log_file, run.checkpoint_file, run.model_file):
            path.unlink(missing_ok=True)
            os.mkfifo(path)
        read_overview(run)
        assert open_log(run.log_file)[0] == []
        with pytest.raises(BilstmError):
            load(run.model_file)

    def test_a_pipe_for_a_configuration(self, tmp_path: Path) -> None:
        run = start(tmp_path, small_config(), StopAfter(3))
        run.config_file.unlink()
        os.mkfifo(run.config_file)
        assert "is not a regular file" in read_overview(Run(run.path)).problem

    def test_a_name_that_is_not_utf_8(self, tmp_path: Path) -> None:
        run = start(tmp_path, small_config(), StopAfter(3))
        odd = run.path.rename(tmp_path / os.fsdecode(b"bad\xff"))
        assert resume(Run(odd)) == 0


def test_a_listener_that_goes_away_leaves_a_run_in_good_order(tmp_path: Path) -> None:
    opened = session.start_run(small_config(), tmp_path)

    def gone(event: events.Event) -> None:
        if event.type == "epoch_ended":
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        opened.train(gone, StopRequest())
    assert read_overview(opened.run).status == "stopped"
    assert resume(opened.run) == 0


def test_a_folder_is_not_given_up_at_the_first_look_that_misses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([1000.0, 1010.0, 1011.0, 1011.9, 1012.5])  # a step of ten seconds, then short ones
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: next(times)))
    opened = session.start_run(small_config(), tmp_path)
    opened.run.path.rename(tmp_path / "hidden")
    assert [opened._has_lost_its_folder() for _ in range(4)] == [False, False, False, True]
    opened.release()
