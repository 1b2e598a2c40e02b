"""Drives the screen of a sweep in tests."""

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.widgets.sweep.table import TrialsTable
from tests.tui.driving import FakeWorker, Steps, drive, text, until

MANY = {
    "hidden_size": "16..256:log",
    "cell": "lstm,gru",
    "bidirectional": "true,false",
    "learning_rate": "1e-3..3e-2:log",
    "dropout": "0..0.5:0.1",
    "num_layers": "1..3",
}


def watch(runs_dir: Path, steps: Steps, worker: FakeWorker | None = None, **options: Any) -> None:
    """Open the app at the sweep `first`, and do something there once it is read."""

    async def wait(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, SweepScreen) and app.screen.seen)
        await steps(app, pilot)

    options = {"redraws_per_second": 10, **options}
    drive(worker or FakeWorker(), runs_dir, wait, sweep="first", at_home=True, **options)


def table_of(app: BilstmApp) -> TrialsTable:
    return app.screen.query_one(TrialsTable)


def rows_of(app: BilstmApp) -> list[str]:
    """The words of each row of the table, without what is not in view."""
    region = table_of(app).region
    lines = text(app).splitlines()[region.y + 1 : region.bottom]
    rows = [line[region.x : region.right].strip(" ▁▂▃▄▅▆▇█▔") for line in lines]
    return [row for row in rows if row]
