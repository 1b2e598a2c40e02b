"""Whatever a screen shows can be read in every kind of theme, and without colours."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from textual.css.styles import Styles
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Select, TabbedContent

from bilstm_core import events
from bilstm_core.data.example import Example
from bilstm_core.errors import DataError
from bilstm_core.inference.explanation import Explanation, Prediction, States
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.protocol import FindLearningRate
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import create_run, list_runs
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.dialogs import Dialog, Prompt, error_dialog
from bilstm_tui.app.screens.export import ExportScreen
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.key_help import KeyHelp
from bilstm_tui.app.screens.learning_rate import LearningRateScreen
from bilstm_tui.app.screens.path_prompt import PathPrompt
from bilstm_tui.app.screens.run_rows import RunsTable
from bilstm_tui.app.screens.runs import Filter, RunsScreen
from bilstm_tui.app.screens.setting_prompt import SettingPrompt
from bilstm_tui.app.widgets.charts.chart import MARKERS
from bilstm_tui.app.widgets.drawing import DrawingPad
from bilstm_tui.app.widgets.explain.view import ExplainView
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.app.widgets.mistakes import Mistakes
from bilstm_tui.app.widgets.run_details import RunDetails
from tests.samples import small_config
from tests.tui.app.screens.test_inspect import ManyMistakes, SeriesInspector
from tests.tui.contrast import Drawn, drawn
from tests.tui.driving import FakeWorker, drive, story, text, until

pytestmark = pytest.mark.timeout(600)  # the first test goes through all screens
THEMES = ("textual-dark", "textual-light", "high-contrast", "ansi-dark", "ansi-light")
FEW_THEMES = ("textual-dark", "textual-light")
"""For screens whose colours are those of others: another theme takes half a second."""
SIZE = (120, 36)
BRAILLE = "".join(map(chr, range(0x2800, 0x2900)))


@dataclass(frozen=True)
class Exempt:
    """What need not have the contrast.

    Attributes:
        widget: A class in the path of its widget; empty for all.
        characters: Those that are meant; empty for all.
        least: The contrast that they need all the same.
    """

    reason: str
    widget: str = ""
    characters: str = ""
    least: float = 0.0

    def applies(self, it: Drawn) -> bool:
        is_there = not self.widget or self.widget in it.widget.split()
        is_there = is_there and it.contrast >= self.least
        return is_there and (not self.characters or not {*it.characters} - {*self.characters})


EXEMPT = (
    Exempt("two pixels of a picture: their brightness is what they say", characters="▀"),
    Exempt("a scrollbar repeats what is in view", widget="ScrollBar"),
    Exempt("the frame of a chart, whose numbers are the scale", "Grid", "┏┓┗┛┣┫┳┻╋━┃"),
    Exempt("raw values behind a smoothed curve are fainter on purpose", "DiffCanvas", BRAILLE, 2.0),
    Exempt("the line below the tabs: the active one is bold", widget="Underline"),
    Exempt("the edge of a button, whose words are on its ground", "AnswerButton", "▁▔▊▎"),
    Exempt("Textual's palette of commands", widget="CommandPalette"),
    Exempt("the cursor on the first letter of a placeholder", "Filter", "/"),
)

Seen = dict[tuple[str, str], list[Drawn]]
"""What was drawn, by screen and theme."""


Prepare = Callable[[], Awaitable[object] | None]


@dataclass(frozen=True)
class View:
    """What a screen can show: how to come to it, and words that it then shows."""

    name: str
    words: str
    prepare: Prepare = lambda: None


class Walk:
    """Goes through the screens, and notes what each draws in each theme."""

    def __init__(self, app: BilstmApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot
        self.seen: Seen = {}

    async def look(self, *views: View, themes: Sequence[str] = THEMES) -> None:
        """Note what the current screen draws; another theme costs more than another view."""
        for theme in themes:
            self.app.theme = theme
            await self.pilot.pause()
            for widget in self.app.screen.query(OptionList):
                widget.notify_style_update()  # Textual draws its cursor once more as before
            for view in views:
                if (prepared := view.prepare()) is not None:
                    await prepared
                await until(self.pilot, lambda words=view.words: words in text(self.app))
                await self.pilot.pause()
                self.seen[view.name, theme] = [*dict.fromkeys(drawn(self.app))]

    async def look_at_dialog(self, dialog: Dialog, words: str) -> None:
        """Look at a dialog, and close it."""
        await self.app.push_screen(dialog)
        await self.look(View(type(dialog).__name__, words), themes=FEW_THEMES)
        await self.app.pop_screen()

    def tab(self, name: str) -> None:
        """Show a tab; that with the focus would become active again."""
        self.app.screen.set_focus(None)
        self.app.screen.query_one(TabbedContent).active = name


# --- what the screens show ---

CLASSES = 10
RUNS = ("finished", "stopped", "failed", "lost", "running")


def told(status: str) -> list[events.Event]:
    """What a run reports that ended so: curves, classes, examples, a changed rate, a warning."""
    started, progress, *middle = story(small_config(seed=1, learning_rate=0.02))
    assert isinstance(started, events.RunStarted)
    sizes = {**started.data.class_sizes, "test": (36,) * CLASSES}
    started = replace(started, data=replace(started.data, class_sizes=sizes))
    example = Example(index=0, label=1, rows=2, columns=2, values="AED/gA==")
    right = tuple(range(10, 30, 2))
    scores: dict[str, Any] = {"epoch": 1, "step": 40, "loss": 0.1, "total": 360, "correct": 300}
    scores |= {"accuracy": 300 / 360, "split": "test", "final": False}
    tail: dict[str, list[events.Event]] = {
        "stopped": [events.Stopped(epoch=1, step=40)],
        "failed": [
            events.Failed(title="Out of memory", message="No room.", advice="a", exit_code=1)
        ],
    }
    ended = middle[2:] if status == "finished" else tail.get(status, [])
    return [
        started,
        events.Examples(split="test", examples=(example, replace(example, index=1, label=2))),
        events.Predictions(epoch=1, step=0, predictions=(((3, 0.5), (1, 0.2)), ((2, 0.9),))),
        progress,
        events.RunWarning(message="a warning"),
        events.LearningRateChanged(epoch=1, step=20, learning_rate=0.005),
        middle[0],
        events.Evaluation(**scores, class_correct=right),
        events.Evaluation(**scores, class_correct=right[::-1]),
        events.Predictions(epoch=1, step=40, predictions=(((3, 0.5), (1, 0.2)), ((2, 0.9),))),
        *ended,
    ]


def make_runs(folder: Path) -> RunLock:
    """A run of each status; the last one is trained until its lock is released."""
    for size, status in zip((8, 16, 24, 32, 48), RUNS, strict=True):
        run, lock = create_run(folder, small_config(hidden_size=size, learning_rate=0.02), status)
        log = EventLog(run.open_folder())
        for event in told(status):
            log.append(event)
        log.close()
        if status == "running":
            return lock
        lock.release()
    raise AssertionError


def explanation() -> Explanation:
    """Two directions over eight rows, merged by concatenation."""
    pieces = range(8)
    states = States(
        units=[0, 1],
        values=[[16 * at for at in pieces], [-16 * at for at in pieces]],
        scale=1.0,
        peaks=[7, 0],
        shares=[at / 28 for at in pieces],
        read=[112, 0],
    )
    prediction = Prediction(classes=[1, 0], probabilities=[0.6, 0.3], of_actual=0.3)
    return Explanation(
        config=small_config(),
        weights="new",
        data="digits",
        kind="images",
        has_lengths=False,
        index=0,
        count=360,
        classes=["7", "3"],
        num_classes=10,
        actual=0,
        num_steps=8,
        ends=[at + 1 for at in pieces],
        inputs=[[32 * at for at in pieces] for _ in pieces],
        forward=states,
        backward=states,
        forward_alone=[prediction] * 8,
        backward_alone=[prediction] * 8,
        together=[prediction] * 8,
        prediction=prediction,
    )


async def explain(*_: object) -> Explanation:
    return explanation()


class ImageInspector(ManyMistakes):
    """Explains, besides."""

    explain = staticmethod(explain)  # pyright: ignore[reportAssignmentType]


# --- the walk ---


def restyle(app: BilstmApp, animate: bool = True) -> None:
    """Apply the styles of another theme, and ask each widget for one repaint.

    Textual asks for one for each rule of each widget, which takes most of the time of this test.
    """
    with patch.object(Styles, "refresh", lambda *_, **__: None):
        REFRESH_CSS(app, animate)
    for widget in app.screen.walk_children(with_self=True):
        widget.refresh()


REFRESH_CSS = BilstmApp.refresh_css


async def home_and_dialogs(walk: Walk, worker: FakeWorker, run: Run) -> None:
    app = walk.app
    await walk.look(View("home", "failed"))
    app.action_tour()
    await walk.look(View("tour", "test 97.50 %"))
    await app.pop_screen()
    order = FindLearningRate(config=small_config())
    rates = LearningRateScreen(lambda: worker.find_learning_rate(order), worker.cancel)
    await walk.look_at_dialog(rates, "Suggested")
    await walk.look_at_dialog(ExportScreen(run, app._runs_dir), "ONNX")
    await walk.look_at_dialog(KeyHelp(app.screen), "On this screen")
    await walk.look_at_dialog(SettingPrompt(), "Go to a setting")
    await walk.look_at_dialog(PathPrompt(["/"]), "file or folder")
    await walk.look_at_dialog(error_dialog(DataError("Nothing.", "Do this.")), "Nothing.")
    note = Prompt("Note", "A note", "old", lambda typed: "Too short." if typed else "")
    await walk.look_at_dialog(note, "! Too short.")
    await walk.pilot.press("ctrl+p")
    await walk.look(View("palette", "Guided tour"), themes=FEW_THEMES)
    await walk.pilot.press("escape")


async def list_of_runs(walk: Walk) -> None:
    app = walk.app
    await app.push_screen(RunsScreen(app._runs_dir))
    table, details = app.screen.query_one(RunsTable), app.screen.query_one(RunDetails)
    await until(walk.pilot, lambda: table.row_count == len(RUNS) + 2)  # two are of the tour

    async def mark(*rows: int) -> None:
        for run in list_runs(app._runs_dir):
            if run.name in details.marked:
                details.toggle(run)
        for row in rows:
            table.move_cursor(row=row)
            await walk.pilot.press("space")
        await until(walk.pilot, lambda: len(details.marked) == len(rows))

    async def preview() -> None:
        app.screen.set_focus(table)
        await mark()
        table.move_cursor(row=2)

    await walk.look(
        View("runs with a preview", "Training in progress", preview),
        View("runs compared", "bidirectional", lambda: mark(0, 1)),
        View("filter", "To the runs", lambda: app.screen.set_focus(app.screen.query_one(Filter))),
    )
    await app.pop_screen()


async def networks(walk: Walk, run: Run, changes: pytest.MonkeyPatch) -> None:
    app = walk.app
    changes.setattr(inspect, "ExaminerClient", ImageInspector)
    await app.push_screen(InspectScreen(run, app._runs_dir))
    await until(walk.pilot, lambda: "true, down" in text(app))
    screen = app.screen
    mistakes, pad = screen.query_one(Mistakes), screen.query_one(DrawingPad)

    async def matrix() -> None:
        walk.tab("confusion-tab")
        screen.set_focus(screen.query_one("#confusion-counts DataTable"))
        await walk.pilot.pause()

    async def gallery() -> None:
        walk.tab("mistakes-tab")
        await walk.pilot.pause()
        mistakes.close()

    async def empty_canvas() -> None:
        walk.tab("draw-tab")
        await walk.pilot.pause()
        pad.focus()
        pad.action_clear()

    def drawing() -> None:
        pad.action_pen()
        pad.action_move(0, 1)

    await walk.look(
        View("confusion", "most frequent", matrix),
        View("classes", "precision", lambda: walk.tab("classes-tab")),
        View("calibration", "95 % interval", lambda: walk.tab("calibration-tab")),
        View("gallery", "1 of 100", gallery),
        View("a mistake", "Each direction", mistakes.open),
        View("explanation of a mistake", "→ forward", lambda: walk.tab("explain-tab")),
        View("an empty canvas", "Draw here", empty_canvas),
        View("a drawing", "100.0% ━━━", drawing),
        themes=FEW_THEMES,
    )
    await app.pop_screen()


async def series(walk: Walk, run: Run, changes: pytest.MonkeyPatch) -> None:
    app = walk.app
    changes.setattr(inspect, "ExaminerClient", SeriesInspector)
    await app.push_screen(InspectScreen(run, app._runs_dir))
    await until(walk.pilot, lambda: "misclassified" in text(app))
    mistakes = app.screen.query_one(Mistakes)
    walk.tab("mistakes-tab")
    await walk.look(
        View("misclassified series", "activity 59", mistakes.close),
        View("a misclassified series", "Each direction alone", mistakes.open),
        themes=FEW_THEMES,
    )
    await app.pop_screen()


async def form_and_run(walk: Walk, run: Run) -> None:
    app = walk.app
    await walk.pilot.press("2")
    await until(walk.pilot, lambda: app.screen is app.train_screen)
    await app.train_screen.watch_run(run)
    form = app.train_screen.query_one(Form)
    layers, cell = app.screen.query_one("#num_layers", Input), app.screen.query_one("#cell", Select)

    async def explanation() -> None:
        walk.tab("explain")
        await until(walk.pilot, lambda: app.screen.query(ExplainView))
        view = app.screen.query_one(ExplainView)
        await until(walk.pilot, lambda: view.shown)
        view.action_finish()

    async def wrong_setting() -> None:
        walk.tab("network")
        await form.go_to("cell")
        layers.value = "99"

    def list_of_choices() -> None:
        layers.value, cell.expanded = "1", True

    def data() -> None:
        cell.expanded = False
        walk.tab("data")

    await walk.look(
        View("a wrong setting", "! num_layers", wrong_setting),
        View("a list of choices", "rnn", list_of_choices),
        View("data", "1,437", data),
        View("run", "accuracy by class", lambda: walk.tab("run")),
        View("explanation", "backward", explanation),
        themes=[*FEW_THEMES, "ansi-light"],
    )


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What every screen draws in every theme: the app is started once."""
    folder = tmp_path_factory.mktemp("contrast")
    worker, found = FakeWorker(), Seen()
    worker.may_answer.set()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        walk = Walk(app, pilot)
        (run,) = [it for it in list_runs(app._runs_dir) if "finished" in it.name]
        await until(pilot, lambda: "Being trained now" in text(app))
        await home_and_dialogs(walk, worker, run)
        await list_of_runs(walk)
        await networks(walk, run, changes)
        await series(walk, run, changes)
        await form_and_run(walk, run)
        found.update(walk.seen)

    with pytest.MonkeyPatch.context() as changes:
        for name in ("CONFIG", "CACHE", "STATE"):
            changes.setenv(f"XDG_{name}_HOME", str(folder / name))
        changes.setattr(ExaminerClient, "explain", explain)
        changes.setattr(BilstmApp, "refresh_css", restyle)
        lock = make_runs(folder / "runs")
        try:
            drive(worker, folder / "runs", steps, SIZE, at_home=True)
        finally:
            lock.release()
    return found


def is_exempt(it: Drawn) -> bool:
    return any(exempt.applies(it) for exempt in EXEMPT)


def report(wrong: list[tuple[str, Drawn]]) -> str:
    """What cannot be read, each once, with a screen where that is so."""
    lines = {str(it): screen for screen, it in reversed(wrong)}
    return "\n".join(["", *(f"{line}  ({screen})" for line, screen in sorted(lines.items()))])


@pytest.mark.parametrize("theme", THEMES)
def test_everything_can_be_read(theme: str, seen: Seen) -> None:
    wrong = [
        (screen, it)
        for (screen, in_theme), everything in seen.items()
        for it in everything
        if in_theme == theme and it.contrast < it.least and not is_exempt(it)
    ]
    assert not wrong, report(wrong)


def test_every_exemption_is_needed(seen: Seen) -> None:
    faint = [it for everything in seen.values() for it in everything if it.contrast < it.least]
    for exempt in EXEMPT:
        assert any(map(exempt.applies, faint)), exempt


def test_the_walk_comes_to_every_kind_of_text_and_mark(seen: Seen) -> None:
    drawn_by = {
        name for everything in seen.values() for it in everything for name in it.widget.split()
    }
    assert {"HomeScreen", "TourScreen", "TrainScreen", "RunsScreen", "InspectScreen"} <= drawn_by
    assert {"RunDetails", "Chart", "ClassBars", "Gallery", "SeriesView"} <= drawn_by


def test_without_colours_states_and_curves_differ_by_words_and_shapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lock = make_runs(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: all(status in text(app) for status in RUNS))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        table, details = app.screen.query_one(RunsTable), app.screen.query_one(RunDetails)
        await until(pilot, lambda: table.row_count == len(RUNS))
        for status, row in zip(RUNS[::-1], text(app).splitlines()[2:], strict=False):
            assert row.split()[3] == status  # after the name and the date
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: len(details.marked) == 2)
        await until(pilot, lambda: "bidirectional" in text(app) or "hidden_size" in text(app))
        lines = text(app).splitlines()
        for marker in MARKERS[:2]:  # in the table, at the end of the curve, and in the legend
            assert sum(marker in line for line in lines) >= 3
        inks = [it.ink for it in drawn(app)]
        assert inks
        assert all(ink.r == ink.g == ink.b for ink in inks)

    try:
        drive(FakeWorker(), tmp_path, steps, SIZE, at_home=True)
    finally:
        lock.release()
