"""The guided tour from start to end, with tiny networks that are trained for real."""

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from bilstm_core.errors import InstallationError
from bilstm_core.inference.explanation import Prediction, RunComparison
from bilstm_core.processes.protocol import ResumeRun, StartRun
from bilstm_core.processes.session import open_session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.processes.worker_client import WorkerClient
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import list_runs
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import tour
from bilstm_tui.app.screens.tour_text import STEPS, mended_words
from bilstm_tui.app.widgets.explain.view import ExplainView
from bilstm_tui.app.widgets.mended_view import MendedView
from tests.tui.driving import FakeWorker, drive, open_runs, text, until

TINY = {"dataset": "digits", "hidden_size": 8, "num_epochs": 3, "device": "cpu"}
MOST_WORDS = 60


class RealWorker(FakeWorker):
    """Starts workers that train."""

    def __call__(self) -> Any:
        return WorkerClient()


class WorkerHere(FakeWorker):
    """Trains in a thread of this process."""

    def open_run(self, order: StartRun | ResumeRun) -> Run:
        opened = open_session(order)
        arguments = (lambda _: None, StopRequest())
        threading.Thread(target=opened.train, args=arguments, daemon=True).start()
        return opened.run


def words(app: BilstmApp) -> str:
    return " ".join(text(app).split())


@pytest.mark.parametrize(
    ("size", "worker"), [((80, 24), RealWorker), ((120, 36), WorkerHere)], ids=["80", "120"]
)
def test_the_tour_from_start_to_end(
    size: tuple[int, int], worker: type[FakeWorker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tour, "_SETTINGS", TINY)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("3")
        await until(pilot, lambda: "step 1 of 5" in text(app))
        await until(pilot, lambda: "3/3" in text(app) and "BiLSTM" not in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: text(app).count("finished") == 2)
        assert "BiLSTM" in text(app)
        await pilot.press("enter")
        view = app.screen.query_one(ExplainView)
        await until(pilot, lambda: view.shown and "← backward" in text(app))
        assert view.shown
        assert (view.shown.weights, view.shown.changed) == ("run", {})
        await pilot.press("end", "left")
        await until(pilot, lambda: "the highest of its 8 states" in words(app))
        await pilot.press("d", "d")
        await until(pilot, lambda: view.shown and view.shown.config.readout == "last")
        await until(pilot, lambda: "thrown away" in words(app))
        assert view.shown.weights == "run"
        await pilot.press("enter")
        await until(pilot, lambda: "the comparison" in text(app) and "test" in text(app))
        assert "the future is not there yet" in str(
            app.screen.query_one("#tour-text", Static).content
        )
        await pilot.press("enter")
        await until(pilot, lambda: "of 360 correct" in text(app))
        found = app.screen.query_one(MendedView).comparison
        assert found
        assert f"Test image {found.index + 1}:" in text(app)
        for title, correct in zip(("LSTM", "BiLSTM"), found.correct, strict=True):
            assert f"{title:<7} {correct} of 360 correct" in text(app)
        await pilot.press("backspace")
        await until(pilot, lambda: "step 4 of 5" in text(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "Recent runs" in text(app))
        await until(pilot, lambda: "tour-bilstm" in text(app) and "tour-lstm" in text(app))
        await open_runs(app, pilot, 2)
        await pilot.press("space", "down", "space")  # the BiLSTM, which is the latest, first
        await until(pilot, lambda: "▲ tour-bilstm" in text(app) and "● tour-lstm" in text(app))

    drive(worker(), tmp_path, steps, size, at_home=True)
    labels = sorted(run.name.split("_")[2] for run in list_runs(tmp_path))
    assert labels == ["tour-bilstm", "tour-lstm"]


def test_escape_leaves_at_once_and_keeps_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tour, "_SETTINGS", TINY)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.action_tour()
        await until(pilot, lambda: "step 1 of 5" in text(app) and worker.runs)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)

    drive(worker := FakeWorker(), tmp_path, steps)
    assert worker.runs[0].path.exists()


def test_a_run_that_cannot_start_is_told_in_words(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.action_tour()
        await until(pilot, lambda: "no room here" in text(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "step 3" in text(app) and "no room here" in text(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "step 5" in text(app) and "no room here" in text(app))

    drive(FakeWorker(failure=InstallationError("There is no room here.")), tmp_path, steps)


def test_no_text_is_longer_than_sixty_words() -> None:
    for _, sentences in STEPS:
        assert len(sentences.split()) <= MOST_WORDS
    for changes in ({}, {"is_mended": False}):
        assert len(mended_words(comparison(**changes)).split()) <= MOST_WORDS


def comparison(**changes: Any) -> RunComparison:
    prediction = Prediction(classes=[0], probabilities=[0.9], of_actual=0.9)
    found = RunComparison(
        data="digits",
        kind="images",
        count=360,
        correct=(315, 336),
        mended=28,
        spoiled=7,
        index=3,
        is_mended=True,
        classes=["7"],
        actual=0,
        inputs=[[0] * 8] * 8,
        first=prediction.model_copy(update={"of_actual": 0.25}),
        second=prediction,
    )
    return found.model_copy(update=changes)


def test_it_is_honest_where_nothing_is_mended() -> None:
    said = mended_words(comparison(is_mended=False, mended=0))
    assert "mends no mistake" in said
    assert "from 25% to 90%" in said
    assert "28 of 360 test images, and for 7 the other way round" in mended_words(comparison())
