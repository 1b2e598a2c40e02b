"""The look into a network, with answers that are made up."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import TabbedContent

from bilstm_core.data.catalog import CATALOG
from bilstm_core.inference.report import ClassScore, ExaminationReport, Mistake, StepwisePrediction
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.inspect import InspectScreen
from tests.tui.driving import (
    FakeWorker,
    drive,
    past_runs,
    text,
    until,
)

SPEC = CATALOG["fashion-mnist"]
"""Its classes have the longest names there are."""
PIXELS = [[0.5] * 28 for _ in range(28)]
CERTAIN = [0.0] * 9 + [1.0]


class FakeInspector:
    def __init__(self, *_: object) -> None:
        pass

    async def examine(self) -> ExaminationReport:
        counts = [[1000 if row == column else 0 for column in range(10)] for row in range(10)]
        counts[0] = [987, 13, *[0] * 8]
        return ExaminationReport(
            spec=SPEC,
            confusion=counts,
            scores=[
                ClassScore(name=name, precision=1, recall=1, f1=1, support=1000)
                for name in SPEC.classes
            ],
            mistakes=[Mistake(index=0, actual=0, predicted=9, probability=1.0, inputs=PIXELS)],
        )

    async def read(self, pixels: list[list[float]]) -> StepwisePrediction:
        rows = [CERTAIN] * 28
        return StepwisePrediction(probabilities=CERTAIN, forward=rows, backward=rows)

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("columns", [80, 104, 160])
def test_long_names_fit(columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", FakeInspector)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "Ankle boot  " in text(app))
        lines = text(app).splitlines()
        assert lines[next(n for n, line in enumerate(lines) if "Ankle boot " in line)].endswith(
            "100%" if columns >= 140 else "1,000"
        )
        await pilot.press("n")
        await until(pilot, lambda: "98.7%" in text(app))
        app.screen.query_one(TabbedContent).active = "mistakes-tab"
        await until(pilot, lambda: "100.0% ██████" in text(app))
        name = "Ank" if columns < 104 else "Ankle boot"
        assert f"{name} 100.0%" in text(app)
        app.screen.query_one(TabbedContent).active = "draw-tab"
        await until(pilot, lambda: "100.0% ██████" in text(app))

    drive(FakeWorker(), tmp_path, steps, (columns, 24))


def test_a_series_is_shown_step_by_step_and_cannot_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = CATALOG["japanese-vowels"]
    series = [[-3.0 + step, *[2.0] * 11] for step in range(7)]

    class Inspector(FakeInspector):
        async def examine(self) -> ExaminationReport:
            report = await super().examine()
            mistake = Mistake(index=0, actual=0, predicted=8, probability=1.0, inputs=series)
            scores = [it.model_copy(update={"name": "1"}) for it in report.scores[:9]]
            counts = [row[:9] for row in report.confusion[:9]]
            return report.model_copy(
                update={"spec": spec, "mistakes": [mistake], "scores": scores, "confusion": counts}
            )

        async def read(self, pixels: list[list[float]]) -> StepwisePrediction:
            steps = [CERTAIN[1:]] * len(pixels)
            return StepwisePrediction(probabilities=CERTAIN[1:], forward=steps, backward=steps)

    monkeypatch.setattr(inspect, "ExaminerClient", Inspector)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "test sequences misclassified" in text(app))
        await pilot.press("j")
        await until(pilot, lambda: "Each direction, step by step" in text(app))
        assert text(app).count("↓ 9") == 7
        assert "Draw" not in text(app)

    drive(FakeWorker(), tmp_path, steps)


def test_a_heat_map_is_between_0_and_1_by_feature() -> None:
    assert inspect._heat_map([[-3.0, 7], [1, 7]]) == [[0, 0.5], [1, 0.5]]


def test_leaving_before_the_report_has_arrived_goes_back(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectScreen))
        assert isinstance(app.screen, InspectScreen)
        asked_of = app.screen._examiner
        await until(pilot, lambda: asked_of._process)
        await pilot.press("escape")
        process = asked_of._process
        await until(pilot, lambda: process and process.returncode is not None)
        await pilot.pause()
        assert app.screen is app.train_screen  # its end has ended nothing else
        await app.train_screen.watch_run(run)

    drive(FakeWorker(), tmp_path, steps)
