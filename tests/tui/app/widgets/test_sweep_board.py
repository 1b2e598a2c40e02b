"""The leaderboard of a sweep and its charts, by the size of the terminal."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import AwaitMount, Widget

from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.sweep.board import Board
from bilstm_tui.app.widgets.sweep.charts import BestChart, ScatterChart, TrialCurves
from tests.sweeping import MadeUpSweep
from tests.tui.driving import text, until
from tests.tui.sweep_driving import MANY, rows_of, table_of, watch


@pytest.mark.parametrize(
    ("size", "charts", "objective"),
    [((80, 24), 0, "loss"), ((120, 36), 3, "accuracy"), ((160, 50), 2 + len(MANY), "loss")],
)
def test_what_is_in_view_follows_the_size(
    size: tuple[int, int], charts: int, objective: str, tmp_path: Path
) -> None:
    with MadeUpSweep(tmp_path, search=MANY, objective=objective) as sweep:
        for _ in range(6):
            sweep.finish()
        sweep.prune()
        sweep.start(4)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 8)
            board = app.screen.query_one(Board)
            await until(pilot, lambda: shown(board) == charts)
            assert len({row.split()[-1] for row in rows_of(app)}) == 3  # the states are in view
            assert not table_of(app).show_horizontal_scrollbar
            if charts:
                await until(pilot, lambda: "importance" in text(app))
                assert f"best {objective}" in text(app)
                count = 1 + board.query_one(TrialCurves).display
                await until(pilot, lambda: text(app).count("▲ best") == count)
            names = [*(it.dimension.name for it in board.query(ScatterChart))]
            assert sorted(names) == sorted(MANY)
            await until(pilot, lambda: board._parts)
            assert board.chosen == max(board._parts, key=lambda name: board._parts[name])
            first = names.index(board.chosen)
            names = [*names[first:], *names[:first]]
            for name in (*names[1:], names[0]):
                await pilot.press("right")
                assert board.chosen == name
                mark = f"▸{name}" if charts else "▸"
                await until(pilot, lambda mark=mark: mark in text(app))
                assert shown(board) == charts
            await pilot.press("left")
            assert board.chosen == names[-1]

        watch(tmp_path, steps, size=size)


def test_a_setting_can_be_chosen_while_the_charts_are_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = Board.mount

    def mount_after_a_key(board: Board, *charts: Widget, **where: Any) -> AwaitMount:
        board.choose(1)
        return mount(board, *charts, **where)

    monkeypatch.setattr(Board, "mount", mount_after_a_key)
    with MadeUpSweep(tmp_path):

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            board = app.screen.query_one(Board)
            await until(pilot, lambda: board.query(ScatterChart))
            second = [*board.query(ScatterChart)][1].dimension.name
            assert board.chosen == second

        watch(tmp_path, steps)


def shown(board: Board) -> int:
    """How many charts are in view; -1 as long as one reaches beyond the board."""
    charts = [*board.query(BestChart), *board.query(TrialCurves), *board.query(ScatterChart)]
    regions = [chart.region for chart in charts if chart.display and chart.region.area]
    are_inside = all(board.region.contains_region(region) for region in regions)
    return len(regions) if are_inside else -1


def test_in_a_small_terminal_a_key_shows_the_charts(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        for _ in range(5):
            sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            board = app.screen.query_one(Board)
            await until(pilot, lambda: table_of(app).row_count == 5)
            await pilot.press("v")
            await until(pilot, lambda: shown(board) == 3 and "by trial" in text(app))
            await pilot.press("right")
            await until(pilot, lambda: f"▸{board.chosen}" in text(app))
            await pilot.press("v", "down")
            await until(pilot, lambda: shown(board) == 0 and table_of(app).cursor_row == 1)
            await pilot.resize_terminal(120, 36)
            await until(pilot, lambda: shown(board) == 3)

        watch(tmp_path, steps, size=(80, 24))


def test_the_values_of_a_setting_are_on_its_axis(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path, search=MANY) as sweep:
        for _ in range(6):
            sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 6)
            charts = {it.dimension.name: it for it in app.screen.query(ScatterChart)}

            def lines(name: str) -> str:
                region = charts[name].region
                cut = text(app).splitlines()[region.y : region.bottom + 1]
                return "\n".join(line[region.x : region.right] for line in cut)

            for name, words in (
                ("cell", "lstm"),
                ("cell", "gru"),
                ("hidden_size", "hidden_size, log"),
                ("hidden_size", "100"),
                ("learning_rate", "0.01"),
                ("bidirectional", "true"),
                ("dropout", "0.5"),
            ):
                await until(pilot, lambda n=name, w=words: w in lines(n))
            for name in MANY:
                await until(pilot, lambda n=name: "●" in lines(n) or "▲" in lines(n))
                assert lines(name).count("●") + lines(name).count("▲") <= 6

        watch(tmp_path, steps, size=(160, 50))


def test_in_ascii_nothing_else_is_drawn(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        for _ in range(5):
            sweep.finish()
        sweep.prune()
        sweep.stop()
        sweep.start(3)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 8)
            await until(pilot, lambda: "importance" in text(app) and "A best" in text(app))
            drawn = "".join(
                segment.text
                for strip in app.screen._compositor.render_strips()
                for segment in strip.apply_filter(app.get_line_filters()[-1], app.styles.background)
            )
            assert drawn.isascii()
            assert "A best o finished # stopped x pruned" in drawn
            assert "?" not in drawn.replace("? Keys", "")

        watch(tmp_path, steps, is_ascii=True)
