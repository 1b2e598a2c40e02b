"""What readers and newcomers found wrong; each was so once."""

import asyncio
import errno
import json
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_core import events
from bilstm_core.compute.gpus import Gpu
from bilstm_core.processes.worker_client import Worker
from bilstm_core.runs.history import History
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.notes import read_notes
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.dialogs import Dialog
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets import device_usage as vitals
from bilstm_tui.app.widgets.charts.axes import Ticks
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.charts.reduction import reduce
from bilstm_tui.app.widgets.charts.series import accuracy_series, loss_series
from bilstm_tui.app.widgets.device_usage import DeviceUsage
from bilstm_tui.app.widgets.network_sketch import _about
from bilstm_tui.app.widgets.run_log import RunLog
from bilstm_tui.cli import main as cli
from tests.recording import Recording
from tests.samples import run_started, small_config
from tests.tui.driving import (
    FakeWorker,
    asked,
    drive,
    open_runs,
    past_runs,
    said,
    story,
    tell,
    text,
    until,
)
from tests.tui.test_chart import FALLING, history
from tests.tui.test_chart import drive as drive_chart
from tests.tui.test_drawing import drive_log


def test_zooming_past_the_end_of_a_shorter_run() -> None:
    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        pasts = {"short": history(FALLING[:40]), "long": history(FALLING)}
        chart.show([loss_series(past, name, is_live=False) for name, past in pasts.items()])
        for key in ("+", "+", "+", "+", "right", "right"):
            await pilot.press(key)
        await until(pilot, lambda: "300" in text(pilot.app))

    drive_chart(steps)


def test_a_line_comes_in_from_outside_the_picture() -> None:
    steps = np.arange(1.0, 5.0)
    x, _ = reduce(steps, steps, steps, 60, (2.5, 3.5))
    assert x.min() < 2.5
    assert x.max() > 3.5


def test_a_vertical_pan_leaves_what_comes_visible() -> None:
    past = History()
    past.add(run_started(small_config(num_epochs=100)))

    def one_more(epoch: int) -> None:
        past.add(
            events.EpochEnded(
                epoch=epoch, step=23 * epoch, loss=1, correct=1, total=2, accuracy=0.5, seconds=1
            )
        )

    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        one_more(1)
        chart.axis = "epoch"
        chart.show(accuracy_series(past, is_live=True))
        await pilot.press("up")
        for epoch in range(2, 21):
            one_more(epoch)
        chart.show(accuracy_series(past, is_live=True))
        await until(pilot, lambda: "15" in text(pilot.app).splitlines()[-2])

    drive_chart(steps)


def test_marks_do_not_widen_the_axis() -> None:
    losses = FALLING.copy()
    losses[200] = None

    async def steps(chart: Chart, pilot: Pilot[None]) -> None:
        chart.show([loss_series(history(losses), "loss", is_live=False)])
        for _ in range(6):
            await pilot.press("+")
        await until(pilot, lambda: "✕" in text(pilot.app) and "0.8" not in text(pilot.app))

    drive_chart(steps)


def test_a_last_label_that_would_be_cut_off_is_left_out() -> None:
    ticks = Ticks()
    ticks.room = 32
    for high in range(1990, 2100):
        places, labels = ticks.get_ticks_and_labels(1, high)
        column = (places[-1] - 1) / (high - 1) * ticks.room
        assert places[-1] == high or column + len(labels[-1]) / 2 <= ticks.room + 2


def test_a_log_that_was_scrolled_up_begins_anew_at_its_end() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        for number in range(100):
            log.write(Text(f"line {number}."))
        log.focus()
        await pilot.press("pageup", "pageup")
        log.clear()
        for number in range(30):
            log.write(Text(f"second {number}."))
        await until(pilot, lambda: "second 29." in text(pilot.app))

    drive_log(steps)


class VitalsApp(App[None]):
    """Shows what is free, in short."""

    CSS = "DeviceUsage { width: auto; min-width: 8; height: 1; }"

    def compose(self) -> ComposeResult:
        yield DeviceUsage(is_short=True)


def test_there_is_room_for_what_the_gpus_do(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Gpu(0, "H100", 70 * 2**30, 80 * 2**30, 33)
    monkeypatch.setattr(vitals, "list_gpus", lambda: [gpu])

    async def main() -> None:
        async with VitalsApp().run_test() as pilot:
            await until(pilot, lambda: "gpu0 33% 10/80 GiB" in text(pilot.app))

    asyncio.run(main())


def test_a_new_run_is_seen_whole_whatever_was_looked_at_before(tmp_path: Path) -> None:
    first, second = past_runs(tmp_path, 16, 17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(first)
        app.train_screen.view.query_one("#loss", Chart).focus()
        await pilot.press("+", "+", "right", "full_stop")
        await until(pilot, lambda: "step 2" in text(app))
        await app.train_screen.watch_run(second)
        await until(pilot, lambda: "40│" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def taken_up(tmp_path: Path) -> tuple[Run, RunLock]:
    """A run that was stopped once, and is loading for the second time."""
    (run,) = past_runs(tmp_path, 16)
    tell(run, events.Stopped(time=time.time() - 1, epoch=1, step=40))
    return run, RunLock(run)


def test_a_run_that_is_taken_up_is_live_before_its_first_word(tmp_path: Path) -> None:
    run, lock = taken_up(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, run.name)
        await pilot.press("enter")
        view = app.train_screen.view
        await until(pilot, lambda: view.shown_run and view.is_training)
        await pilot.press("t")
        await pilot.pause()
        assert len(worker.orders) == 0
        lock.release()  # it is killed
        await asked(pilot, "left no word")

    worker = FakeWorker()
    drive(worker, tmp_path, steps)


def test_the_keys_follow_what_the_run_does(tmp_path: Path) -> None:
    worker = FakeWorker(2)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await until(pilot, lambda: app.screen.active_bindings["p"].enabled)
        tell(worker.runs[0], *story(small_config())[2:])
        worker.locks[0].release()
        await until(pilot, lambda: not app.screen.active_bindings["p"].enabled)

    drive(worker, tmp_path, steps)


def test_the_curve_of_a_paused_run_is_whole(tmp_path: Path) -> None:
    worker = FakeWorker(2)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        view = app.train_screen.view
        await until(pilot, lambda: view.history.step == 40)
        told = events.Progress(
            epoch=2, step=43, losses=[1, 1, 1], learning_rate=0.1, samples_per_second=1
        )
        tell(worker.runs[0], told, events.Paused(epoch=2, step=43))
        chart = view.query_one("#loss", Chart)
        await until(pilot, lambda: chart._series and chart._series[0].steps[-1] == 43)
        assert view.history.is_paused

    drive(worker, tmp_path, steps)


def test_a_download_belongs_to_its_run(tmp_path: Path) -> None:
    worker = FakeWorker(0)
    told = events.Download(dataset="mnist", file="a.gz", received=10, total=100)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: worker.runs)
        tell(worker.runs[0], told)
        await until(pilot, lambda: "Fetching MNIST" in text(app))
        worker.locks.pop().release()
        await asked(pilot, "left no word")
        await pilot.press("escape")
        await until(pilot, lambda: "run ───" in text(app))

    drive(worker, tmp_path, steps)


def test_the_rate_of_a_run_of_a_newer_version(tmp_path: Path) -> None:
    worker = FakeWorker(0)
    started = run_started(small_config())
    started.config["wings"] = 2

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: worker.runs)
        tell(worker.runs[0], started)
        await until(pilot, lambda: app.train_screen.view.history.started)
        await pilot.press("l")
        await asked(pilot, "From the next step on")

    drive(worker, tmp_path, steps)


def test_a_note_survives_a_pin_that_follows_at_once(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await pilot.press("n")
        await asked(pilot, "A line on")
        await pilot.press(*"hello", "enter")
        await until(pilot, lambda: read_notes(run).note)
        await pilot.press("p")
        await until(pilot, lambda: read_notes(run).pinned)
        assert read_notes(run).note == "hello"
        await until(pilot, lambda: "▸" in text(app) and " hello" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_the_comparison_of_a_live_run_goes_on(tmp_path: Path) -> None:
    worker = FakeWorker(2)
    run = worker.order({"config": small_config().model_dump(), "runs_dir": str(tmp_path)})

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, run.name)
        await pilot.press("escape")
        await open_runs(app, pilot, 1)
        await pilot.press("space")
        chart = app.screen.query_one(Chart)
        await until(pilot, lambda: chart._series and len(chart._series[0].steps) == 40)
        told = events.Progress(
            epoch=2, step=43, losses=[1, 1, 1], learning_rate=0.1, samples_per_second=1
        )
        tell(run, told)
        await until(pilot, lambda: len(chart._series[0].steps) == 43)

    drive(worker, tmp_path, steps)


def test_the_runs_begin_at_the_one_that_is_shown_and_it_keeps_its_view(tmp_path: Path) -> None:
    older, _newer = past_runs(tmp_path, 16, 17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(older)
        table = await open_runs(app, pilot, 2)
        await until(pilot, lambda: table.cursor_row == 1)
        await pilot.press("R")
        await asked(pilot, "The readable part")
        app.screen.query_one(Input).value = "renamed"
        await pilot.press("enter")
        view = app.train_screen.view
        await until(pilot, lambda: view.shown_run and "renamed" in view.shown_run.name)
        assert view.history.final

    drive(FakeWorker(), tmp_path, steps)


def test_escape_shows_all_runs_again_before_it_leaves(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 2)
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).value = "×17"  # "17" may stand in a time, too
        await until(pilot, lambda: table.row_count == 1)
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is table)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 2)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)

    drive(FakeWorker(), tmp_path, steps)


def test_whoever_leaves_before_the_matrix_is_there_is_back(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectScreen))
        assert isinstance(app.screen, InspectScreen)
        asked_of = app.screen._inspector
        await until(pilot, lambda: asked_of._process)
        await pilot.press("escape")
        process = asked_of._process
        await until(pilot, lambda: process and process.returncode is not None)
        await pilot.pause()
        assert app.screen is app.train_screen  # its end has ended nothing else
        await app.train_screen.watch_run(run)

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("theme", ["ansi-light", "ansi-dark", "textual-light", "nord"])
def test_a_run_is_shown_in_every_kind_of_theme(tmp_path: Path, theme: str) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.theme = theme
        await app.train_screen.watch_run(run)
        await until(pilot, lambda: "got 351" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_a_run_is_shown_without_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await until(pilot, lambda: "got 351" in text(app))
        assert "━─" in text(app)  # what is done of a bar, and what is not
        assert "▐✓▌" in text(app)
        app.screen.query_one("#bidirectional").focus()
        await pilot.press("space")
        await until(pilot, lambda: "▐ ▌" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_a_defect_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run_it() -> None:
        app = BilstmApp(small_config(), "default", tmp_path, make_worker=FakeWorker())
        async with app.run_test() as pilot:
            app.call_later(lambda: 1 // 0)
            with suppress(ZeroDivisionError):
                await pilot.pause()
            app._exception, error = None, app.defect  # or the end of the test raises it again
        assert isinstance(error, ZeroDivisionError)

    asyncio.run(run_it())
    monkeypatch.setattr(BilstmApp, "run", lambda _self: None)
    monkeypatch.setattr(BilstmApp, "defect", property(lambda _self: ZeroDivisionError("oh")))
    monkeypatch.setattr(cli, "_require_terminal", lambda: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cli.run(["--dataset", "digits", "--runs-dir", str(tmp_path)]) == 70
    assert "ZeroDivisionError: oh" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["s", "l", "f"])
def test_a_key_that_is_pressed_twice_asks_once(key: str, tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        if key != "f":
            await pilot.press("t")
            await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press(key, key)
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.pause()
        assert app.screen_stack[-2] is app.train_screen

    drive(FakeWorker(events_told=2), tmp_path, steps)


def test_a_pause_is_taken_back_before_it_is_seen(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training)
        await pilot.press("p", "p", "p")
        written = worker.runs[0].commands_file.read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["command"] for line in written] == ["pause", "resume", "pause"]

    drive(worker := FakeWorker(events_told=2), tmp_path, steps, redraws_per_second=0.1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "a second"),
        (59, "59 s"),
        (3600, "1 h 0 min"),
        (86_399, "24 h 0 min"),
        (9e4, "1.0 days"),
    ],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert _about(seconds) == words


def test_a_disk_that_is_full_is_no_trouble_for_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    Worker().dismiss()


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


def test_keys_that_come_together_keep_their_order(tmp_path: Path) -> None:
    """As on a slow link: what is typed after Backspace is not inserted before it."""

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        field = app.screen.query_one("#hidden_size", Input)
        await pilot.click("#hidden_size")
        field.value, field.cursor_position = "123", 3
        for key in ("backspace", "backspace", "4", "left", "5", "tab"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.screen.focused is not field)
        await pilot.pause()
        assert field.value == "154"

    drive(FakeWorker(), tmp_path, steps)


def test_a_run_that_is_trained_is_left_alone_by_the_list(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, "Being trained now")
        await pilot.press("escape")
        await open_runs(app, pilot, 1)
        for key in ("i", "d", "e"):
            app.clear_notifications()
            await pilot.press(key)
            await until(pilot, lambda: "stop it first" in said(app))
            assert isinstance(app.screen, RunsScreen)

    with Recording(tmp_path, 1000) as recording:
        recording.go_on(10)
        drive(FakeWorker(), tmp_path, steps)


def test_whoever_types_already_is_not_asked_but_told(tmp_path: Path) -> None:
    app = BilstmApp(small_config(), "default", tmp_path, make_worker=FakeWorker())
    app._has_typed = True  # before the first paint

    async def main() -> None:
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: "r lists it" in said(app))

    with Recording(tmp_path, 1000) as recording:
        recording.go_on(10)
        asyncio.run(main())


def test_copied_settings_are_seen(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        await pilot.press("enter")
        await until(pilot, lambda: "got 351" in text(app))
        await open_runs(app, pilot, 2)
        await pilot.press("c")
        await until(pilot, lambda: "10 classes" in text(app))
        assert "The form has the settings of" in said(app)

    drive(FakeWorker(), tmp_path, steps)


def test_what_draws_black_on_black_is_not_offered_without_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = BilstmApp(small_config(), "default", tmp_path, make_worker=FakeWorker())
    assert not [name for name in app.available_themes if name.startswith("ansi")]
