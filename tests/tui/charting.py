"""Drives one chart in tests."""

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from bilstm_core import events
from bilstm_core.runs.history import History
from bilstm_tui.app.widgets.charts.chart import Chart
from tests.samples import run_started, small_config


class ChartApp(App[None]):
    """Shows one chart."""

    CSS = "Chart { border-top: blank; border-bottom: blank; }"

    def __init__(self, chart: Chart | None = None) -> None:
        super().__init__()
        self._chart = chart or Chart("loss", id="chart")

    def compose(self) -> ComposeResult:
        yield self._chart


Steps = Callable[[Chart, Pilot[None]], Awaitable[None]]


def drive_chart(steps: Steps) -> None:
    async def main() -> None:
        app = ChartApp()
        async with app.run_test(size=(100, 30)) as pilot:
            chart = app.query_one(Chart)
            chart.focus()
            await steps(chart, pilot)

    asyncio.run(main())


def history(losses: list[float | None]) -> History:
    past = History()
    started = run_started(small_config(num_epochs=100))
    past.add(started)
    for first in range(0, len(losses), 50):
        piece = losses[first : first + 50]
        step = first + len(piece)
        past.add(
            events.Progress(
                time=started.time + step,
                epoch=1,
                step=step,
                losses=piece,
                learning_rate=0.01,
                samples_per_second=1,
            )
        )
    return past


def history_of_rates(rates: list[float]) -> History:
    """A run that reports the learning rate of each step."""
    past = History()
    past.add(run_started(small_config(num_epochs=100)))
    for step, rate in enumerate(rates, 1):
        past.add(
            events.Progress(
                epoch=1, step=step, losses=[1.0], learning_rate=rate, samples_per_second=1
            )
        )
    return past


FALLING: list[float | None] = [10 ** -(step / 100) for step in range(400)]
