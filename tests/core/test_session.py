"""Runs that are interrupted go on with the very numbers of a run that was not."""

import json
import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError, CheckpointError, NonFiniteLossError, UsageError
from bilstm_core.network.weights import load_weights
from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.orders import Orders, send_order
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.training import checkpoints
from bilstm_core.training import thread_tuning as thread_count
from tests.samples import small_config

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


class StopAfter(StopRequest):
    """Asks to stop when it was asked a number of times."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def is_asked(self) -> bool:
        self.count -= 1
        return self.count < 0


def begin(folder: Path, config: RunConfig, stop: StopRequest | None = None) -> Run:
    opened = session.start_run(config, folder)
    opened.train(lambda _: None, stop or StopRequest())
    return opened.run


def record(
    opened: session.Session, *, at: str, order: Literal["stop", "stop_at_once"]
) -> list[str]:
    """The types of the events of a session that is given an order at an event."""
    told: list[str] = []

    def listen(event: events.Event) -> None:
        told.append(event.type)
        if event.type == at:
            send_order(opened.run.commands_file, order)

    opened.train(listen, StopRequest())
    return told


def go_on(run: Run, stop: StopRequest | None = None, **changes: Any) -> int:
    opened = session.resume_run(run, changes)
    return opened.train(lambda _: None, stop or StopRequest())


def history(run: Run) -> History:
    past = History()
    for event in open_log(run.log_file)[0]:
        past.add(event)
    return past


def assert_equal(first: Run, second: Run) -> None:
    one, two = load_file(first.model_file), load_file(second.model_file)
    assert all(torch.equal(one[name], two[name]) for name in one)
    past, again = history(first), history(second)
    assert list(past.losses.points()[3]) == list(again.losses.points()[3])
    assert len(past.losses) == len(again.losses)
    for name in ("epochs", "watched", "final"):
        a, b = getattr(past, name), getattr(again, name)
        assert [(k, e.loss if name != "final" else e.correct) for k, e in a.items()] == [
            (k, e.loss if name != "final" else e.correct) for k, e in b.items()
        ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return begin(tmp_path_factory.mktemp("whole"), small_config(**EVERYTHING))


class TestExactResume:
    @pytest.mark.parametrize("steps", [0, 1, 7, 17, 18, 19, 40, 72, 74])
    def test_stopped_anywhere_and_gone_on_with(
        self, steps: int, whole: Run, tmp_path: Path
    ) -> None:
        run = begin(tmp_path, small_config(**EVERYTHING), StopAfter(steps))
        assert read_overview(run).status == "stopped"
        assert go_on(run) == 0
        assert read_overview(run).status == "finished"
        assert_equal(whole, run)

    @pytest.mark.usefixtures("two_threads")
    def test_it_goes_on_with_as_many_threads_as_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Though fewer would be faster by now: the last bits of sums depend on them."""
        monkeypatch.delenv("OMP_NUM_THREADS")
        monkeypatch.setattr(thread_count, "_remembered", dict)
        monkeypatch.setattr(thread_count, "measure", lambda *_: {2: 1.0, 1: 2.0})
        run = begin(tmp_path, small_config(), StopAfter(7))
        monkeypatch.setattr(thread_count, "measure", lambda *_: {2: 2.0, 1: 1.0})
        go_on(run)
        other = begin(tmp_path, small_config())

        def threads(run: Run) -> list[int]:
            told = open_log(run.log_file)[0]
            return [event.device.threads for event in told if isinstance(event, events.RunStarted)]

        assert threads(run) == [2, 2]
        assert threads(other) == [1]

    def test_stopped_again_and_again(self, whole: Run, tmp_path: Path) -> None:
        run = begin(tmp_path, small_config(**EVERYTHING), StopAfter(5))
        for _ in range(30):
            if go_on(run, StopAfter(5)) == 0:
                break
        assert_equal(whole, run)

    @pytest.mark.usefixtures("two_threads")
    @pytest.mark.parametrize("schedule", ["constant", "one-cycle", "cosine"])
    @pytest.mark.parametrize("cell", ["lstm", "gru"])
    def test_every_schedule(self, schedule: str, cell: str, tmp_path: Path) -> None:
        config = small_config(schedule=schedule, cell=cell, optimizer="sgd", learning_rate=0.1)
        run = begin(tmp_path / "b", config, StopAfter(30))
        go_on(run)
        assert_equal(begin(tmp_path / "a", config), run)

    def test_a_finished_run_goes_on_for_more_epochs(self, tmp_path: Path) -> None:
        config = small_config(schedule="constant")
        run = begin(tmp_path / "a", config)
        with pytest.raises(UsageError, match="is finished"):
            session.resume_run(run, {})
        assert not run.is_live
        go_on(run, num_epochs="4")
        assert Run(run.path).config.num_epochs == 4
        longer = begin(tmp_path / "b", config.model_copy(update={"num_epochs": 4}))
        assert_equal(longer, run)

    def test_fewer_epochs_than_it_has_trained_are_refused(self, tmp_path: Path) -> None:
        run = begin(tmp_path, small_config(num_epochs=6), StopAfter(97))
        with pytest.raises(UsageError, match="is less than"):
            session.resume_run(run, {"num_epochs": "2"})
        assert Run(run.path).config.num_epochs == 6

    def test_one_that_stopped_early_goes_on_with_more_patience(self, tmp_path: Path) -> None:
        config = small_config(
            validation_fraction=0.3, patience=1, num_epochs=60, learning_rate=0.1,
            schedule="constant",
        )  # fmt: skip
        run = begin(tmp_path, config)
        trained = max(history(run).epochs)
        assert trained < 60
        with pytest.raises(UsageError, match="had not fallen") as caught:
            session.resume_run(run, {"num_epochs": "70"})
        assert "--patience" in caught.value.advice
        go_on(run, patience="5")
        assert max(history(run).epochs) > trained


class TestCheckpoints:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Run:
        config = small_config(checkpoint_seconds=0.0)
        return begin(tmp_path, config, StopAfter(30))

    def test_another_configuration_is_refused_with_the_difference(self, run: Run) -> None:
        text = run.config_file.read_text().replace("hidden_size = 16", "hidden_size = 17")
        run.config_file.write_text(text)
        with pytest.raises(CheckpointError, match="hidden_size = 17 here, 16 in the checkpoint"):
            session.resume_run(Run(run.path), {})

    @pytest.mark.parametrize(
        "damage",
        [
            lambda content: content[: len(content) // 2],
            lambda content: b"",
            lambda content: content[:3000] + b"\xff" * 9 + content[3009:],
            lambda content: pickle.dumps({"version": 1}),
        ],
    )
    def test_a_damaged_one_is_named_and_the_previous_taken(
        self, damage: Callable[[bytes], bytes], run: Run, tmp_path: Path
    ) -> None:
        bad = damage(run.checkpoint_file.read_bytes())
        run.checkpoint_file.write_bytes(bad)
        assert go_on(run) == 0
        warnings = history(run).warnings
        assert f"{run.checkpoint_file} is damaged" in warnings[0]
        assert "of step 28, is taken" in warnings[0]
        assert run.damaged_checkpoint_file.read_bytes() == bad, "left for whoever wants to look"
        assert_equal(begin(tmp_path / "b", run.config), run)

    def test_none_is_whole(self, run: Run) -> None:
        for path in (run.checkpoint_file, run.previous_checkpoint_file):
            path.write_bytes(b"x")
        with pytest.raises(CheckpointError) as caught:
            session.resume_run(run, {})
        assert str(run.checkpoint_file) in caught.value.message
        assert run.checkpoint_file.read_bytes() == b"x", "left alone"

    def test_nothing_in_it_is_executed(self, run: Run, tmp_path: Path) -> None:
        class Hostile:
            def __reduce__(self) -> tuple[Any, ...]:
                return os.mkdir, (str(tmp_path / "owned"),)

        for path in (run.checkpoint_file, run.previous_checkpoint_file):
            torch.save({"version": Hostile()}, path)
        with pytest.raises(CheckpointError):
            session.resume_run(run, {})
        assert not (tmp_path / "owned").exists()

    def test_a_full_disk_is_a_warning_and_training_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(checkpoints, "write_atomically", full)
        run = begin(tmp_path, small_config(checkpoint_seconds=0.0))
        past = history(run)
        assert isinstance(past.ending, events.Finished)
        (warning,) = past.warnings
        assert "No space left on device; none is saved yet. Training goes on." in warning

    def test_a_diverging_run_keeps_the_last_good_one(self, tmp_path: Path) -> None:
        config = small_config(
            cell="rnn", optimizer="sgd", learning_rate=10.0, weight_decay=1.0, num_epochs=200,
            checkpoint_seconds=0.0,
        )  # fmt: skip
        opened = session.start_run(config, tmp_path)
        with pytest.raises(NonFiniteLossError):
            opened.train(lambda _: None, StopRequest())
        state = checkpoints.load_checkpoint(opened.run.checkpoint_file)
        assert all(weights.isfinite().all() for weights in state.model.values())
        (failed,) = [e for e in open_log(opened.run.log_file)[0] if isinstance(e, events.Failed)]
        assert f"The checkpoint of step {state.step:,} is kept." in failed.advice
        assert read_overview(opened.run).status == "failed"


class TestHostileFiles:
    @settings(max_examples=60)
    @given(
        name=st.sampled_from(
            ["config.toml", "events.jsonl", "checkpoint.pt", "summary.json", "model.safetensors"]
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
        (folder / "checkpoint.previous.pt").unlink(missing_ok=True)
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
        list(history(run).story())
        for attempt in (
            lambda: session.resume_run(run, {"num_epochs": "5"}).release(),
            lambda: load_weights(run.model_file),
        ):
            with suppress(BilstmError):  # words; anything else fails the test
                attempt()

    def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(
        self, whole: Run, tmp_path: Path
    ) -> None:
        run = begin(tmp_path, small_config(), StopAfter(3))
        for path in (run.log_file, run.checkpoint_file, run.model_file):
            path.unlink(missing_ok=True)
            os.mkfifo(path)
        read_overview(run)
        assert open_log(run.log_file)[0] == []
        with pytest.raises(BilstmError):
            load_weights(run.model_file)

    @pytest.mark.parametrize(
        "change",
        [
            lambda state: state.update(version=[1]),
            lambda state: state["config"].clear(),
            lambda state: state.update(config={"num_epochs": "many"}),
            lambda state: state.update(epoch=10**30),
            lambda state: state.update(batch=3),
            lambda state: state.update(kept={"epoch": "x"}),
            lambda state: state.update(meter={}),
        ],
    )
    def test_a_checkpoint_that_is_whole_and_wrong(
        self, change: Callable[[dict[str, Any]], None], tmp_path: Path
    ) -> None:
        run = begin(tmp_path, small_config(), StopAfter(30))
        state = torch.load(run.checkpoint_file, weights_only=True)
        change(state)
        torch.save(state, run.checkpoint_file)
        run.previous_checkpoint_file.unlink(missing_ok=True)
        with pytest.raises(BilstmError):
            go_on(run)

    def test_a_pipe_for_a_configuration(self, tmp_path: Path) -> None:
        run = begin(tmp_path, small_config(), StopAfter(3))
        run.config_file.unlink()
        os.mkfifo(run.config_file)
        assert "no plain file" in read_overview(Run(run.path)).problem

    def test_a_name_that_is_not_utf_8(self, tmp_path: Path) -> None:
        run = begin(tmp_path, small_config(), StopAfter(3))
        odd = run.path.rename(tmp_path / os.fsdecode(b"bad\xff"))
        assert go_on(Run(odd)) == 0


class TestOrders:
    def test_one_that_comes_before_the_first_step_counts(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)
        send_order(opened.run.commands_file, "stop")
        assert opened.train(lambda _: None, StopRequest()) == 130
        again = session.resume_run(opened.run, {})
        send_order(opened.run.commands_file, "stop")
        assert again.train(lambda _: None, StopRequest()) == 130

    def test_a_stop_is_obeyed(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)

        def stop_at_once(event: events.Event) -> None:
            if event.type == "epoch_ended":
                send_order(opened.run.commands_file, "stop")

        assert opened.train(stop_at_once, StopRequest()) == 130
        assert read_overview(opened.run).status == "stopped"

    def test_a_pause_waits_and_changes_no_number(self, tmp_path: Path) -> None:
        config = small_config(num_epochs=3, dropout=0.2)
        opened = session.start_run(config, tmp_path)
        send_order(opened.run.commands_file, "pause")
        told: list[str] = []

        def let_go_on(event: events.Event) -> None:
            told.append(event.type)
            if event.type == "paused":
                send_order(opened.run.commands_file, "resume")

        assert opened.train(let_go_on, StopRequest()) == 0
        assert told.count("paused") == told.count("resumed") == 1
        assert_equal(opened.run, begin(tmp_path, config))

    def test_a_stop_ends_a_pause(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)
        send_order(opened.run.commands_file, "pause")

        def stop(event: events.Event) -> None:
            if event.type == "paused":
                send_order(opened.run.commands_file, "stop")

        assert opened.train(stop, StopRequest()) == 130
        assert read_overview(opened.run).status == "stopped"

    def test_a_stop_checks_what_there_is(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)
        told = record(opened, at="epoch_ended", order="stop")
        assert told[-6:] == ["stopping", *["evaluation_started", "evaluation"] * 2, "stopped"]
        (train, test) = history(opened.run).final.values()
        assert (train.split, train.total, test.split, test.total) == ("train", 1437, "test", 360)
        assert test.step == history(opened.run).step
        summary = json.loads(opened.run.summary_file.read_text(encoding="utf-8"))
        assert summary["accuracy"]["test"]["correct"] == test.correct

    def test_a_stop_at_once_checks_nothing(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)
        told = record(opened, at="epoch_ended", order="stop_at_once")
        assert "evaluation_started" not in told
        assert told[-1] == "stopped"

    def test_a_stop_at_once_ends_the_check_of_a_stop(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bilstm_core.runs.orders._LOOK_SECONDS", 0.0)
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)

        def stop(event: events.Event) -> None:
            if event.type == "epoch_ended":
                send_order(opened.run.commands_file, "stop")
            elif event.type == "evaluation_started":
                send_order(opened.run.commands_file, "stop_at_once")

        assert opened.train(stop, StopRequest()) == 130
        assert not history(opened.run).final

    def test_a_stop_while_a_finished_run_is_checked_lets_it_finish(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(), tmp_path)
        told = record(opened, at="evaluation_started", order="stop")
        assert told[-1] == "finished"

    def test_another_learning_rate_is_taken_marked_and_kept(self, tmp_path: Path) -> None:
        config = small_config(num_epochs=400, schedule="constant", learning_rate=0.01)
        opened = session.start_run(config, tmp_path)

        def change(event: events.Event) -> None:
            if isinstance(event, events.EpochEnded) and event.epoch == 1:
                send_order(opened.run.commands_file, "change_learning_rate", learning_rate=0.002)
            elif event.type == "learning_rate_changed":
                send_order(opened.run.commands_file, "stop_at_once")

        assert opened.train(change, StopRequest()) == 130
        (changed,) = history(opened.run).learning_rate_changes
        assert changed.learning_rate == 0.002
        again = session.resume_run(opened.run, {})
        record(again, at="progress", order="stop_at_once")
        assert (progress := history(opened.run).progress)
        assert progress.learning_rate == 0.002
        assert history(opened.run).learning_rate_changes == [changed]

    @pytest.mark.parametrize("rate", [0, -1, 11, "fast", [], True, float("nan")])
    def test_what_is_no_learning_rate_is_a_warning(self, tmp_path: Path, rate: Any) -> None:
        opened = session.start_run(small_config(), tmp_path)
        send_order(opened.run.commands_file, "change_learning_rate", learning_rate=rate)
        assert opened.train(lambda _: None, StopRequest()) == 0
        (warning,) = history(opened.run).warnings
        assert warning.startswith("The learning rate stays: ")

    def test_one_of_an_earlier_session_is_not(self, tmp_path: Path) -> None:
        send_order(tmp_path / "commands.jsonl", "stop")
        assert not Orders(tmp_path / "commands.jsonl").requested_stop()

    def test_garbage_is_passed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bilstm_core.runs.orders._LOOK_SECONDS", 0.0)
        path = tmp_path / "commands.jsonl"
        orders = Orders(path)
        path.write_bytes(b"\xff{\n[]\n7\n" + b"[" * 100_000)
        assert not orders.requested_stop()
        with path.open("ab") as file:
            file.write(b"\n")
        send_order(path, "stop")
        assert any(orders.requested_stop() for _ in range(4))


def test_a_listener_that_goes_away_leaves_a_run_in_good_order(tmp_path: Path) -> None:
    opened = session.start_run(small_config(), tmp_path)

    def gone(event: events.Event) -> None:
        if event.type == "epoch_ended":
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        opened.train(gone, StopRequest())
    assert read_overview(opened.run).status == "stopped"
    assert go_on(opened.run) == 0


class TestASignalWhileItBegins:
    """What is loaded then may make anything of the `SystemExit`."""

    def test_what_a_library_makes_of_it_is_not_told(self) -> None:
        stop = StopRequest()

        def load() -> None:
            with suppress(SystemExit), stop.beginning():
                stop._take(15, None)
            raise ImportError("cannot load module more than once per process")

        with pytest.raises(SystemExit) as ended, stop.beginning():
            load()
        assert ended.value.code == 143

    def test_nor_is_it_lost(self) -> None:
        stop = StopRequest()
        with pytest.raises(SystemExit) as ended, stop.beginning(), suppress(SystemExit):
            stop._take(2, None)
        assert ended.value.code == 130

    def test_without_one_an_error_is_an_error(self) -> None:
        with pytest.raises(ImportError), StopRequest().beginning():
            raise ImportError


def test_a_folder_is_not_given_up_at_the_first_look_that_misses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([1000.0, 1010.0, 1011.0, 1011.9, 1012.5])  # a step of ten seconds, then short ones
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: next(times)))
    opened = session.start_run(small_config(), tmp_path)
    opened._log = opened._open_log()
    opened.run.path.rename(tmp_path / "hidden")
    assert [opened._has_lost_its_folder() for _ in range(4)] == [False, False, False, True]
    opened._log.close()
    opened.release()
