"""What the view of a run shows in terminals of several sizes."""

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import TabbedContent

from bilstm_core import events
from bilstm_core.data.example import Example
from bilstm_core.data.spec import DataSpec
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.class_bars import ClassBars
from bilstm_tui.app.widgets.dashboard import Dashboard
from bilstm_tui.app.widgets.examples_view import ExamplesView, arrange, least_cell
from bilstm_tui.text.names import shortened_together
from tests.samples import run_started, small_config
from tests.sessions import recorded
from tests.tui.driving import FakeWorker, drive, past_runs, tell, text, until, watch_live_run

FIGURES = ("learning_rates", "gradient_norms", "speeds", "device_usage")
PANELS = ("#loss", "#accuracy", *(f"#{name}" for name in FIGURES), "#classes", "#examples")


@pytest.fixture(scope="module")
def reported() -> dict[str, list[events.Event]]:
    """What two trained runs report: of images, and of series of different lengths."""
    configs = (small_config(), small_config(dataset="japanese-vowels"))
    return {config.dataset: recorded(config).all for config in configs}


def live(folder: Path, story: list[events.Event]) -> tuple[Run, RunLock]:
    """A run that a process holds, and that has reported so much."""
    run, lock = create_run(folder, small_config())
    log = EventLog(run.open_folder())
    now = time.time() + 1  # after the lock was taken
    for event in story:
        log.append(replace(event, time=now))
    log.close()
    return run, lock


def is_in_view(app: BilstmApp, selector: str) -> bool:
    """Whether the whole widget is seen, without scrolling."""
    widget = app.screen.query_one(selector, Widget)
    body = app.screen.query_one(Dashboard)
    return widget.display and body.region.contains_region(widget.region)


@pytest.mark.parametrize("dataset", ["digits", "japanese-vowels"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)])
def test_a_run_is_seen_to_learn(
    size: tuple[int, int],
    dataset: str,
    reported: dict[str, list[events.Event]],
    tmp_path: Path,
) -> None:
    story = [it for it in reported[dataset] if not (it.type == "evaluation" and it.final)]  # pyright: ignore[reportAttributeAccessIssue]
    story = [it for it in story if it.type not in {"finished", "evaluation_started"}]
    _, lock = live(tmp_path, story)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await watch_live_run(app, pilot)
        body = app.screen.query_one(Dashboard)
        await until(pilot, lambda: "8 test examples" in text(app))
        for name in FIGURES:
            chart = app.screen.query_one(f"#{name}", Chart)
            if name != "device_usage":  # measured once a second
                assert len(chart._series[0].steps)
            assert is_in_view(app, f"#{name}")
        assert is_in_view(app, "#loss")
        if size[1] >= 36:
            assert all(is_in_view(app, selector) for selector in PANELS)
            assert body.max_scroll_y == 0
            last = [it for it in story if isinstance(it, events.Predictions)][-1]
            assert f"after step {last.step}" in text(app)
            assert text(app).count("▸") >= 8
            assert "accuracy by class" in text(app)
            used = max(app.screen.query_one(it, Widget).region.bottom for it in PANELS)
            assert body.region.bottom - used <= 2
        else:
            assert body.max_scroll_y > 0
            await pilot.press("end")
            await until(pilot, lambda: is_in_view(app, "#classes"))
            assert "accuracy by class" in text(app)

    try:
        drive(FakeWorker(), tmp_path, steps, size)
    finally:
        lock.release()


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)])
def test_the_curves_keep_their_height_when_a_run_ends(
    size: tuple[int, int], reported: dict[str, list[events.Event]], tmp_path: Path
) -> None:
    run, lock = live(tmp_path, reported["digits"])
    lock.release()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.train_screen.view.is_mounted)
        await app.train_screen.view.watch_run(run)
        app.train_screen.query_one(TabbedContent).active = "run"
        await until(pilot, lambda: re.search(r"test \d+\.\d\d % \(\d+/360\)", text(app)))
        await until(pilot, lambda: is_in_view(app, "#accuracy"))
        assert min(chart.inside.height for chart in app.screen.query("#loss, #accuracy")) >= 6  # pyright: ignore[reportAttributeAccessIssue]
        if size[1] >= 36:
            assert all(is_in_view(app, selector) for selector in PANELS)

    drive(FakeWorker(), tmp_path, steps, size)


def test_a_terminal_that_becomes_larger_shows_more(
    reported: dict[str, list[events.Event]], tmp_path: Path
) -> None:
    _, lock = live(tmp_path, reported["digits"][:-1])

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await watch_live_run(app, pilot)
        await until(pilot, lambda: app.screen.query_one(ExamplesView).display)
        assert not is_in_view(app, "#examples")
        for width, height, is_seen in ((160, 50, True), (80, 24, False), (120, 40, True)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda is_seen=is_seen: is_in_view(app, "#examples") == is_seen)
            assert is_in_view(app, "#device_usage")

    try:
        drive(FakeWorker(), tmp_path, steps, (80, 24))
    finally:
        lock.release()


def test_a_log_of_an_earlier_version_is_shown_without_what_it_lacks(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await until(pilot, lambda: "finished" in text(app) and "no data" in text(app))
        await until(pilot, lambda: app.screen.query_one("#loss").region.height >= 12)
        assert not app.screen.query_one(ExamplesView).display
        assert not app.screen.query_one(ClassBars).display
        for name in ("#loss", "#accuracy", "#speeds"):
            assert is_in_view(app, name)

    drive(FakeWorker(), tmp_path, steps, (120, 36))


class Panels(App[None]):
    """Examples and classes alone."""

    CSS = "ExamplesView, ClassBars { height: 12; border-top: blank; }"

    def compose(self) -> ComposeResult:
        yield ExamplesView()
        yield ClassBars()


def data_of(*classes: str, size: int = 10) -> DataSpec:
    sizes: dict[Any, Any] = {"test": (size,) * len(classes)}
    return replace(run_started(small_config()).data, classes=classes, class_sizes=sizes)


def example(label: int) -> Example:
    return Example(index=0, label=label, rows=2, columns=2, values="/wAA/w==")


def predictions(*each: tuple[tuple[int, float], ...], step: int = 7) -> events.Predictions:
    return events.Predictions(epoch=1, step=step, predictions=each)


def evaluation(*correct: int) -> events.Evaluation:
    total = {"correct": sum(correct), "total": 1000, "accuracy": 0.5, "loss": 0.1}
    at: dict[str, Any] = {"split": "test", "final": False, "epoch": 1, "step": 1}
    return events.Evaluation(**at, **total, class_correct=correct)


def show_panels(size: tuple[int, int], steps: Any) -> None:
    async def main() -> None:
        app = Panels()
        async with app.run_test(size=size) as pilot:
            await steps(app, pilot)

    asyncio.run(main())


class TestExamples:
    SHOWN = events.Examples(split="test", examples=(example(0), example(2)))

    def test_only_the_bars_are_sent_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            view, data = app.query_one(ExamplesView), data_of("cat", "dog", "[b]owl")
            view.show(self.SHOWN, predictions(((0, 0.9),), ((1, 0.8), (2, 0.1)), step=0), data)
            await pilot.pause()
            assert "before training: 1 correct" in text(app)
            sent: list[Region] = []
            monkeypatch.setattr(Widget, "refresh", lambda *given, **_: sent.extend(given[1:]))
            view.show(self.SHOWN, predictions(((0, 0.9),), ((2, 0.8), (1, 0.1))), data)
            bars = range(view._arrangement.rows, view._arrangement.rows + 3)
            rows = {y for it in sent for y in range(it.y, it.bottom)}
            assert {bars[0]} < rows <= {-1, *bars}  # -1 is the title

        show_panels((80, 30), steps)

    def test_the_true_class_is_marked_wherever_it_is(self) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            view, data = app.query_one(ExamplesView), data_of("cat", "dog", "[b]owl", "elk")
            most = ((1, 0.5), (3, 0.3), (0, 0.1), (2, 0.05))
            view.show(self.SHOWN, predictions(((0, 0.9),), most), data)
            await pilot.pause()
            lines = [line for line in text(app).splitlines() if "%" in line or "▸" in line]
            assert "▸cat" in "".join(lines)
            assert any("▸[b]owl" in line and line.rstrip().endswith("5") for line in lines)

        show_panels((80, 30), steps)

    def test_names_that_are_cut_still_differ(self) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            names = [f"{number} - number {number}" for number in range(8)]
            shown = events.Examples(split="test", examples=tuple(map(example, range(8))))
            told = predictions(*(((number, 1.0),) for number in range(8)))
            app.query_one(ExamplesView).show(shown, told, data_of(*names))
            await pilot.pause()
            assert all(f"▸{number} " in text(app) for number in range(8))

        show_panels((80, 30), steps)

    LONG_NAMES = ("walking upstairs with a bag", "walking upstairs with nothing", "sitting all day")

    def test_long_names_have_wide_cells(self) -> None:
        cell = least_cell(self.LONG_NAMES)
        it = arrange([example(0)] * 8, 78, 7, is_image=False, least_cell=cell)
        assert it.shown == it.across == 5
        assert shortened_together(self.LONG_NAMES, cell - 7) == ["wal…ag", "wal…ng", "sit…ay"]

    def test_examples_that_do_not_fit_are_left_out(self) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            view = app.query_one(ExamplesView)
            examples = tuple(map(example, (0, 0, 0, 0, 1, 1, 1, 1)))
            told = predictions(*(((it.label, 0.75), (1 - it.label, 0.25)) for it in examples))
            shown = events.Examples(split="test", examples=examples)
            view.show(shown, told, data_of(*self.LONG_NAMES))
            await pilot.pause()
            assert "4 of 8 test examples" in text(app)
            assert text(app).count("▸walkin…") == 4

        show_panels((40, 16), steps)

    @pytest.mark.parametrize("shares", [(), (((9, 0.5),),) * 2, (((0, 1.0),),) * 8])
    def test_a_log_that_contradicts_itself_is_shown(self, shares: Any) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            shown = events.Examples(split="test", examples=(example(0), example(2**40)))
            app.query_one(ExamplesView).show(shown, predictions(*shares), data_of("cat"))
            await pilot.pause()
            assert "2 test examples" in text(app)

        show_panels((80, 30), steps)

    @pytest.mark.parametrize("width", [1, 7, 40, 80, 200])
    @pytest.mark.parametrize("height", [1, 4, 5, 9, 30, 80])
    @pytest.mark.parametrize("is_image", [True, False])
    @pytest.mark.parametrize("least_cell", [7, 14])
    def test_it_fits_any_place(
        self, width: int, height: int, is_image: bool, least_cell: int
    ) -> None:
        shown = [replace(example(0), rows=28, columns=28)] * 8
        it = arrange(shown, width, height, is_image=is_image, least_cell=least_cell)
        assert it.columns <= it.width
        assert it.width >= min(width, least_cell)
        if it.rows:
            lines = -(-it.shown // it.across)
            assert lines * (it.height + 1) - 1 <= height
            assert it.across * (it.width + it.gap) - it.gap <= width


class TestClasses:
    def test_changes_since_the_evaluation_before(self) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            bars, data = app.query_one(ClassBars), data_of("cat", "dog", "elk")
            bars.show([evaluation(5, 5, 5), evaluation(7, 5, 4)], data)
            await pilot.pause()
            lines = text(app).splitlines()
            cat, dog, elk = (
                next(line for line in lines if name in line) for name in ("cat", "dog", "elk")
            )
            assert "70.0 ▲20.0" in cat
            assert dog.rstrip().endswith("50.0")
            assert "40.0 ▼10.0" in elk

        show_panels((80, 30), steps)

    def test_of_many_classes_the_worst_come_first(self) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            names = [f"class number {number:02}" for number in range(100)]
            correct = [number * 37 % 100 for number in range(100)]
            app.query_one(ClassBars).show([evaluation(*correct)], data_of(*names, size=100))
            await pilot.pause()
            assert "the worst 22 of 100" in text(app)
            assert text(app).index(f"{correct.index(0):02} ") < text(app).index(
                f"{correct.index(1):02} "
            )

        show_panels((80, 30), steps)

    def test_counts_of_other_classes_than_the_data_have(self) -> None:
        async def steps(app: Panels, pilot: Pilot[None]) -> None:
            bars = app.query_one(ClassBars)
            bars.show([evaluation(1), evaluation(99, 3, 3, 3)], data_of("cat", "dog"))
            await pilot.pause()
            assert "100.0" in text(app)

        show_panels((80, 30), steps)


def test_predictions_appear_as_they_are_reported(
    reported: dict[str, list[events.Event]], tmp_path: Path
) -> None:
    story = reported["digits"]
    cut = next(i for i, it in enumerate(story) if isinstance(it, events.EpochEnded))
    run, lock = live(tmp_path, story[:cut])

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await watch_live_run(app, pilot)
        await until(pilot, lambda: "8 test examples before training" in text(app))
        told = [it for it in story if isinstance(it, events.Predictions)][-1]
        tell(run, replace(told, time=time.time() + 1))
        await until(pilot, lambda: f"8 test examples after step {told.step}" in text(app))

    try:
        drive(FakeWorker(), tmp_path, steps, (120, 36))
    finally:
        lock.release()


def test_the_wheel_scrolls_and_zooms_the_chart_that_has_the_focus(
    reported: dict[str, list[events.Event]], tmp_path: Path
) -> None:
    _, lock = live(tmp_path, reported["digits"][:-1])

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await watch_live_run(app, pilot)
        body, loss = app.screen.query_one(Dashboard), app.screen.query_one("#loss", Chart)
        await until(pilot, lambda: body.max_scroll_y > 0)

        def wheel() -> MouseScrollDown:
            x, y = loss.region.x + 19, loss.region.y + 3
            return MouseScrollDown(loss, 19, 3, 0, 1, 0, False, False, False, x, y)

        loss.post_message(wheel())
        await until(pilot, lambda: body.scroll_offset.y > 0)
        assert loss._across.is_whole
        loss.focus()
        await pilot.pause()
        loss.post_message(wheel())
        await until(pilot, lambda: not loss._across.is_whole)

    try:
        drive(FakeWorker(), tmp_path, steps, (80, 24))
    finally:
        lock.release()
