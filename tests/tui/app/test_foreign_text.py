"""Whatever a run's files contain, every screen draws, and shows it as plain text."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from pydantic import TypeAdapter
from textual.pilot import Pilot
from textual.widgets import Input, TabbedContent

from bilstm_core import events
from bilstm_core.cleaning import escape
from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import Remedy
from bilstm_core.inference.report import ClassScore, ExaminationReport
from bilstm_core.runs.lock import RunLock
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.run_rows import NO_RUNS
from bilstm_tui.app.screens.runs import RunsScreen
from tests.samples import small_config
from tests.tui.driving import FakeWorker, asked, drive, open_runs, said, story, tell, text, until
from tests.tui.inspectors import FakeInspector

HOSTILE = "[/x][bold]\x1b[31m\u202e\u200b\n"
SHOWN = r"[/x][bold]\x1b[31m\u202e\u200b\n"
FOLDER = "2001-02-03_040506_[bold]\x1b[31m\u202e\n_[a]"
REPLACED = {"dataset", "title", "file", "name", "description", "message", "advice", "details"}
"""Keys of events whose values may be any text."""


def hostile(value: Any) -> Any:
    """A JSON value with hostile texts wherever any text is allowed."""
    if isinstance(value, list):
        return [hostile(item) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: HOSTILE if key in REPLACED else hostile(item) for key, item in value.items()}
    if "classes" in value:
        changed["classes"] = [f"{HOSTILE}{number}" for number in range(10)]
    return changed


def hostile_run(folder: Path, name: str) -> Run:
    """A run whose log ends in a failure, and whose every file is hostile."""
    run = Run(folder / name)
    run.path.mkdir()
    settings = {**small_config().model_dump(), "dataset": name[-3:] + HOSTILE}
    run.config_file.write_text(tomli_w.dumps(settings), encoding="utf-8")
    run.notes_file.write_text(tomli_w.dumps({"note": HOSTILE}), encoding="utf-8")
    remedy = Remedy("Go on.", "resume", HOSTILE, {"dataset": HOSTILE})
    failed = events.Failed(title="t", message="m", advice="a", remedies=(remedy,), exit_code=1)
    last = replace(failed, advice="Go on.")
    with run.log_file.open("w", encoding="utf-8") as log:
        for event in (*story(small_config())[:-1], events.RunWarning(message="w"), failed, last):
            content = json.loads(events.to_json(event))
            content = content if event is last else hostile(content)
            log.write(json.dumps(content) + "\n")
    return run


def check(app: BilstmApp, shown: str = SHOWN) -> None:
    """The screen is drawn, and there is nothing on it that is not to be seen."""
    drawn = text(app)
    assert escape(drawn) == drawn
    assert shown in drawn
    assert app.internal_error is None


class HostileInspector(FakeInspector):
    async def examine(self) -> ExaminationReport:
        report = await super().examine()
        spec = TypeAdapter(DataSpec).validate_python(hostile(asdict(CATALOG["fashion-mnist"])))
        scores = [
            ClassScore(name=name, precision=1, recall=1, f1=1, support=1, correct=1)
            for name in spec.classes
        ]
        return report.model_copy(update={"spec": spec, "scores": scores, "warning": SHOWN})


def test_a_hostile_run_is_opened_listed_and_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", HostileInspector)
    run = hostile_run(tmp_path, FOLDER)
    lock = RunLock(run)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await asked(pilot, "Being trained now")
        check(app, r"[bold]\x1b[31m\u202e\n_[a]")
        await pilot.press("enter")
        await until(pilot, lambda: "got 351 / 360" in text(app))
        check(app)  # headline, log
        tell(run, events.Download(dataset="", title=HOSTILE, file=HOSTILE, received=1, total=2))
        await until(pilot, lambda: "Downloading" in text(app))
        check(app)
        lock.release()
        tell(run, replace(story(small_config())[-1], time=0))
        await until(pilot, lambda: "finished" in text(app))
        await pilot.press("i")
        await until(
            pilot, lambda: isinstance(app.screen, InspectScreen) and "true, down" in text(app)
        )
        check(app)
        for tab, words in (("classes", "precision"), ("mistakes", "1 of 1"), ("draw", "Draw here")):
            app.screen.query_one(TabbedContent).active = f"{tab}-tab"
            await until(pilot, lambda words=words: words in text(app))
            check(app)

    drive(FakeWorker(), tmp_path, steps, (160, 40))


def test_a_hostile_failure_is_shown(tmp_path: Path) -> None:
    run = hostile_run(tmp_path, FOLDER)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await asked(pilot, "Go on")
        check(app)

    drive(FakeWorker(), tmp_path, steps, (160, 40))


def test_hostile_runs_are_listed_compared_and_asked_about(tmp_path: Path) -> None:
    for name in (FOLDER, FOLDER.replace("[a]", "[b]")):
        (hostile_run(tmp_path, name).path / "other[x]\x1b\n").touch()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await open_runs(app, pilot, 2)
        await until(pilot, lambda: "failed" in text(app) and "default" in text(app))
        check(app, "[bold]")
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: "dataset" in text(app))
        check(app, "[bold]")
        for key, words in (("n", "A note on"), ("R", "The readable part"), ("e", "total epochs")):
            await pilot.press(key)
            await asked(pilot, words)
            check(app, "[bold]")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("slash")
        app.screen.query_one("#filter", Input).value = "/[/x]"
        await until(pilot, lambda: "No run contains '/[/x]'" in text(app))
        app.screen.query_one("#filter", Input).value = ""
        await pilot.press("escape", "c")
        await until(pilot, lambda: "there is no such file or folder" in text(app))
        check(app, "[/x][bold]")
        await open_runs(app, pilot, 2)
        await pilot.press("d")
        await asked(pilot, "Delete")
        check(app, "[bold]")
        await pilot.press("right", "enter")
        await until(pilot, lambda: r"it also contains other[x]\x1b\n" in said(app))
        assert said(app).replace(NO_RUNS, "").isprintable()
        assert not any(note.markup for note in app._notifications)

    drive(FakeWorker(), tmp_path, steps, (200, 50))
