"""The first screen: choose on the left, watch on the right."""

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer, Input, Static, TabbedContent, TabPane

from bilstm_core.config import RunConfig
from bilstm_core.runs import Run

from ..widgets.form import Form
from ..widgets.plan import Plan
from ..widgets.run_view import RunView
from ..widgets.vitals import Vitals

_BOTH_FIT = 110
"""Columns from which on the form stays beside a run."""


class TrainScreen(Screen[None]):
    """The form, the sketch of its network, and the run.

    Args:
        config: What the form shows at first.
        preset: The preset that it came from.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "app.begin", "Train", priority=True),
        Binding("p", "app.pause_shown", "Pause/Go on", priority=True),
        Binding("s", "app.stop_shown", "Stop", priority=True),
        Binding("i", "app.inspect_shown", "Inspect", priority=True),
        Binding("v", "switch_view", "Network/Run", priority=True),
    ]

    def __init__(self, config: RunConfig, preset: str) -> None:
        super().__init__()
        self.config: RunConfig | None = config
        self._first = config
        self._preset = preset

    def compose(self) -> ComposeResult:
        """Form, tabs, footer."""
        with Horizontal():
            yield Form(self._first, self._preset)
            with TabbedContent(id="right"):
                with TabPane("Network", id="network"), VerticalScroll():
                    yield Plan()
                    yield Vitals()
                with TabPane("Run", id="run"):
                    yield RunView()
        yield Static(id="problem")
        yield Footer()

    def on_mount(self) -> None:
        """Draw the first network."""
        self.query_one(Plan).show(self._first, self._preset)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters are letters while a word is typed."""
        return not (action == "switch_view" and is_typing(self))

    @property
    def view(self) -> RunView:
        """The run that is shown."""
        return self.query_one(RunView)

    def show_run_tab(self) -> None:
        """Bring the run to the front."""
        self.query_one(TabbedContent).active = "run"

    async def watch_run(self, run: Run) -> None:
        """Show a run."""
        self.show_run_tab()
        await self.view.watch_run(run)
        self.refresh_bindings()

    @on(TabbedContent.TabActivated)
    @on(Resize)
    def _make_room(self) -> None:
        """Where both do not fit, a run takes the whole width."""
        is_run = self.query_one(TabbedContent).active == "run"
        self.query_one(Form).display = not (is_run and self.app.size.width < _BOTH_FIT)

    def action_switch_view(self) -> None:
        """The other tab."""
        tabs = self.query_one(TabbedContent)
        tabs.active = "network" if tabs.active == "run" else "run"

    @on(Form.Changed)
    def _take_settings(self, event: Form.Changed) -> None:
        self.config = event.config
        plan = self.query_one(Plan)
        if event.config:
            plan.show(event.config, self.query_one(Form).preset)
        else:
            plan.show_problem(event.problem)
        problem = self.query_one("#problem", Static)
        problem.update(event.problem.replace("\n", "  "))
        problem.display = bool(event.problem)
        self.refresh_bindings()


def is_typing(screen: Screen[Any]) -> bool:
    """Whether keys are letters of a word now."""
    return isinstance(screen.focused, Input) and screen.focused.type == "text"
