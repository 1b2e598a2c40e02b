"""The gallery of misclassified sequences."""

import re
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from textual.pilot import Pilot

from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.spec import DataSpec
from bilstm_core.inference.report import (
    ClassScore,
    Drawing,
    ExaminationReport,
    Mistake,
)
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.widgets.gallery import Gallery
from bilstm_tui.app.widgets.mistakes import Mistakes
from tests.tui.driving import (
    FakeWorker,
    drive,
    past_runs,
    text,
    until,
)
from tests.tui.inspectors import PIXELS, SIZES, FakeInspector, ManyMistakes


class FewMistakes(FakeInspector):
    """Series, or digits, of which only a few are misclassified."""

    SPEC: ClassVar[DataSpec] = CATALOG["digits"]

    async def examine(self) -> ExaminationReport:
        scores = [
            ClassScore(name=it, precision=1, recall=1, f1=1, support=10, correct=9)
            for it in self.SPEC.classes
        ]
        mistakes = [Mistake(index=at, actual=0, predicted=1, probability=0.5) for at in range(3)]
        return ExaminationReport(spec=self.SPEC, scores=scores, mistakes=mistakes)

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        values = [[float(step), float(-step), step % 2] for step in range(16)]
        if self.SPEC.kind == "images":
            values = [row[:8] for row in PIXELS[:8]]
        return [Drawing(num_steps=len(values), low=values, high=values) for _ in indices]


class FewSeries(FewMistakes):
    SPEC = replace(CATALOG["japanese-vowels"], num_features=3)


def captions(shown: str) -> list[str]:
    """What stands below the pictures of the gallery."""
    return re.findall(r"\d→\d", shown)


async def look_at_mistakes(app: BilstmApp, pilot: Pilot[int], run: Run) -> None:
    """Inspect a run, and go to its first mistake."""
    await app.push_screen(InspectScreen(run, run.path.parent))
    await until(pilot, lambda: "(95 %" in text(app))
    await pilot.press("j")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("size", SIZES)
def test_a_gallery_of_mistakes_fills_the_screen(size: tuple[int, int], tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await look_at_mistakes(app, pilot, run)
        await until(pilot, lambda: len(captions(text(app))) >= 15 and "1 of 100" in text(app))
        shown = len(ManyMistakes.asked)  # the pictures of this page, and no others
        assert ManyMistakes.asked == [*range(len(captions(text(app))))]
        await pilot.press("right", "right", "left", "j")
        await until(pilot, lambda: "3 of 100 (any class): 2, predicted 7 with 50.0%" in text(app))
        await pilot.press("down")
        per_row = next(filter(None, (len(captions(line)) for line in text(app).splitlines())))
        await until(pilot, lambda: f"{3 + per_row} of 100" in text(app))
        assert len(ManyMistakes.asked) == shown
        await pilot.press("pagedown")
        await until(pilot, lambda: len(ManyMistakes.asked) > shown)
        await pilot.press("end")
        await until(pilot, lambda: "100 of 100" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Each direction, row by row" in text(app))
        await until(pilot, lambda: "▸ 9 100.0%" in text(app))  # the true class
        assert "→" not in text(app)
        await pilot.press("escape")
        await until(pilot, lambda: captions(text(app)))
        await pilot.press("c")
        await until(pilot, lambda: "1 of 10 (0)" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.train_screen)

    drive(FakeWorker(), tmp_path, steps, size)


class TallMistakes(ManyMistakes):
    """Images that are ten times as high as wide."""

    async def examine(self) -> ExaminationReport:
        report = await super().examine()
        spec = replace(report.spec, shortest=80, longest=80, num_features=8)
        return report.model_copy(update={"spec": spec})


def test_words_below_tall_images_are_in_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", TallMistakes)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await look_at_mistakes(app, pilot, run)
        await until(pilot, lambda: "1 of 100" in text(app) and captions(text(app)))
        assert text(app).count("▀▀") > 12  # rows of pictures

    drive(FakeWorker(), tmp_path, steps, (80, 24))


@pytest.mark.usefixtures("many")
def test_the_cursor_of_the_gallery_moves_at_once(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await look_at_mistakes(app, pilot, run)
        await until(pilot, lambda: "1 of 100" in text(app) and captions(text(app)))
        gallery, mistakes = app.screen.query_one(Gallery), app.screen.query_one(Mistakes)
        for _ in range(6):
            gallery.action_move(1)
        mistakes.step(-1)
        await until(pilot, lambda: "6 of 100" in text(app))
        gallery.action_last()
        mistakes.show_next_class()
        await until(pilot, lambda: "1 of 10 (0)" in text(app))

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.usefixtures("many")
def test_a_click_chooses_a_mistake_and_another_opens_it(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await look_at_mistakes(app, pilot, run)
        await until(pilot, lambda: "1 of 100" in text(app) and captions(text(app)))
        await pilot.click("#gallery", offset=(20, 2))
        await until(pilot, lambda: "2 of 100" in text(app))
        await pilot.click("#gallery", offset=(20, 2))
        await until(pilot, lambda: "Each direction, row by row" in text(app))

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize(("inspector", "ink"), [(FewMistakes, "▀"), (FewSeries, "[\u2801-\u28ff]")])
def test_pictures_of_few_mistakes_are_large(
    inspector: type[FewMistakes], ink: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", inspector)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await look_at_mistakes(app, pilot, run)

        def drawn() -> list[str]:
            return [line for line in text(app).splitlines() if re.search(ink, line)]

        await until(pilot, drawn)
        assert len(drawn()) >= 15  # of 28 rows, as images keep their shape
        assert max(map(len, drawn())) > 90

    drive(FakeWorker(), tmp_path, steps, (120, 36))


class ManyFeatures(FewMistakes):
    SPEC = replace(CATALOG["japanese-vowels"], feature_names=[f"sensor {n}" for n in range(12)])

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        values = [[float(step)] * 6 for step in range(16)]
        return [Drawing(num_steps=len(values), low=values, high=values) for _ in indices]


def test_the_gallery_says_how_many_features_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", ManyFeatures)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await look_at_mistakes(app, pilot, run)
        await until(pilot, lambda: "6 of 12 features: sensor 0, sensor 1, " in text(app))
        await pilot.resize_terminal(60, 18)
        await until(pilot, lambda: re.search("[1-5] of 12 features: sensor 0", text(app)))
        assert re.search("[⠁-⣿]", text(app))

    drive(FakeWorker(), tmp_path, steps, (120, 36))
