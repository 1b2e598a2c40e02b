"""Data of one's own in tests of the app: a table, and what the form shows of it."""

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Static

from bilstm_core.config.schema import RunConfig
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.path_prompt import PathPrompt
from bilstm_tui.app.widgets.dataset_field import DatasetField
from tests.tui.driving import FakeWorker, Steps, drive, text, until

TALL = (160, 60)


def write_table(path: Path, columns: str = "kind,place", classes: str = "ab") -> Path:
    """Twenty sequences of five steps, with two columns of text."""
    rows = [
        f"{number},{step * number},{classes[number % len(classes)]},x"
        for number in range(20)
        for step in range(5)
    ]
    path.write_text("\n".join([f"id,height,{columns}", *rows]), encoding="utf-8")
    return path


def is_shown(app: BilstmApp, name: str) -> bool:
    """Whether a setting has a row that is on the screen."""
    return any(field.region.area > 0 for field in app.train_screen.query(f"#{name}"))


def is_pointed_to(app: BilstmApp, words: str) -> bool:
    """Whether the line above the keys says something and is highlighted, with nothing over it."""
    line = app.train_screen.query_one("#problem", Static)
    return words in str(line.content) and line.has_class("-asked") and not app._notifications


def right_of_the_form(app: BilstmApp) -> str:
    """What is shown there, as one line."""
    return " ".join(line.partition("▕")[2].strip() for line in text(app).splitlines())


async def ask_for_path(app: BilstmApp, pilot: Pilot[int]) -> Input:
    """Choose the last line of the list of data sets."""
    app.screen.query_one(DatasetField).focus()
    await pilot.press("enter")
    await until(pilot, lambda: "a file or folder …" in text(app))
    await pilot.press("end", "enter")
    await until(pilot, lambda: isinstance(app.screen, PathPrompt) and app.focused)
    assert isinstance(app.focused, Input)
    return app.focused


async def choose(app: BilstmApp, pilot: Pilot[int], path: object) -> None:
    field = await ask_for_path(app, pilot)
    field.insert_text_at_cursor(str(path))
    await pilot.press("enter")


def drive_with(
    config: RunConfig, runs_dir: Path, steps: Steps, worker: FakeWorker | None = None
) -> None:
    """As `drive`, with another configuration in the form, in a tall terminal."""
    drive(worker or FakeWorker(), runs_dir, steps, TALL, config=config)
