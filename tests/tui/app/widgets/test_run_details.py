"""Beside or below the list of runs: a preview of one, or a comparison of the marked ones."""

import gc
import threading
import weakref
from pathlib import Path

import pytest
from textual.color import Color
from textual.pilot import Pilot

from bilstm_core import events
from bilstm_core.processes.protocol import StartRun
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.notes import Notes, write_notes
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets import run_details
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.marks import COLOURS, MARKERS
from bilstm_tui.app.widgets.run_details import RunDetails
from tests.recording import Recording, copies
from tests.samples import small_config
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    asked,
    drive,
    open_runs,
    past_runs,
    story,
    tell,
    text,
    until,
)

PROGRESS = events.Progress(
    epoch=2, step=43, losses=[1, 1, 1], learning_rate=0.1, samples_per_second=1
)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that are read, in order."""
    names: list[str] = []
    read = run_details._read

    def noted(run: Run) -> run_details._Known:
        names.append(run.name)
        return read(run)

    monkeypatch.setattr(run_details, "_read", noted)
    return names


@pytest.mark.parametrize("size", [(80, 30), (120, 36), (160, 24), (160, 50)])
def test_the_run_under_the_cursor_is_previewed(size: tuple[int, int], tmp_path: Path) -> None:
    newest = past_runs(tmp_path, 16, 48)[-1]
    write_notes(newest, Notes(note="the better one"))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 2)
        await until(pilot, lambda: "1 epoch trained" in text(app))
        shown = " ".join(text(app).split())
        assert "train 97.50 %, test 97.50 %" in shown
        assert shown.count("the better one") == 1 + (size[0] > 80)  # in its row, too
        assert "hidden_size 48 128" in shown
        assert "num_epochs 2 30" in shown
        assert len(app.screen.query_one("#overlay", Chart)._series[0].steps) == 40
        details = app.screen.query_one(RunDetails).region
        assert details.y == table.region.bottom == 5
        assert details.bottom == size[1] - 1  # all that two runs leave of the screen
        await pilot.press("down")
        await until(pilot, lambda: "hidden_size 16 128" in " ".join(text(app).split()))
        assert text(app).count("the better one") == (size[0] > 80)

    drive(FakeWorker(), tmp_path, steps, size)


def test_what_is_in_many_runs_is_beside_them_in_a_large_terminal(tmp_path: Path) -> None:
    copies(past_runs(tmp_path, 16)[0], 30)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 30)
        await until(pilot, lambda: "1 epoch trained" in text(app))
        details = app.screen.query_one(RunDetails).region
        assert details.x >= table.region.right
        assert details.height == 48

    drive(FakeWorker(), tmp_path, steps, (160, 50))


def test_one_key_shows_the_other_chart_where_there_is_room_for_one(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: "train %" in text(app) and "hidden_size" in text(app))
        assert "training loss" in text(app)
        assert text(app).count("97.50") == 6  # in both rows, too
        await until(pilot, lambda: "v View" in text(app).splitlines()[-1])
        await pilot.press("v")
        await until(pilot, lambda: "test accuracy" in text(app) and "97.50" in text(app))
        assert "training loss" not in text(app)
        await pilot.press("v")
        await until(pilot, lambda: "training loss" in text(app))
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "training loss" in text(app) and "test accuracy" in text(app))
        await until(pilot, lambda: "v View" not in text(app))

    drive(FakeWorker(), tmp_path, steps, (80, 24))


def test_a_small_terminal_has_a_preview_of_a_few_lines(tmp_path: Path) -> None:
    runs = past_runs(tmp_path, *[16] * 10, 48)
    write_notes(runs[-1], Notes(note="the better one"))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, len(runs))
        await until(pilot, lambda: "1 epoch trained" in text(app))
        assert table.size.height >= 1 + len(runs)
        heading, curves, values, settings = text(app).splitlines()[-5:-1]
        assert "train 97.50 %, test 97.50 %" in heading
        assert curves.split()[0] == "loss"
        assert "⠉" in curves
        assert "97.50 %" in values
        assert "the better one  hidden_size 48 (default 128)" in settings
        await pilot.press("down")
        await until(pilot, lambda: "hidden_size 16 (default 128)" in text(app))
        await pilot.press("space")  # a comparison has its charts, however small the terminal is
        await until(pilot, lambda: "training loss" in text(app) and "default" not in text(app))
        await pilot.press("space")
        await until(pilot, lambda: "hidden_size 16 (default 128)" in text(app))
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "hidden_size 16 128" in " ".join(text(app).split()))
        await pilot.resize_terminal(20, 10)
        await until(pilot, lambda: "Too small: 20×10" in text(app))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "hidden_size 16 (default 128)" in text(app))

    drive(FakeWorker(), tmp_path, steps, (80, 24))


def test_a_run_without_a_step_has_a_preview_of_a_few_lines(tmp_path: Path) -> None:
    worker = FakeWorker(1)
    run = worker.open_run(StartRun(config=small_config(), runs_dir=tmp_path))
    worker.locks[0].release()
    copies(run, 11)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 11)
        await until(pilot, lambda: "Its process exited without reporting a result" in text(app))

    drive(FakeWorker(), tmp_path, steps, (80, 24))


def test_a_run_is_read_once_the_cursor_stays_and_only_once(
    reads: list[str], tmp_path: Path
) -> None:
    runs = past_runs(tmp_path, 8, 12, 16, 24, 32)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 5)
        await until(pilot, lambda: "1 epoch trained" in text(app))
        for _ in range(4):  # without a pause, as a key that is held
            table.action_cursor_down()
        await until(pilot, lambda: "hidden_size 8 " in " ".join(text(app).split()))
        assert reads == [runs[-1].name, runs[0].name]
        await pilot.press("ctrl+home")
        await until(pilot, lambda: "hidden_size 32 " in " ".join(text(app).split()))
        assert reads == [runs[-1].name, runs[0].name]

    drive(FakeWorker(), tmp_path, steps)


def test_keys_are_taken_while_a_run_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past_runs(tmp_path, 16, 48)
    may_go_on = threading.Event()
    read = run_details._read

    def slow(run: Run) -> run_details._Known:
        may_go_on.wait(PATIENCE_SECONDS)
        return read(run)

    monkeypatch.setattr(run_details, "_read", slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 2)
        await until(pilot, app.screen.query_one(RunDetails)._reading.locked)
        await pilot.press("down", "space", "o")
        await until(pilot, lambda: "by test %" in text(app) and table.cursor_row == 1)
        details = app.screen.query_one(RunDetails)
        assert len(details.marked) == 1
        assert not details.has_class("-compared")
        may_go_on.set()
        await until(pilot, lambda: details.has_class("-compared"))

    drive(FakeWorker(), tmp_path, steps)


def test_a_preview_of_a_live_run_goes_on(tmp_path: Path) -> None:
    worker = FakeWorker(2)
    run = worker.open_run(StartRun(config=small_config(), runs_dir=tmp_path))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, run.name)
        await pilot.press("escape")
        await open_runs(app, pilot, 1)
        await until(pilot, lambda: "Training in progress: epoch 1 of 2" in text(app))
        tell(run, PROGRESS)
        await until(pilot, lambda: "Training in progress: epoch 2 of 2" in text(app))
        assert len(app.screen.query_one("#overlay", Chart)._series[0].steps) == 43
        tell(run, events.Stopped(epoch=2, step=43))
        worker.locks[0].release()
        await until(pilot, lambda: "Stopped in epoch 2 of 2, after step 43" in text(app))

    drive(worker, tmp_path, steps, (120, 36))


def test_the_comparison_of_a_live_run_goes_on(tmp_path: Path) -> None:
    worker = FakeWorker(2)
    run = worker.open_run(StartRun(config=small_config(), runs_dir=tmp_path))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, run.name)
        await pilot.press("escape")
        await open_runs(app, pilot, 1)
        await pilot.press("space")
        chart = app.screen.query_one("#overlay", Chart)
        await until(pilot, lambda: chart._series and len(chart._series[0].steps) == 40)
        tell(run, PROGRESS)
        await until(pilot, lambda: len(chart._series[0].steps) == 43)

    drive(worker, tmp_path, steps)


def test_a_run_keeps_its_marker_when_another_loses_its_mark(tmp_path: Path) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: text(app).count("▲") > 2)  # in the list, at the curve, above it
        await pilot.press("up", "space")
        await until(pilot, lambda: "●" not in text(app))
        assert text(app).count("▲") > 2

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)])
def test_marked_runs_have_a_shape_a_colour_and_their_name(
    size: tuple[int, int], tmp_path: Path
) -> None:
    past_runs(tmp_path, 16, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 2)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: len(app.screen.query_one(RunDetails).marked) == 2)
        labels = [name.split("_", 2)[2] for name in app.screen.query_one(RunDetails).marked]
        await until(pilot, lambda: all(text(app).count(label) > 1 for label in labels))
        lines = text(app).splitlines()
        for label, marker, colour in zip(labels, MARKERS, COLOURS, strict=False):
            words = f"{marker} {label}"
            found = [y for y, line in enumerate(lines) if words in line]
            assert found[0] < table.region.bottom
            assert max(found) > table.region.y + 3  # in the legend, or above the values
            assert colour in _colours_of(app, words)
        await pilot.press("space", "up", "space")
        await until(pilot, lambda: not app.screen.query_one(RunDetails).marked)
        await until(pilot, lambda: "1 epoch trained" in text(app))

    drive(FakeWorker(), tmp_path, steps, size)


def _colours_of(app: BilstmApp, words: str) -> set[str]:
    """The names of the colours in which words are drawn."""
    theme = app.ansi_theme
    names = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
    by_colour = {tuple(theme.ansi_colors[number]): name for number, name in enumerate(names)}
    return {
        by_colour.get(Color.from_rich_color(segment.style.color).rgb, "")
        for strip in app.screen._compositor.render_strips()
        for segment in strip
        if words in segment.text and segment.style and segment.style.color
    }


LONG = "experiment-with-dropout-and-augmentation-of-the-training-set"


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)])
def test_columns_never_run_into_one_another(size: tuple[int, int], tmp_path: Path) -> None:
    copies(past_runs(tmp_path, 16)[0], 30)
    config = small_config(dataset="fashion-mnist", num_layers=3, hidden_size=1024)
    run, lock = create_run(tmp_path, config, LONG)
    log = EventLog(run.open_folder())
    for event in story(config):
        log.append(event)
    log.close()
    lock.release()
    write_notes(run, Notes(note="a note that is much longer than there is space for " * 3))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 31)
        assert table.max_scroll_x == 0
        line = next(it for it in text(app).splitlines() if "experi" in it)[: table.size.width]
        cells = [str(cell).strip() for cell in table.get_row(run.name)]
        assert " ".join(line.split()) == " ".join(" ".join(cells).split())
        assert cells[1].startswith("experi")
        assert cells[1].endswith(run.name[-3:])
        assert "finished" in cells
        assert "97.50" in cells

    drive(FakeWorker(), tmp_path, steps, size)


def test_a_run_that_is_deleted_or_renamed_is_compared_no_more_or_by_its_new_name(
    tmp_path: Path,
) -> None:
    past_runs(tmp_path, 16, 32, 48)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 3)
        await pilot.press("space", "down", "space")
        details = app.screen.query_one(RunDetails)
        await until(pilot, lambda: len(details.marked) == 2)
        await pilot.press("R")
        await asked(pilot, "The readable part")
        await pilot.press(*"ed", "enter")
        await until(pilot, lambda: any("_ed_" in name for name in details.marked))
        await until(pilot, lambda: "▲ ed_" in text(app))
        await pilot.press("d")
        await asked(pilot, "Delete these 2 runs?")
        await pilot.press("right", "enter")
        await until(pilot, lambda: table.row_count == 1 and not details.marked)
        await until(pilot, lambda: "hidden_size 16 128" in " ".join(text(app).split()))

    drive(FakeWorker(), tmp_path, steps)


def test_a_filter_without_a_match_leaves_no_preview(tmp_path: Path) -> None:
    with Recording(tmp_path, 2000) as recording:
        recording.finish()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        table = await open_runs(app, pilot, 1)
        await until(pilot, lambda: "2 epochs trained" in text(app))
        await pilot.press("slash", *"zzzz")
        await until(pilot, lambda: table.row_count == 0)
        await until(pilot, lambda: not app.screen.query_one(RunDetails).display)

    drive(FakeWorker(), tmp_path, steps)


def test_a_closed_list_keeps_no_run_that_is_not_drawn(tmp_path: Path) -> None:
    """Its screen stays in memory until cycles are collected, and a history has 3 MB."""
    runs = past_runs(tmp_path, 16, 32)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        details = app.screen.query_one(RunDetails)
        await until(pilot, lambda: [*details._known] == [runs[1].name])
        history = weakref.ref(details._known[runs[1].name].history)
        await pilot.press("down")
        await until(pilot, lambda: details._drawn == [runs[0].name])
        assert history()
        await pilot.press("escape")
        await until(pilot, lambda: history() is None)

    gc.disable()
    try:
        drive(FakeWorker(), tmp_path, steps)
    finally:
        gc.enable()
