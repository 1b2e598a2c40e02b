"""The confusion matrix, the most frequent confusions, and the other tables of classes."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from textual.color import Color
from textual.coordinate import Coordinate
from textual.pilot import Pilot
from textual.widgets import DataTable, TabbedContent

from bilstm_core.data.catalog import CATALOG
from bilstm_core.inference.report import (
    ClassScore,
    Confusion,
    ExaminationReport,
)
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import inspect
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.widgets.drawing import DrawingPad
from tests.tui.driving import (
    FakeWorker,
    drive,
    past_runs,
    text,
    until,
)
from tests.tui.inspectors import SIZES, SPEC, FakeInspector, ManyMistakes


@pytest.mark.parametrize(("size", "lines"), [((80, 24), 1), ((120, 36), 2), ((160, 50), 4)])
def test_the_cells_of_ten_classes_are_as_large_as_fits(
    size: tuple[int, int], lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "ExaminerClient", ManyMistakes)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "most frequent" in text(app))
        table = app.screen.query_one("#confusion-counts DataTable", DataTable)
        await until(pilot, lambda: table.size.height > 10 * lines and table.max_scroll_y == 0)
        assert {row.height for row in table.rows.values()} == {lines}
        line = text(app).splitlines()[table.region.y + 1 + (lines - 1) // 2]
        assert line[table.region.x :].split()[:2] == ["0", "26"]  # in the middle of its cell
        assert table.max_scroll_x == 0
        listed = app.screen.query_one("#confusions")
        await until(pilot, lambda: listed.region.bottom < size[1] and listed.size.height >= 4)

    drive(FakeWorker(), tmp_path, steps, size)


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


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
def test_a_larger_confusion_has_a_stronger_colour(theme: str, tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: re.search(r"10 +27\.8% +0 → 9", text(app)))
        app.theme = theme  # the colours change on the open screen, too
        await until(pilot, lambda: app.current_theme.name == theme)
        table = app.screen.query_one("#confusion-counts DataTable", DataTable)
        cells = [table.get_cell_at(Coordinate(at, 10 - at)) for at in range(10)]
        assert [cell.plain.strip() for cell in cells] == [str(10 - at) for at in range(10)]
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


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("size", SIZES)
def test_the_score_of_a_class_is_a_bar_that_is_in_view(
    size: tuple[int, int], tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "95 %" in text(app))
        app.screen.query_one(TabbedContent).active = "classes-tab"
        await until(pilot, lambda: len(re.findall(r"100\.00% +━{8,}", text(app))) == 10)
        assert app.screen.query_one("#classes", DataTable).max_scroll_x == 0

    drive(FakeWorker(), tmp_path, steps, size)


def test_names_above_the_counts_are_whole_rather_than_beside_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Badminton", "Running", "Standing", "Walking")

    class Motions(FakeInspector):
        async def examine(self) -> ExaminationReport:
            spec = replace(CATALOG["japanese-vowels"], classes=names)
            scores = [
                ClassScore(name=it, precision=1, recall=1, f1=1, support=10, correct=0)
                for it in names
            ]
            confusions = [Confusion(actual=at, predicted=3, count=10) for at in range(3)]
            return ExaminationReport(spec=spec, confusions=confusions, scores=scores)

    monkeypatch.setattr(inspect, "ExaminerClient", Motions)
    (run,) = past_runs(tmp_path, 16)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: re.search(r"^ +Badminton +Running +Stand.*\n", text(app), re.M))
        assert "Standing → Walking" in text(app)

    drive(FakeWorker(), tmp_path, steps, (80, 24))
