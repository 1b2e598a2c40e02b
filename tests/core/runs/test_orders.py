"""Orders to a run: to stop, to pause, to change the learning rate."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from bilstm_core import events
from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.orders import Orders, send_order
from bilstm_core.runs.overview import read_overview
from tests.samples import small_config
from tests.sessions import assert_equal, history, start


def record(
    opened: session.Session, *, at: str, order: Literal["stop", "stop_at_once"]
) -> list[str]:
    """The types of the events of a session that is given an order at an event."""
    reported: list[str] = []

    def listen(event: events.Event) -> None:
        reported.append(event.type)
        if event.type == at:
            send_order(opened.run.commands_file, order)

    opened.train(listen, StopRequest())
    return reported


class TestOrders:
    def test_one_that_comes_before_the_first_step_counts(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)
        send_order(opened.run.commands_file, "stop")
        assert opened.train(lambda _: None, StopRequest()) == 130
        again = session.resume_run(opened.run, {})
        send_order(opened.run.commands_file, "stop")
        assert again.train(lambda _: None, StopRequest()) == 130

    def test_a_pause_waits_and_changes_no_number(self, tmp_path: Path) -> None:
        config = small_config(num_epochs=3, dropout=0.2)
        opened = session.start_run(config, tmp_path)
        send_order(opened.run.commands_file, "pause")
        reported: list[str] = []

        def resume(event: events.Event) -> None:
            reported.append(event.type)
            if event.type == "paused":
                send_order(opened.run.commands_file, "resume")

        assert opened.train(resume, StopRequest()) == 0
        assert reported.count("paused") == reported.count("resumed") == 1
        assert_equal(opened.run, start(tmp_path, config))

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
        reported = record(opened, at="epoch_ended", order="stop")
        assert reported[-2:] == ["predictions", "stopped"]
        others = [it for it in reported if it != "predictions"]
        assert others[-6:] == ["stopping", *["evaluation_started", "evaluation"] * 2, "stopped"]
        (train, test) = history(opened.run).final.values()
        assert (train.split, train.total, test.split, test.total) == ("train", 1437, "test", 360)
        assert test.step == history(opened.run).step
        summary = json.loads(opened.run.summary_file.read_text(encoding="utf-8"))
        assert summary["accuracy"]["test"]["correct"] == test.correct
        assert read_overview(opened.run).status == "stopped"

    def test_a_stop_at_once_checks_nothing(self, tmp_path: Path) -> None:
        opened = session.start_run(small_config(num_epochs=1000), tmp_path)
        reported = record(opened, at="epoch_ended", order="stop_at_once")
        assert "evaluation_started" not in reported
        assert reported[-1] == "stopped"

    def test_a_stop_at_once_ends_the_check_of_a_stop(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bilstm_core.runs.orders._POLL_SECONDS", 0.0)
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
        reported = record(opened, at="evaluation_started", order="stop")
        assert reported[-1] == "finished"

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
        assert warning.startswith("The learning rate does not change: ")

    def test_one_of_an_earlier_session_is_not(self, tmp_path: Path) -> None:
        send_order(tmp_path / "commands.jsonl", "stop")
        assert not Orders(tmp_path / "commands.jsonl").requested_stop()

    def test_garbage_is_passed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bilstm_core.runs.orders._POLL_SECONDS", 0.0)
        path = tmp_path / "commands.jsonl"
        orders = Orders(path)
        path.write_bytes(b"\xff{\n[]\n7\n" + b"[" * 100_000)
        assert not orders.requested_stop()
        with path.open("ab") as file:
            file.write(b"\n")
        send_order(path, "stop")
        assert any(orders.requested_stop() for _ in range(4))
