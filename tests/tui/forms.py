"""Drives the form in tests, and says what it shows."""

from pathlib import Path

from rich.segment import Segment
from textual.pilot import Pilot
from textual.widgets import Static

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.textual_internals import CollapsibleTitle
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.app.widgets.form_row import FormRow
from tests.samples import small_config
from tests.tui.driving import FakeWorker, Steps, drive, text, until

SMALLEST = (80, 24)


def drive_default(steps: Steps, runs_dir: Path, size: tuple[int, int] = SMALLEST) -> None:
    """As `drive`, with the form of a first start."""
    config = small_config(hidden_size=128, num_epochs=30, device="auto", precision="auto")

    async def when_there(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.train_screen.query(FormRow))
        await steps(app, pilot)

    drive(FakeWorker(), runs_dir, when_there, size, config=config)


def focused_name(app: BilstmApp) -> str:
    focused = app.focused
    if isinstance(focused, CollapsibleTitle) and focused.parent:
        return focused.parent.id or ""
    return (focused and focused.id) or ""


async def go_to(app: BilstmApp, pilot: Pilot[int], name: str) -> None:
    await app.train_screen.query_one(Form).go_to(name)
    await until(pilot, lambda: focused_name(app) == name)


def form_line(app: BilstmApp, name: str) -> str:
    """The line of a row, as wide as the form."""
    row = app.train_screen.query_one(f"#{name}").region
    form = app.train_screen.query_one(Form).region
    return text(app).splitlines()[row.y][: form.width - 1]


def segments_of(app: BilstmApp, name: str) -> list[Segment]:
    """What is drawn of a row, from edge to edge."""
    row = app.train_screen.query_one(f"#{name}").region
    width = app.train_screen.query_one(Form).size.width
    strip = app.screen._compositor.render_strips()[row.y]
    return list(strip.crop(0, width))


def hint(app: BilstmApp) -> str:
    return str(app.train_screen.query_one("#help", Static).content)
