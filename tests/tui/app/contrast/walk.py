"""Goes through the screens of the app, and notes what each draws in each theme."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from rich.color import ColorSystem
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.css.styles import Styles
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, OptionList, TabbedContent

from bilstm_core.errors import DataError
from bilstm_core.processes.protocol import FindLearningRate
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.dialogs import Dialog, Prompt, error_dialog
from bilstm_tui.app.screens.export import ExportScreen
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.key_help import KeyHelp
from bilstm_tui.app.screens.learning_rate import LearningRateScreen
from bilstm_tui.app.screens.path_prompt import PathPrompt
from bilstm_tui.app.screens.run_rows import Filter, RunsTable
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.screens.setting_prompt import SettingPrompt
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.drawing import DrawingPad
from bilstm_tui.app.widgets.explain.view import ExplainView
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.app.widgets.mistakes import Mistakes
from bilstm_tui.app.widgets.run_details import RunDetails
from tests.samples import small_config
from tests.sweeping import MadeUpSweep
from tests.tui.app.contrast.made_up import RUNS, ImageInspector
from tests.tui.contrast import Drawn, drawn
from tests.tui.driving import FakeWorker, text, until
from tests.tui.inspectors import SeriesInspector

THEMES = ("textual-dark", "textual-light", "high-contrast", "ansi-dark", "ansi-light")
FEW_THEMES = ("textual-dark", "textual-light", "high-contrast")
"""For screens whose colours are those of others: another theme takes half a second."""

FEWER_COLOURS = {
    "no colours": None,
    "16 colours": ColorSystem.STANDARD,
    "256 colours": ColorSystem.EIGHT_BIT,
}
"""Terminals for which colours are rounded; in the `ansi` themes none are."""

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
                if not self.app.current_theme.ansi:
                    for words, colours in FEWER_COLOURS.items():
                        seen = dict.fromkeys(drawn(self.app, colours))
                        self.seen[view.name, f"{theme}, {words}"] = [*seen]

    async def look_at_dialogs(self, dialogs: Mapping[str, Callable[[], Dialog]]) -> None:
        """Look at dialogs, each given with words that it shows, and close them."""

        def opened(make: Callable[[], Dialog]) -> Prepare:
            async def prepare() -> None:
                if isinstance(self.app.screen, Dialog):
                    await self.app.pop_screen()
                await self.app.push_screen(make())

            return prepare

        views = [View(words, words, opened(make)) for words, make in dialogs.items()]
        for theme in FEW_THEMES:
            await self.look(*views, themes=[theme])
            await self.app.pop_screen()  # the next theme is for the screen below

    def tab(self, name: str) -> None:
        """Show a tab; that with the focus would become active again."""
        self.app.screen.set_focus(None)
        self.app.screen.query_one(TabbedContent).active = name


def restyle(app: BilstmApp, animate: bool = True) -> None:
    """Apply the styles of another theme, and ask each widget for one repaint.

    Textual asks for one for each rule of each widget, which takes most of the time of this test.
    """
    with patch.object(Styles, "refresh", lambda *_, **__: None):
        REFRESH_CSS(app, animate)
    for widget in app.screen.walk_children(with_self=True):
        widget.refresh()


REFRESH_CSS = BilstmApp.refresh_css


def send_nothing(
    compositor: Compositor, *_: object, screen_stack: list[Screen[Any]] | None = None, **__: object
) -> None:
    """Render nothing for a terminal that is not there: what is looked at is rendered then."""
    visible_screen_stack.set(screen_stack or [])
    compositor._dirty_regions.clear()


async def walk_through(
    walk: Walk, worker: FakeWorker, run: Run, changes: pytest.MonkeyPatch
) -> None:
    """Go through all screens.

    Args:
        worker: Finds learning rates.
        run: A finished one.
        changes: Replaces what examines it.
    """
    await home_and_dialogs(walk, worker, run)
    await list_of_runs(walk)
    await networks(walk, run, changes)
    await series(walk, run, changes)
    await form_and_run(walk, run)
    await sweep(walk)


async def home_and_dialogs(walk: Walk, worker: FakeWorker, run: Run) -> None:
    app = walk.app

    def toasts() -> None:
        for severity in ("information", "warning", "error"):
            app.notify(f"{severity} 1", title="A title", severity=severity, timeout=600)

    await walk.look(
        View("home", "failed", app.clear_notifications), View("toasts", "error 1", toasts)
    )
    app.clear_notifications()
    app.action_tour()
    await walk.look(View("tour", "test 97.50 %"), themes=FEW_THEMES)
    await app.pop_screen()
    order = FindLearningRate(config=small_config())
    dialogs: dict[str, Callable[[], Dialog]] = {
        "Suggested": lambda: LearningRateScreen(
            lambda: worker.find_learning_rate(order), worker.cancel
        ),
        "ONNX": lambda: ExportScreen(run, app._runs_dir),
        "On this screen": lambda: KeyHelp(app.screen),
        "Go to a setting": SettingPrompt,
        "file or folder": lambda: PathPrompt(["/"]),
        "Nothing.": lambda: error_dialog(DataError("Nothing.", "Do this.")),
        "! Too short.": lambda: Prompt(
            "Note", "A note", "old", lambda typed: "Too short." if typed else ""
        ),
    }
    await walk.look_at_dialogs(dialogs)
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
    layers, cell = (
        app.screen.query_one("#num_layers", Input),
        app.screen.query_one("#cell", ChoiceField),
    )

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
        layers.value = "1"
        cell.action_open()

    def data() -> None:
        cell.focus()
        walk.tab("data")

    await walk.look(
        View("a wrong setting", "! num_layers", wrong_setting),
        View("a list of choices", "rnn", list_of_choices),
        View("data", "1,437", data),
        View("run", "accuracy by class", lambda: walk.tab("run")),
        View("explanation", "backward", explanation),
        themes=[*FEW_THEMES, "ansi-light"],
    )


async def sweep(walk: Walk) -> None:
    app = walk.app
    with MadeUpSweep(app._runs_dir) as made_up:
        made_up.start(3)
        for _ in range(3):
            made_up.finish()
        made_up.prune()
        made_up.stop()
        made_up.fail("The loss was not finite.")
        app.show_sweep("first")
        await until(walk.pilot, lambda: isinstance(app.screen, SweepScreen) and app.screen.seen)
        await walk.look(View("sweep", "failed"), themes=FEW_THEMES)
        await app.pop_screen()
