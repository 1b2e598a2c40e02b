"""The dialog that exports a run, from the list of runs and from the run that is shown."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from bilstm_core.exports.formats import FORMATS
from bilstm_core.processes.protocol import StartRun
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.dialogs import Question
from bilstm_tui.app.screens.export import ExportScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets.charts.chart import Chart
from tests.samples import small_config
from tests.tui.driving import FakeWorker, drive, open_runs, past_runs, said, text, until


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


async def dialog(app: BilstmApp, pilot: Pilot[int]) -> OptionList:
    await pilot.press("x")
    await until(pilot, lambda: isinstance(app.screen, ExportScreen))
    return app.screen.query_one(OptionList)


def disabled(formats: OptionList) -> list[str | None]:
    options = [formats.get_option_at_index(it) for it in range(formats.option_count)]
    return [option.id for option in options if option.disabled]


async def choose(pilot: Pilot[int], name: str) -> None:
    formats = pilot.app.screen.query_one(OptionList)
    formats.highlighted = [*FORMATS].index(name)  # type: ignore[arg-type]
    await pilot.press("enter")


def test_a_run_of_the_list_is_exported_and_its_path_is_shown(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path / "runs", 8)
    run.model_file.touch()
    written = tmp_path / "here" / f"{run.name}.steps.csv"

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        formats = await dialog(app, pilot)
        assert disabled(formats) == []
        await until(
            pilot,
            lambda: text(app).splitlines()[-1].strip() == "↑↓ Choose ⏎ Select esc Cancel",
        )
        assert str(tmp_path / "here") in said(app)
        await choose(pilot, "csv")
        await until(pilot, lambda: f"Wrote {written}" in said(app))
        await until(pilot, lambda: text(app).splitlines()[-1].strip() == "esc Close")
        written.write_text("changed")
        await pilot.press("escape")
        await dialog(app, pilot)
        await choose(pilot, "csv")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert written.name in said(app)
        await pilot.press("enter")  # to keep it is the default
        await until(pilot, lambda: isinstance(app.screen, ExportScreen))
        assert written.read_text() == "changed"
        await choose(pilot, "csv")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("right", "enter")
        await until(pilot, lambda: "Wrote" in said(app))
        assert written.read_text().startswith("step,epoch,")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))

    drive(FakeWorker(), tmp_path / "runs", steps)


def test_without_a_network_there_are_only_curves(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path / "runs", 8)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        formats = await dialog(app, pilot)
        assert disabled(formats) == ["onnx", "script"]
        assert "no network yet" in said(app)
        await choose(pilot, "csv")
        await until(pilot, lambda: "Wrote" in said(app))
        assert (tmp_path / "here" / f"{run.name}.steps.csv").exists()

    drive(FakeWorker(), tmp_path / "runs", steps)


def test_the_run_that_is_shown_is_exported_and_on_a_chart_the_key_is_the_charts(
    tmp_path: Path,
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "No run is shown" in said(app))
        order = StartRun(config=small_config(), runs_dir=tmp_path / "runs")
        await app.train_screen.watch_run(FakeWorker().open_run(order))
        chart = app.screen.query(Chart).first()
        app.screen.set_focus(chart)
        await pilot.pause()
        axis = chart.border_title
        await pilot.press("x")
        await until(pilot, lambda: chart.border_title != axis)
        assert app.screen is app.train_screen
        app.screen.set_focus(None)
        await dialog(app, pilot)

    drive(FakeWorker(), tmp_path / "runs", steps)


def test_what_went_wrong_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = past_runs(tmp_path / "runs", 8)
    run.model_file.write_bytes(b"damaged")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await dialog(app, pilot)
        await choose(pilot, "script")
        await until(pilot, lambda: "is damaged or no model" in said(app))
        await pilot.press("escape")
        monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
        await dialog(app, pilot)
        await choose(pilot, "csv")
        await until(pilot, lambda: "cannot be started" in said(app))

    drive(FakeWorker(), tmp_path / "runs", steps)
    assert [*(tmp_path / "here").iterdir()] == []


def test_an_export_that_is_not_waited_for_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past_runs(tmp_path / "runs", 8)
    started: list[Any] = []
    popen = subprocess.Popen

    def forever(_: Any, **options: Any) -> Any:
        started.append(popen(["sleep", "600"], **options))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", forever)
    # tests that a shell started in the background ignore it, and so would what they start
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await dialog(app, pilot)
        await choose(pilot, "csv")
        await until(pilot, lambda: started)
        await pilot.press("escape")
        await asyncio.to_thread(started[0].wait, 60)

    try:
        drive(FakeWorker(), tmp_path / "runs", steps)
    finally:
        signal.signal(signal.SIGINT, before)
    assert started[0].returncode == -signal.SIGINT


def test_without_a_working_directory_there_is_a_message(tmp_path: Path) -> None:
    past_runs(tmp_path / "runs", 8)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        Path.cwd().rmdir()
        await dialog(app, pilot)
        await choose(pilot, "csv")
        await until(pilot, lambda: "The working directory was deleted" in said(app))

    drive(FakeWorker(), tmp_path / "runs", steps)


def test_a_hostile_name_is_no_markup(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path / "runs", 8)
    hostile = run.path.rename(run.path.with_name("2026-01-01_000000_[red]\x1b[2J_abc"))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 1)
        await dialog(app, pilot)
        assert Run(hostile).name in said(app)

    drive(FakeWorker(), tmp_path / "runs", steps)
