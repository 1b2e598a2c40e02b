"""The app: workers, dialogs and ends, with a worker that only pretends to train."""

import asyncio
import errno
from contextlib import suppress
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_core.errors import RelayedError
from bilstm_core.processes.protocol import ResumeRun, StartRun
from bilstm_core.runs.orders import Orders
from bilstm_core.runs.run import Run
from bilstm_core.stopping import Stop
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.cli import main as cli
from tests.recording import Recording
from tests.samples import small_config
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    asked,
    drive,
    past_runs,
    said,
    text,
    until,
)


class Slow(FakeWorker):
    """Begins a run when it may."""

    made = 0

    def __call__(self) -> FakeWorker:
        self.made += 1
        return self

    def open_run(self, order: StartRun | ResumeRun) -> Run:
        self.may_answer.wait(PATIENCE_SECONDS)
        return super().open_run(order)


@pytest.mark.parametrize(("answer", "is_left"), [("enter", True), ("right enter", False)])
def test_quitting_while_a_run_starts_asks_too(tmp_path: Path, answer: str, is_left: bool) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app._is_starting)
        await pilot.press("q")
        await asked(pilot, "Training in progress")
        await pilot.press(*answer.split())
        worker.may_answer.set()
        await until(pilot, lambda: app.return_value is not None)

    app = drive(worker := Slow(events_told=2), tmp_path, steps)
    (run,) = worker.runs
    assert app.left_run == (run if is_left else None)
    assert run.commands_file.exists() != is_left


def test_quitting_while_the_run_that_is_shown_is_resumed(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        app.resume_run(run, {"num_epochs": 9})
        await until(pilot, lambda: app._is_starting)
        await pilot.press("q")
        await asked(pilot, "Training in progress")
        await pilot.press("enter")
        worker.may_answer.set()
        await until(pilot, lambda: app.return_value is not None)

    worker = Slow(events_told=2)
    assert drive(worker, tmp_path, steps).left_run == run


def test_no_second_worker_loads_beside_one_that_begins_a_run(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: worker.made == 1)
        await pilot.press("t")
        await until(pilot, lambda: app._is_starting)
        app._start_standby()  # comes after the key, where that is pressed at the first paint
        assert worker.made == 1
        await pilot.press("t")
        await until(pilot, lambda: "Another run is just starting" in said(app))
        worker.may_answer.set()
        await until(pilot, lambda: "finished" in text(app))
        await until(pilot, lambda: worker.made == 2)

    worker = Slow()
    drive(worker, tmp_path, steps)


def test_a_worker_expects_what_the_form_says(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: worker.prepared == [small_config()])
        app.screen.query_one("#hidden_size", Input).value = "32"
        await until(pilot, lambda: len(worker.prepared) > 1)
        await pilot.press("t")  # whatever follows is expected of the next worker
        await until(pilot, lambda: len(worker.prepared) > 2)

    worker = FakeWorker()
    drive(worker, tmp_path, steps)
    assert worker.prepared[1:] == [small_config(hidden_size=32)] * 2


def test_quitting_leaves_a_live_run_alone_unless_told_otherwise(tmp_path: Path) -> None:
    async def leave(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("q")
        await asked(pilot, "Training in progress")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)
        orders = Orders(worker.runs[0].commands_file)
        await pilot.press("q")
        await asked(pilot, "Training in progress")
        await pilot.press("enter")
        await pilot.pause()
        assert orders.requested_stop() is Stop.NO

    worker = FakeWorker(events_told=2)
    assert drive(worker, tmp_path, leave).return_value == 0


def test_a_run_that_ends_while_the_app_asks_is_not_said_to_continue(tmp_path: Path) -> None:
    async def leave(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("q")
        await asked(pilot, "Training in progress")
        worker.locks.pop().release()
        await pilot.press("enter")
        await until(pilot, lambda: app.return_value is not None)

    worker = FakeWorker(events_told=2)
    assert drive(worker, tmp_path, leave).left_run is None


def test_quitting_can_stop_the_run(tmp_path: Path) -> None:
    async def stop(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("ctrl+c")
        await asked(pilot, "Training in progress")
        await pilot.press("right", "enter")
        await pilot.pause()

    worker = FakeWorker(events_told=2)
    assert drive(worker, tmp_path, stop).return_value == 0
    assert '"stop"' in worker.runs[0].commands_file.read_text(encoding="utf-8")


def test_a_refusal_is_a_dialog(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await asked(pilot, "no such GPU")
        assert "no such GPU" in text(app)
        assert "ask for another" in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.train_screen)

    failure = RelayedError("There is no such GPU.", "So ask for another.", title="No", exit_code=2)
    drive(FakeWorker(failure=failure), tmp_path, steps)


def test_a_run_that_dies_is_a_dialog_with_its_last_lines(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        worker.runs[0].worker_log_file.write_text("first\nsegmentation fault\n", encoding="utf-8")
        worker.locks.pop().release()
        await asked(pilot, "The run was lost")
        assert "segmentation fault" in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "lost" in text(app))
        assert len(worker.orders) == 1

    worker = FakeWorker(events_told=2)
    drive(worker, tmp_path, steps)


def test_a_run_that_died_goes_on_with_one_key(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        worker.locks.pop().release()
        await asked(pilot, "The run was lost")
        await pilot.press("enter")
        await until(pilot, lambda: len(worker.runs) == 2)
        await until(pilot, lambda: app.train_screen.view.is_training)
        assert isinstance(worker.orders[-1], ResumeRun)
        assert worker.runs[0].path == worker.runs[1].path

    worker = FakeWorker(events_told=2)
    drive(worker, tmp_path, steps)


def test_a_live_run_is_offered(tmp_path: Path) -> None:
    other = FakeWorker(events_told=2)
    run = other.open_run(StartRun(config=small_config(), runs_dir=tmp_path))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, "Being trained now")
        await pilot.press("enter")
        await until(pilot, lambda: "running" in text(app) and run.name in text(app))

    drive(FakeWorker(), tmp_path, steps)
    other.locks[0].release()


def test_a_run_is_shown_in_every_kind_of_theme(tmp_path: Path) -> None:
    one, other = past_runs(tmp_path, 16, 17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for number, theme in enumerate(("ansi-light", "ansi-dark", "textual-light", "nord")):
            run = other if number % 2 else one
            app.theme = theme
            await app.train_screen.watch_run(run)
            await until(pilot, lambda run=run: run.name in text(app) and "got 351" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_a_run_is_shown_without_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await until(pilot, lambda: "got 351" in text(app))
        assert "━─" in text(app)  # what is done of a bar, and what is not
        assert "[✓] on" in text(app)
        app.screen.query_one("#bidirectional").focus()
        await pilot.press("space")
        await until(pilot, lambda: "[ ] off" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_what_draws_black_on_black_is_not_offered_without_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = BilstmApp(small_config(), "default", tmp_path, make_worker=FakeWorker())
    assert not [name for name in app.available_themes if name.startswith("ansi")]


def test_a_defect_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run_it() -> None:
        app = BilstmApp(small_config(), "default", tmp_path, make_worker=FakeWorker())
        async with app.run_test() as pilot:
            app.call_later(lambda: 1 // 0)
            with suppress(ZeroDivisionError):
                await pilot.pause()
            app._exception, error = (
                None,
                app.internal_error,
            )  # or the end of the test raises it again
        assert isinstance(error, ZeroDivisionError)

    asyncio.run(run_it())
    monkeypatch.setattr(BilstmApp, "run", lambda _self: None)
    monkeypatch.setattr(
        BilstmApp, "internal_error", property(lambda _self: ZeroDivisionError("oh"))
    )
    monkeypatch.setattr("bilstm_tui.cli.train.require_terminal", lambda: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cli.run(["--dataset", "digits", "--runs-dir", str(tmp_path)]) == 70
    assert "ZeroDivisionError: oh" in capsys.readouterr().err


def test_a_system_without_room_for_a_process_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await asked(pilot, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", full)
    app = BilstmApp(small_config(), "default", tmp_path)

    async def main() -> None:
        async with app.run_test(size=(120, 36)) as pilot:
            await steps(app, pilot)

    asyncio.run(main())


def test_a_user_who_types_is_notified_instead_of_asked(tmp_path: Path) -> None:
    app = BilstmApp(small_config(), "default", tmp_path, make_worker=FakeWorker())
    app._was_key_pressed = True  # before the first paint

    async def main() -> None:
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: "press r to see it" in said(app))

    with Recording(tmp_path, 1000) as recording:
        recording.advance(10)
        asyncio.run(main())


def test_a_message_that_is_shown_is_not_repeated(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for _ in range(3):
            app.notify("Nothing to do")
        app.notify("Something else")
        await until(pilot, lambda: len(app._notifications) == 2)
        assert [note.message for note in app._notifications] == ["Nothing to do", "Something else"]

    drive(FakeWorker(), tmp_path, steps)
