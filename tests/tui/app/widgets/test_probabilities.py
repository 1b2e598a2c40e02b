"""Bars of probabilities can be compared: each is on a track that ends at 100 %."""

import asyncio
import re
from collections.abc import Callable

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.widget import Widget

from bilstm_core.inference.explanation import Prediction, RunComparison
from bilstm_core.inference.report import Drawing, Mistake, StepwisePrediction
from bilstm_tui.app.widgets.drawing import StepwiseView
from bilstm_tui.app.widgets.explain.look import Look
from bilstm_tui.app.widgets.mended_view import MendedView
from bilstm_tui.app.widgets.series_view import SeriesShown, SeriesView
from bilstm_tui.app.widgets.shares import Shares
from tests.tui.driving import text

ROWS = 4
STEPWISE = StepwisePrediction(
    probabilities=[0.25, 0.75],
    classes=[0, 1],
    forward=[[0.5, 0.5], [0.6, 0.4], [0.3, 0.7], [0.25, 0.75]],
    backward=[[0.1, 0.9]] * ROWS,
)
CLASSES = ["cat", "dog"]
PREDICTION = Prediction(classes=[1, 0], probabilities=[0.75, 0.25], of_actual=0.25)


def look_at(widget: Widget, show: Callable[[], None], look: Callable[[App[None]], None]) -> None:
    """Show something in a widget, alone in an app, and look at the screen."""

    class Alone(App[None]):
        def compose(self) -> ComposeResult:
            yield widget

    async def main() -> None:
        app = Alone()
        async with app.run_test(size=(80, 24)) as pilot:
            show()
            await pilot.pause()
            look(app)

    asyncio.run(main())


def bars(app: App[None]) -> list[str]:
    return re.findall("[━╸─]+", text(app))


def show_mended(view: MendedView) -> None:
    comparison = RunComparison(
        data="made up",
        kind="images",
        count=10,
        correct=(5, 6),
        mended=1,
        spoiled=0,
        index=0,
        is_mended=True,
        classes=CLASSES,
        actual=0,
        inputs=[[0, 255], [255, 0]],
        first=PREDICTION,
        second=PREDICTION,
    )
    view.show(comparison, ("LSTM", "BiLSTM"))


def show_steps(view: StepwiseView) -> None:
    view.show([[0.5] * ROWS] * ROWS, STEPWISE, CLASSES, scale=6, with_image=True)


@pytest.mark.parametrize(
    ("kind", "show", "count"),
    [
        (Shares, lambda view: view.show([0.25, 0.75], CLASSES), 2),
        (MendedView, show_mended, 4),
        (StepwiseView, show_steps, 2 * ROWS),
    ],
)
def test_each_bar_is_on_a_track_of_the_same_length(
    kind: Callable[..., Widget], show: Callable[[Widget], None], count: int
) -> None:
    def look(app: App[None]) -> None:
        drawn = bars(app)
        assert len(drawn) == count
        assert len({*map(len, drawn)}) == 1
        assert len({*drawn}) > 1

    view = kind(id="view")
    look_at(view, lambda: show(view), look)


def test_an_enlarged_row_of_an_image_says_once_what_is_predicted() -> None:
    def look(app: App[None]) -> None:
        lines = text(app).splitlines()
        assert sum("▀" in line for line in lines) == 3 * ROWS
        assert [sum(arrow in line for line in lines) for arrow in "↓↑"] == [ROWS, ROWS]

    view = StepwiseView()
    look_at(view, lambda: show_steps(view), look)


def test_what_a_direction_predicts_for_a_series_has_its_colour() -> None:
    """The names of the true class and of the predicted one keep theirs."""
    values = [[float(step)] for step in range(ROWS)]
    shown = SeriesShown(
        drawing=Drawing(num_steps=ROWS, low=values, high=values),
        prediction=STEPWISE,
        mistake=Mistake(index=0, actual=0, predicted=1, probability=0.75),
        features=["value"],
        num_features=1,
        classes=CLASSES,
    )

    def look(app: App[None]) -> None:
        colours = {"→": Look(is_dark=True).forward, "←": Look(is_dark=True).backward}
        tracks = 0
        for strip in app.screen._compositor.render_strips():
            colour = colours.get(strip.text[:1])
            for segment in strip if colour else ():
                has_bar = any(char in "▂▃▄▅▆▇█" for char in segment.text)
                is_own = (segment.style or Style()).color == colour.color if colour else False
                tracks += has_bar
                assert is_own if has_bar else not (is_own and segment.text.strip() in CLASSES)
        assert tracks == 3  # of one, all probabilities are small

    view = SeriesView(id="view")
    look_at(view, lambda: view.show(shown), look)
