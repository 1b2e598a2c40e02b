"""The look into a network, with answers that are made up."""

import asyncio
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from rich.text import Text
from textual.color import Color
from textual.coordinate import Coordinate
from textual.pilot import Pilot
from textual.widgets import DataTable, TabbedContent

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import DataError
from bilstm_core.inference.explanation import Explanation
from bilstm_core.inference.report import (
    ClassScore,
    ConfidenceBin,
    Confusion,
    Drawing,
    ExaminationReport,
    Mistake,
    StepwisePrediction,
)
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.widgets.draw_view import DrawView
from bilstm_tui.app.widgets.drawing import DrawingPad, reduced
from bilstm_tui.app.widgets.gallery import Gallery
from bilstm_tui.app.widgets.mistakes import Mistakes
from bilstm_tui.app.widgets.thumbnails import draw_stacked
from tests.samples import run_started
from tests.tui.driving import (
    PATIENCE_SECONDS,
    FakeWorker,
    drive,
    past_runs,
    tell,
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
        scores = [
            ClassScore(name=name, precision=1, recall=1, f1=1, support=1000, correct=1000)
            for name in SPEC.classes
        ]
        scores[0].correct = 987
        return ExaminationReport(
            spec=SPEC,
            confusions=[Confusion(actual=0, predicted=1, count=13)],
            scores=scores,
            mistakes=[Mistake(index=0, actual=0, predicted=9, probability=1.0)],
        )

    async def explain(self, _index: int) -> Explanation:
        raise DataError("Nothing is explained here.")

    async def read(self, pixels: list[list[float]]) -> StepwisePrediction:
        rows = [CERTAIN] * 28
        return StepwisePrediction(
            probabilities=CERTAIN, classes=[*range(10)], forward=rows, backward=rows
        )

    async def read_test_sequence(self, _index: int) -> tuple[StepwisePrediction, Drawing]:
        return await self.read(PIXELS), Drawing(num_steps=28, low=PIXELS, high=PIXELS)

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        return [Drawing(num_steps=28, low=PIXELS, high=PIXELS) for _ in indices]

    def close(self) -> None:
        pass


@pytest.mark.parametrize("columns", [80, 104, 200])
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
        await pilot.press("j", "enter")
        await until(pilot, lambda: "100.0% ━━━━━" in text(app))
        name = "Ank" if columns < 104 else "Ankle boot"
        assert f"{name} 100.0%" in text(app)
        app.screen.query_one(TabbedContent).active = "draw-tab"
        await until(pilot, lambda: "Draw here" in text(app))
        app.screen.query_one(DrawingPad).focus()
        await pilot.press("space", "right")
        await until(pilot, lambda: "100.0% ━━━" in text(app))
        assert "Draw here" not in text(app)

    drive(FakeWorker(), tmp_path, steps, (columns, 24))


@pytest.mark.parametrize("columns", [80, 104, 120])
def test_names_of_one_s_own_classes_are_shortened(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tuple(f"kingfisher_seen_from_the_side_{number}" for number in range(10))

    class OwnImages(FakeInspector):
        async def examine(self) -> ExaminationReport:
            report = await super().examine()
            return report.model_copy(update={"spec": replace(SPEC, classes=names)})

    monkeypatch.setattr(inspect, "ExaminerClient", OwnImages)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: re.search(r"kingfisher_se…side_9( +·)+", text(app)))
        await pilot.press("j", "enter")
        await until(pilot, lambda: re.search(r"9 +100\.0% ━━━━━", text(app)))

    drive(FakeWorker(), tmp_path, steps, (columns, 24))


def test_a_few_classes_have_their_whole_names_above_the_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FewClasses(FakeInspector):
        async def examine(self) -> ExaminationReport:
            spec = replace(CATALOG["japanese-vowels"], classes=("climbing stairs", "walking"))
            scores = [
                ClassScore(name=it, precision=1, recall=1, f1=1, support=5, correct=5)
                for it in spec.classes
            ]
            return ExaminationReport(spec=spec, confusions=[], scores=scores)

    monkeypatch.setattr(inspect, "ExaminerClient", FewClasses)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: re.search(r"climbing stairs +walking\n", text(app)))

    drive(FakeWorker(), tmp_path, steps, (80, 24))


class SeriesInspector(FakeInspector):
    """Series of 40 steps and 9 features; many classes, of which the last is right."""

    NUM_CLASSES = 60
    SPEC = replace(
        CATALOG["japanese-vowels"],
        num_features=9,
        feature_names=tuple(f"sensor {number}" for number in range(1, 10)),
        classes=tuple(f"activity {number}" for number in range(NUM_CLASSES)),
    )

    async def examine(self) -> ExaminationReport:
        count, names = self.NUM_CLASSES, self.SPEC.classes
        scores = [
            ClassScore(name=it, precision=1, recall=1, f1=1, support=3, correct=3) for it in names
        ]
        scores[-1].support = 10
        mistake = Mistake(index=17, actual=count - 1, predicted=0, probability=0.5, id="walk_17")
        return ExaminationReport(
            spec=self.SPEC,
            confusions=[Confusion(actual=count - 1, predicted=0, count=7)],
            scores=scores,
            mistakes=[mistake],
        )

    async def read_test_sequence(self, index: int) -> tuple[StepwisePrediction, Drawing]:
        assert index == 17
        low = [[float(step * (feature + 1)) for feature in range(9)] for step in range(40)]
        rising, falling = [step / 39 for step in range(40)], [1 - step / 39 for step in range(40)]
        shares = [0.5, *[0.0] * 58, 0.5]
        prediction = StepwisePrediction(
            probabilities=shares,
            classes=[0, 5, 59],
            forward=[[share, 0.0, 1 - share] for share in rising],
            backward=[[share, 0.0, 1 - share] for share in falling],
        )
        return prediction, Drawing(num_steps=4000, low=low, high=low)


@pytest.fixture
def series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", SeriesInspector)


SIZES = [(80, 24), (120, 36), (160, 50)]


class ManyMistakes(FakeInspector):
    """Digits, of which 100 are misclassified; what was asked for is recorded."""

    asked: ClassVar[list[int]] = []

    async def examine(self) -> ExaminationReport:
        spec = CATALOG["digits"]
        scores = [
            ClassScore(name=name, precision=1, recall=1, f1=1, support=36, correct=26)
            for name in spec.classes
        ]
        mistakes = [
            Mistake(index=number, actual=number % 10, predicted=9 - number % 10, probability=0.5)
            for number in range(100)
        ]
        confusions = [Confusion(actual=at, predicted=9 - at, count=10 - at) for at in range(10)]
        bins = [
            ConfidenceBin(low=0.4, high=0.5, count=160, confidence=0.45, accuracy=0.45),
            ConfidenceBin(low=0.9, high=1.0, count=200, confidence=0.95, accuracy=0.85),
        ]
        return ExaminationReport(
            spec=spec, confusions=confusions, scores=scores, mistakes=mistakes, calibration=bins
        )

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        self.asked.extend(indices)
        return await super().read_drawings(indices)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    ManyMistakes.asked.clear()
    monkeypatch.setattr(inspect, "ExaminerClient", ManyMistakes)


def captions(shown: str) -> list[str]:
    """What stands below the pictures of the gallery."""
    return re.findall(r"\d→\d", shown)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("size", SIZES)
def test_a_gallery_of_mistakes_fills_the_screen(size: tuple[int, int], tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        await pilot.press("j")
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
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        await pilot.press("j")
        await until(pilot, lambda: "1 of 100" in text(app) and captions(text(app)))
        assert text(app).count("▀▀") > 12  # rows of pictures

    drive(FakeWorker(), tmp_path, steps, (80, 24))


@pytest.mark.usefixtures("many")
def test_the_cursor_of_the_gallery_moves_at_once(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        await pilot.press("j")
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
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        await pilot.press("j")
        await until(pilot, lambda: "1 of 100" in text(app) and captions(text(app)))
        await pilot.click("#gallery", offset=(20, 2))
        await until(pilot, lambda: "2 of 100" in text(app))
        await pilot.click("#gallery", offset=(20, 2))
        await until(pilot, lambda: "Each direction, row by row" in text(app))

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("size", SIZES)
def test_how_often_the_network_is_right_by_how_sure_it_is(
    size: tuple[int, int], tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        app.screen.query_one(TabbedContent).active = "calibration-tab"
        words = "Accuracy 72.22 % (95 % interval: 67.38 to 76.60 %)"
        await until(pilot, lambda: words in text(app))
        assert "Expected calibration error 5.56 %" in text(app)
        assert "Its probabilities are on average 5.56 points too high" in text(app)
        lines = [line for line in text(app).splitlines() if "% to" in line and "┃" in line]
        high, low = lines
        assert "90% to 100%        200     85.0%" in high
        assert high.rindex("█") < high.index("┃")  # surer than it should be
        assert abs(low.rindex("█") - low.index("┃")) <= 1

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
def test_a_larger_confusion_has_a_stronger_colour(theme: str, tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.theme = theme
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: re.search(r"10 +27\.8% +0 → 9", text(app)))
        table = app.screen.query_one("#confusion-counts DataTable", DataTable)
        cells = [table.get_cell_at(Coordinate(at, 10 - at)) for at in range(10)]
        assert [str(cell) for cell in cells] == [str(10 - at) for at in range(10)]
        ground = Color.parse(app.theme_variables["background"])
        styles = [cell.style for cell in cells]
        backs = [Color.from_rich_color(style.bgcolor) for style in styles]
        for style, back in zip(styles, backs, strict=True):
            assert back.get_contrast_text(1.0) == Color.from_rich_color(style.color)
        strengths = [distance(back, ground) for back in backs]
        assert strengths == sorted(strengths, reverse=True)
        assert strengths[0] > 2 * strengths[-1] > 0

    drive(FakeWorker(), tmp_path, steps, (120, 36))


def distance(one: Color, other: Color) -> int:
    return sum(abs(a - b) for a, b in zip(one.rgb, other.rgb, strict=True))


@pytest.mark.usefixtures("series")
@pytest.mark.parametrize("size", SIZES)
def test_a_series_is_drawn_above_what_each_direction_predicts(
    size: tuple[int, int], tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        assert "f Features" not in text(app)
        await pilot.press("j")
        await until(pilot, lambda: re.search(r"activity 59\s+→activity 0 50%", text(app)))
        assert "f Features" not in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "id walk_17: activity 59" in text(app))
        await until(pilot, lambda: "Each direction alone, step by step" in text(app))
        await until(pilot, lambda: "4,000 steps; features 1 to" in text(app))
        lines = [line.strip() for line in text(app).splitlines()]
        tracks = [line for line in lines if line[:1] in {"→", "←"}]
        assert len(tracks) == 6
        assert "activity 59" in tracks[0]  # the class, then what was predicted, then others
        assert "activity 0" in tracks[1]
        assert tracks[1].index("█") > tracks[0].index("█")  # forward it rises
        assert tracks[4].index("█") < tracks[3].index("█")
        for track, share in zip(tracks[:2], ("0%", "100%"), strict=True):
            assert track.split("▁")[-1].split("█")[-1].split()[0] == share
        assert any("sensor 1" in line and "39" in line for line in lines)
        assert any(line.startswith("1 ") and "2,000" in line for line in lines)
        assert ("48 others" in text(app)) == (size[0] > 80)
        await until(pilot, lambda: "f Features" in text(app))
        seen = {name for name in SeriesInspector.SPEC.feature_names if f" {name} " in text(app)}
        assert len(seen) == {24: 4, 36: 6, 50: 6}[size[1]]
        for name in ("sensor 8", *["sensor 9"] * (len(seen) == 4), "sensor 1"):
            await pilot.press("f")
            await until(pilot, lambda name=name: f" {name} " in text(app))

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.usefixtures("series")
@pytest.mark.parametrize("size", SIZES)
def test_tables_of_sixty_classes_scroll_below_their_headings(
    size: tuple[int, int], tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "true, down; predicted, across" in text(app))
        await pilot.press("tab", "ctrl+end", "end")
        words = "activity 59, predicted activity 59: 3 of 10"
        await until(pilot, lambda: words in text(app))
        await until(pilot, lambda: any("57   58   59" in line for line in text(app).splitlines()))
        await until(pilot, lambda: re.search(r"activity 59( +·)+ +3\b", text(app)))
        assert not re.search(r"activity 0 +3", text(app))
        await pilot.press("home", "right")
        await until(pilot, lambda: "activity 59, predicted activity 0: 7 of 10" in text(app))
        await pilot.press("n")
        await until(pilot, lambda: "70.0%" in text(app))
        app.screen.query_one(TabbedContent).active = "classes-tab"
        await until(pilot, lambda: "precision" in text(app))
        app.screen.query_one("#classes").focus()
        await pilot.press("ctrl+end")
        await until(pilot, lambda: "activity 59" in text(app))
        assert "precision" in text(app)

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.parametrize("dataset", ["digits", "japanese-vowels"])
def test_while_the_network_is_examined_only_images_have_a_canvas(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = past_runs(tmp_path, 16)
    tell(run, run_started(RunConfig(dataset=dataset)))
    asked = []
    may_read = threading.Event()
    logged_spec = inspect._logged_spec

    def slow(run: Run) -> DataSpec | None:
        may_read.wait(PATIENCE_SECONDS)
        return logged_spec(run)

    monkeypatch.setattr(inspect, "_logged_spec", slow)

    class SlowInspector(FakeInspector):
        async def examine(self) -> ExaminationReport:
            asked.append(True)
            await asyncio.Event().wait()
            return await super().examine()

    monkeypatch.setattr(inspect, "ExaminerClient", SlowInspector)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "Mistakes" in text(app))
        assert "Draw" not in text(app)
        may_read.set()
        has_canvas = dataset == "digits"  # its tab is laid out a moment after it is shown
        await until(pilot, lambda: asked and ("Draw" in text(app)) == has_canvas)

    drive(FakeWorker(), tmp_path, steps)


def test_a_wide_image_is_reduced() -> None:
    pixels = [[0.0] * 100 for _ in range(7)]
    pixels[6][99] = 1.0
    smaller = reduced(pixels, widest=40)
    assert (len(smaller), len(smaller[0])) == (3, 34)
    assert smaller[2][33] == 1
    assert sum(map(sum, smaller)) == 1


@pytest.mark.usefixtures("real_children")
def test_leaving_before_the_report_has_arrived_goes_back(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectScreen))
        assert isinstance(app.screen, InspectScreen)
        asked_of = app.screen._examiner
        await until(pilot, lambda: asked_of._child)
        assert asked_of._child
        process = asked_of._child._process
        await pilot.press("escape")
        await until(pilot, lambda: process.returncode is not None)
        assert app.screen is app.train_screen  # its end has ended nothing else
        await app.train_screen.watch_run(run)

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.usefixtures("many")
def test_the_canvas_grows_with_the_screen_and_dragging_never_selects(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)
    tell(run, run_started(RunConfig(dataset="digits")))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        assert "n Shares" in text(app)
        assert app.screen.allow_select
        app.screen.query_one(TabbedContent).active = "draw-tab"
        pad = app.screen.query_one(DrawingPad)
        await until(pilot, lambda: pad.size.area)
        assert "n Shares" not in text(app)
        assert pad.size == (56, 28)
        hint = app.screen.query_one("#draw-hint").region
        await pilot.mouse_down(offset=(hint.x + 1, hint.y + 1))
        await pilot.hover(offset=(hint.right - 1, hint.y + 3))
        await pilot.mouse_up(offset=(hint.right - 1, hint.y + 3))
        assert not app.screen.selections
        app.screen.query_one(DrawView).show(CATALOG["digits"], can_predict=False)
        await pilot.mouse_down(pad, offset=(15, 15))
        await pilot.mouse_up(pad, offset=(15, 15))
        assert pad.pixels[4][2] == 1
        app.screen.query_one(DrawView).show(CATALOG["digits"], can_predict=True)
        await until(pilot, lambda: "Each direction, row by row" in text(app))
        assert pad.pixels[4][2] == 1  # what was drawn before the network was ready
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: pad.size == (24, 12))

    drive(FakeWorker(), tmp_path, steps)


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


@pytest.mark.parametrize(("inspector", "ink"), [(FewMistakes, "▀"), (FewSeries, "[\u2801-\u28ff]")])
def test_pictures_of_few_mistakes_are_large(
    inspector: type[FewMistakes], ink: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", inspector)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        await pilot.press("j")

        def drawn() -> list[str]:
            return [line for line in text(app).splitlines() if re.search(ink, line)]

        await until(pilot, drawn)
        assert len(drawn()) >= 15  # of 28 rows, as images keep their shape
        assert max(map(len, drawn())) > 90

    drive(FakeWorker(), tmp_path, steps, (120, 36))


def test_all_features_of_a_series_are_drawn_above_one_another() -> None:
    rising, falling = [step / 9 for step in range(10)], [1 - step / 9 for step in range(10)]
    lines = draw_stacked([rising, falling, rising], 10, 7)
    assert len(lines) == 7
    assert len(colours(lines)) == 3
    assert len(colours(draw_stacked([rising] * 9, 10, 4))) == 2


def colours(lines: list[Text]) -> set[str]:
    return {str(span.style) for line in lines for span in line.spans if span.style}
