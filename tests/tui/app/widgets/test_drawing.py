"""The canvas draws what the mouse does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseDown, MouseMove, MouseUp
from textual.pilot import Pilot

from bilstm_tui.app.widgets.drawing import DrawingPad

SIZE, SCALE = 28, 2


class PadApp(App[None]):
    CSS = "DrawingPad { width: auto; height: auto; border: round green; }"

    def compose(self) -> ComposeResult:
        yield DrawingPad()


def drive_pad(steps: Callable[[DrawingPad, Pilot[None]], Awaitable[None]]) -> None:
    async def main() -> None:
        app = PadApp()
        async with app.run_test(size=(80, 40)) as pilot:
            pad = app.query_one(DrawingPad)
            pad.set_size(SIZE, SIZE)
            pad.fit(SIZE * SCALE + 2, SIZE + 2)
            await pilot.pause()
            await steps(pad, pilot)

    asyncio.run(main())


async def send(pad: DrawingPad, pilot: Pilot[None], kind: type, column: int, row: int) -> None:
    """A mouse event at a cell of the picture; one more is the frame."""
    x, y = column + 1, row + 1
    pad.post_message(
        kind(pad, x=x, y=y, delta_x=0, delta_y=0, button=1, shift=False, meta=False, ctrl=False)
    )
    await pilot.pause()


def drawn(pad: DrawingPad) -> set[tuple[int, int]]:
    """Row and column of the pixels that are bright."""
    return {(y, x) for y, row in enumerate(pad.pixels) for x, level in enumerate(row) if level == 1}


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ((20, 3), {(3, x) for x in range(2, 11)}),  # along a row
        ((4, 13), {(y, 2) for y in range(3, 14)}),  # down a column
        ((16, 9), {(3 + at, 2 + at) for at in range(7)}),  # at 45 degrees
    ],
)
def test_a_fast_drag_leaves_no_gaps(end: tuple[int, int], expected: set[tuple[int, int]]) -> None:
    async def steps(pad: DrawingPad, pilot: Pilot[None]) -> None:
        await send(pad, pilot, MouseDown, 4, 3)
        await send(pad, pilot, MouseMove, *end)
        await send(pad, pilot, MouseUp, *end)
        assert drawn(pad) == expected

    drive_pad(steps)


def test_a_new_line_starts_where_the_button_is_pressed() -> None:
    async def steps(pad: DrawingPad, pilot: Pilot[None]) -> None:
        for column in (4, 40):
            await send(pad, pilot, MouseDown, column, 3)
            await send(pad, pilot, MouseUp, column, 3)
        assert drawn(pad) == {(3, 2), (3, 20)}

    drive_pad(steps)


def test_a_line_goes_on_outside_the_canvas() -> None:
    async def steps(pad: DrawingPad, pilot: Pilot[None]) -> None:
        await send(pad, pilot, MouseDown, 4, 3)
        for column, row in ((-4, 3), (-4, 5), (4, 5)):  # around the left edge
            await send(pad, pilot, MouseMove, column, row)
        assert drawn(pad) == {(y, x) for y in (3, 5) for x in range(3)}

    drive_pad(steps)
