"""Snapshots of some screens; `make test ARGS=--snapshot-update` updates them."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from bilstm_core.config.resolve import to_toml
from bilstm_core.errors import DataError
from bilstm_core.runs.event_log import EventLog
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.dialogs import error_dialog
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets import device_usage
from tests.samples import small_config
from tests.tui.driving import FakeWorker, drive, story, text, until

SIZES = [(80, 24), (120, 36)]
pytestmark = [
    pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"]),
    pytest.mark.usefixtures("frozen"),
]


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that is neither busy nor large, and a run of a date long ago."""
    monkeypatch.setattr(device_usage, "cpu_usage", lambda: "cpu  7 % busy, 5.0 of 8.0 GiB free")
    monkeypatch.setattr(device_usage, "short_cpu_usage", lambda: "cpu 7%")
    monkeypatch.setattr(device_usage, "list_gpus", list)
    run = Run(tmp_path / "2001-02-03_040506_bilstm_abc")
    run.path.mkdir()
    run.config_file.write_text(to_toml(small_config()), encoding="utf-8")
    log = EventLog(run.open_folder())
    for event in story(small_config()):
        log.append(event)
    log.close()


async def still(app: BilstmApp, pilot: Pilot[int]) -> str:
    """What the screen shows once all of it is there and nothing moves."""
    seen = [text(app)]

    def is_still() -> bool:
        seen.append(text(app))
        return len(seen) > 5 and len(set(seen[-5:])) == 1 and "q Quit" in seen[-1]

    await until(pilot, is_still)
    return seen[-1]


def test_the_first_screen(
    tmp_path: Path, size: tuple[int, int], snapshot: SnapshotAssertion
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(
            pilot,
            lambda: "from 1 run" in text(app) and (size[1] < 30 or "cpu  7 %" in text(app)),
        )
        assert await still(app, pilot) == snapshot

    drive(FakeWorker(), tmp_path, steps, size)


def test_a_finished_run(tmp_path: Path, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and "abc" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "got 351" in text(app) and "cpu 7%" in text(app))
        await until(pilot, lambda: "test 97.50" in text(app) and "v View" in text(app))
        assert await still(app, pilot) == snapshot

    drive(FakeWorker(), tmp_path, steps, size)


def test_the_screen_of_runs(
    tmp_path: Path, size: tuple[int, int], snapshot: SnapshotAssertion
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and "abc" in text(app))
        await pilot.press("space")
        await until(pilot, lambda: "●" in text(app) and "seconds" in text(app))
        assert await still(app, pilot) == snapshot

    drive(FakeWorker(), tmp_path, steps, size)


def test_a_failure(tmp_path: Path, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(
            pilot,
            lambda: "from 1 run" in text(app) and (size[1] < 30 or "cpu  7 %" in text(app)),
        )
        app.push_screen(error_dialog(DataError("No mirror gave a good file.", "1. Copy it here.")))
        await until(pilot, lambda: "Close" in text(app))
        box = app.screen.query_one("#dialog").region
        lines = text(app).splitlines()[box.y : box.bottom]
        assert "\n".join(line[box.x : box.right] for line in lines) == snapshot

    drive(FakeWorker(), tmp_path, steps, size)
