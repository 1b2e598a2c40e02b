"""Runs that are compared."""

from pathlib import Path

from textual.pilot import Pilot

from bilstm_core import events
from bilstm_core.processes.protocol import StartRun
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.charts.chart import Chart
from tests.samples import small_config
from tests.tui.driving import (
    FakeWorker,
    asked,
    drive,
    open_runs,
    tell,
    until,
)


def test_the_comparison_of_a_live_run_goes_on(tmp_path: Path) -> None:
    worker = FakeWorker(2)
    run = worker.open_run(StartRun(config=small_config(), runs_dir=tmp_path))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, run.name)
        await pilot.press("escape")
        await open_runs(app, pilot, 1)
        await pilot.press("space")
        chart = app.screen.query_one(Chart)
        await until(pilot, lambda: chart._series and len(chart._series[0].steps) == 40)
        reported = events.Progress(
            epoch=2, step=43, losses=[1, 1, 1], learning_rate=0.1, samples_per_second=1
        )
        tell(run, reported)
        await until(pilot, lambda: len(chart._series[0].steps) == 43)

    drive(worker, tmp_path, steps)
