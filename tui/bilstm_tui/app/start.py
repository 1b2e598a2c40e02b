"""How the app starts: at Home or with the form, and what is chosen at Home."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textual import on, work
from textual.app import SystemCommand
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widgets import TabbedContent

from bilstm_core import paths
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.processes.protocol import StartRun
from bilstm_core.processes.standby import StandbyWorker
from bilstm_core.runs.run import Run

from ..text.run_cells import without_date
from .colours import ON_DARK, ON_LIGHT, THEMES
from .key_order import OrderedKeysApp
from .messages import MessagesApp
from .screens.base import TrainRequested
from .screens.dialogs import Dialog, error_dialog
from .screens.home import HomeScreen
from .screens.train import CameFrom, TrainScreen
from .textual_internals import ReportingApp
from .widgets.marks import Marks


class StartingApp(OrderedKeysApp[int], MessagesApp[int], ReportingApp[int]):
    """An app with a screen to start from, above which or instead of which the form is shown.

    Attributes:
        train_screen: The form and its run; mounted when it is first needed.
        starts_at_home: Whether Home is shown at the next start without settings.
    """

    ansi_theme_dark = Reactive(ON_DARK, init=False)
    ansi_theme_light = Reactive(ON_LIGHT, init=False)

    train_screen: TrainScreen
    starts_at_home: bool
    _runs_dir: Path
    _data_dir: Path | None
    _standby: StandbyWorker

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"  # each frame is computed, and sent over the link
        self._marked_runs = Marks()
        for theme in THEMES:
            self.register_theme(theme)
        self.stylesheet.set_variables(self.get_css_variables())  # of the theme at the start

    def first_screen(self, *, at_home: bool) -> Screen[Any]:
        """The screen that is shown first."""
        return self._home() if at_home else self.train_screen

    def _home(self, initial_run: str = "") -> HomeScreen:
        return HomeScreen(self._runs_dir, self._next_run, initial_run)

    @property
    def _next_run(self) -> tuple[RunConfig, DataSpec, str] | None:
        """What the form says, its data, and the preset on which it is based."""
        train = self.train_screen
        return (train.config, train.spec, train.preset) if train.config and train.spec else None

    async def action_home(self) -> None:
        """Show Home, and close what is above it."""
        await self.show_home()

    async def show_home(self, run: Run | None = None) -> None:
        """Show Home, at a run if it is listed, and close what is above it."""
        await self._close_above(HomeScreen)
        name = run.name if run else ""
        if isinstance(self.screen, HomeScreen):
            self.screen.come_back(self._next_run, name)
        else:
            await self.push_screen(self._home(name))

    async def show_train_screen(self) -> None:
        """Show the form, and close what is above it; a dialog above it stays."""
        others = [it for it in self.screen_stack if not isinstance(it, Dialog)]
        if others[-1] is self.train_screen:
            return
        await self._close_above(TrainScreen)
        if self.screen is not self.train_screen:  # the app was started at Home
            await self.push_screen(self.train_screen)

    async def _close_above(self, *kinds: type[Screen[Any]]) -> None:
        """Close screens until one of these kinds, or the first screen of the app, is on top."""
        while len(self.screen_stack) > 1 and not isinstance(self.screen, kinds):
            if isinstance(self.screen, Dialog):
                await self.screen.dismiss()  # somebody may wait for the answer
            else:
                await self.pop_screen()

    async def on_home_screen_chosen(self, event: HomeScreen.Chosen) -> None:
        """Do what was chosen at Home."""
        match event.action:
            case "tour":
                self.action_tour()
            case "runs" | "sweeps" as action:
                await self.run_action(action)
            case "train":
                await self._train()
            case action:
                await self.show_train_screen()
                if action == "data":
                    self.train_screen.query_one(TabbedContent).active = "data"
                elif event.run:
                    self.show_run(event.run, "home")
                else:
                    self.train_screen.show_form()

    @on(TrainRequested)
    async def _train(self) -> None:
        """Train with the form's settings."""
        await self.show_train_screen()
        self.train_screen.action_train()

    def action_tour(self) -> None:
        """Start the guided tour."""
        from .screens.tour import TourScreen  # not needed for the first paint

        if not isinstance(self.screen, TourScreen):
            data_dir = paths.data_dir(self._data_dir).absolute()
            self.push_screen(TourScreen(self._open_tour_run, data_dir, marks=self._marked_runs))

    async def _open_tour_run(self, config: RunConfig, label: str) -> Run:
        order = StartRun(
            config=config, runs_dir=self._runs_dir, name=label, data_dir=self._data_dir
        )
        worker = self._standby.take()
        return await asyncio.to_thread(worker.open_run, order)

    def start_commands(self) -> Iterable[SystemCommand]:
        """Commands of the palette: Home, the tour, and what the next start shows."""
        yield SystemCommand("Home", "The first screen, with the latest runs", self.action_home)
        yield SystemCommand(
            "Guided tour", "LSTM against BiLSTM in five steps, trained for real", self.action_tour
        )
        other = "the form" if self.starts_at_home else "Home"
        yield SystemCommand(
            f"Start with {other}", f"Show {other} first at the next start", self._switch_start
        )

    def _switch_start(self) -> None:
        self.starts_at_home = not self.starts_at_home
        first = "Home" if self.starts_at_home else "the form"
        self.notify(f"The next start shows {first} first.")

    @work
    async def show_run(self, run: Run, came_from: CameFrom = "") -> None:
        """Show a run; reading a long one takes a second, during which keys still work."""
        await self.show_train_screen()
        await self.train_screen.watch_run(run, came_from)

    @work
    async def copy_settings(self, run: Run, changes: Mapping[str, Any]) -> None:
        """Fill the form with the settings of a run, and what was changed by hand while it ran."""
        await self.show_train_screen()
        by_hand: dict[str, str] = {}
        message = f"The form has the settings of {run.name}."
        try:
            config = run.config
            if rate := changes.get("learning_rate"):
                words = f"set by hand: {rate:g}, first {config.learning_rate:g}."
                by_hand["learning_rate"] = f"In {without_date(run.name)} it was {words}"
                message += f" Its learning rate was {words}"
            self.train_screen.show_settings(config.model_copy(update=dict(changes)), by_hand)
        except BilstmError as error:
            self.push_screen(error_dialog(error))
            return
        self.notify(message)
