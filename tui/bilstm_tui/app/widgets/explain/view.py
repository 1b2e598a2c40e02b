"""An explanation that plays, step by step; only the cells that change are sent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from rich.style import Style
from textual import work
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import BilstmError
from bilstm_core.inference.explanation import Explanation

from ....text.run_cells import without_date
from ...colours import lines_by
from ..styled_lines import StyledLines
from .look import (
    DIM,
    Cells,
    Look,
    changed_spans,
    fitted,
    put,
    strip_of,
)
from .picture import Head, Picture
from .stages import Moment

_SPEEDS = (0.25, 0.5, 1, 2, 3)  # steps per second; a step takes 1 to 3 KB on the link
_START_SPEED = 2
_PAUSES = 3  # ticks that a stage after the reading is shown: there is more to read

Ask = Callable[[int], Awaitable[Explanation]]


class ExplainView(StyledLines, can_focus=True):
    """How a network reads one test sequence.

    Args:
        ask: Explains the test sequence at a position; raises a `BilstmError` where that fails.
        can_change: Whether keys change merge, readout and directions.
        is_playing: Whether it plays as soon as there is something to show.
        redraws_per_second: The maximum redraw rate; below 1, the speed at the start.
    """

    @dataclass
    class SettingsWanted(Message):
        """Posted when a key asks for other settings that fit together; given by name."""

        changes: Mapping[str, str | bool]

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "In the explanation"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play", "Play", tooltip="Play or pause; at the end, play again"),
        Binding("space", "pause", "Pause", tooltip="Play or pause; at the end, play again"),
        Binding("right", "move(1)", "Step", tooltip="One step forward"),
        Binding("left", "move(-1)", "Step back", show=False, tooltip="One step back"),
        Binding("0,home", "rewind", "Start", show=False, tooltip="Go to the start"),
        Binding("end", "finish", "End", show=False, tooltip="Go to the end"),
        Binding("plus,equals_sign", "speed(1)", "Faster", show=False, tooltip="Play faster"),
        Binding("minus", "speed(-1)", "Slower", show=False, tooltip="Play more slowly"),
        Binding("n", "next_example", "Example", tooltip="Show the next example of the test data"),
        Binding("m", "change('merge')", "Merge", tooltip="Try the next merge"),
        Binding("d", "change('readout')", "Readout", tooltip="Try the next readout"),
        Binding("b", "change('bidirectional')", "Directions", tooltip="One direction or two"),
    ]

    DEFAULT_CSS = "ExplainView { height: 1fr; padding: 0 1; }"

    def __init__(
        self,
        ask: Ask,
        *,
        can_change: bool = False,
        is_playing: bool = True,
        redraws_per_second: float = _START_SPEED,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._ask = ask
        self._can_change = can_change
        self._is_playing = is_playing
        self._speed: float = redraws_per_second if redraws_per_second < 1 else _START_SPEED
        self._weights = self._tries = ""
        self._merge = ""  # of the last network with two directions
        self.shown: Explanation | None = None
        self.index = 0
        self.at = 0
        self._pause = 0
        self._message, self._has_failed = "", False
        self._is_asking = self._is_outdated = False
        self._wanted: dict[str, str | bool] = {}  # and not shown yet
        self._lines: list[Cells] = []
        self._lines_for = Size(), Style(), Look()
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Start the clock, paused."""
        self._timer = self.set_interval(1 / self._speed, self._tick, pause=True)

    # --- what is shown ---

    def describe_weights(self, words: str) -> None:
        """Say whose weights they are, where they are those of a run."""
        self._weights = words

    def describe_tries(self, words: str) -> None:
        """Say which settings keys have changed; empty for none."""
        self._tries = words

    def show_example(self, index: int) -> None:
        """Show another test sequence, from its start."""
        self.index = index
        self._rewind()
        self.reload()

    def reload(self) -> None:
        """Ask again: the network, its weights or its data may be others now."""
        self._is_outdated = True
        if not self._is_asking:
            self._load()

    @work(exclusive=False)
    async def _load(self) -> None:
        """Ask until the answer is that to the latest question."""
        self._is_asking = True
        try:
            while self._is_outdated:
                self._is_outdated = False
                if not self.shown:
                    self._show_message("Reading an example, and starting PyTorch to explain it …")
                try:
                    shown = await self._ask(self.index)
                except BilstmError as error:
                    words = "\n".join(filter(None, (error.message, error.advice)))
                    self._show_message(words, has_failed=True)
                else:
                    self._show(shown)
        finally:
            self._is_asking = False
            self._wanted.clear()

    def show_problem(self, problem: str) -> None:
        """Show why there is nothing to explain."""
        self._show_message(problem, has_failed=True)

    def _show(self, shown: Explanation) -> None:
        before = self.shown and Moment(self.shown, self.at)
        self.shown, self.index, self._message = shown, shown.index, ""
        self._note_merge(shown.config)
        now = Moment(shown, self.at)
        if before and before.stage != "read":  # another readout is compared at the same stage
            at_stage = min(before.at - before.pieces, len(now.stages) - 1)
            if before.stage in now.stages:
                at_stage = now.stages.index(before.stage)
            self.at = now.pieces + at_stage
        self.at = min(self.at, now.last)
        self._redraw()
        self._run_clock()

    def _show_message(self, message: str, *, has_failed: bool = False) -> None:
        self._message, self._has_failed = message, has_failed
        if has_failed:
            self.shown = None
        self._redraw()

    # --- the clock ---

    @property
    def is_playing(self) -> bool:
        """Whether the next step comes by itself."""
        return self._is_playing

    def _run_clock(self) -> None:
        if not self._timer:
            return
        if self._is_playing and self.shown:
            self._timer.resume()
        else:
            self._timer.pause()

    def _tick(self) -> None:
        """The next step, unless nobody sees it."""
        is_seen = self.app.screen is self.screen and self.region.area > 0
        if not (self.shown and self._is_playing and is_seen):
            return
        now = Moment(self.shown, self.at)
        if now.at > now.pieces and self._pause < _PAUSES * max(1, self._speed / 2):
            self._pause += 1
            return
        self._go_to(self.at + 1)
        if self.at >= now.last:
            self._set_playing(False)

    def _go_to(self, at: int) -> None:
        if self.shown:
            self._pause = 0
            self.at = max(0, min(at, Moment(self.shown, at).last))
            self._redraw()

    def _set_playing(self, is_playing: bool) -> None:
        has_changed = is_playing != self._is_playing
        self._is_playing = is_playing
        self._run_clock()
        self._redraw()
        if has_changed:
            self.refresh_bindings()  # the key for it has another label

    def _rewind(self) -> None:
        self.at = self._pause = 0

    def action_play(self) -> None:
        """Play; at the end, play again."""
        if self.shown and self.at >= Moment(self.shown, self.at).last:
            self._rewind()
        self._set_playing(True)

    def action_pause(self) -> None:
        """Stand still."""
        self._set_playing(False)

    def action_move(self, by: int) -> None:
        """Go one step, and stop playing."""
        self._go_to(self.at + by)
        self._set_playing(False)

    def action_rewind(self) -> None:
        """Go to the start."""
        self._go_to(0)

    def action_finish(self) -> None:
        """Go to the end."""
        if self.shown:
            self._go_to(Moment(self.shown, self.at).last)
            self._set_playing(False)

    def action_speed(self, by: int) -> None:
        """Play faster or more slowly."""
        others = [it for it in _SPEEDS if (it - self._speed) * by > 0]
        if others and self._timer:
            self._speed = others[0] if by > 0 else others[-1]
            self._timer.stop()
            self._timer = self.set_interval(1 / self._speed, self._tick, pause=True)
            self._set_playing(self._is_playing)

    def action_next_example(self) -> None:
        """Show the next example from its start."""
        self.show_example(self.index + 1)
        self._set_playing(True)

    def action_change(self, name: str) -> None:
        """Ask for the next value of a setting."""
        if not self.shown:
            return
        config = self.shown.config.model_copy(update=self._wanted)  # keys may come fast
        self._note_merge(config)
        both: dict[str, str | bool] = {"merge": self._merge or "concat", "bidirectional": True}
        changes: dict[str, str | bool]
        match name:
            case "merge" if self._merge and not config.bidirectional:
                changes = both
            case "merge":
                changes = {"merge": _next(config.merge, [*MERGES]), "bidirectional": True}
            case "readout":
                # a readout of every step needs sequences of one length
                fitting = [
                    key
                    for key, it in READOUTS.items()
                    if not (it.reads_every_step and self.shown.has_lengths)
                ]
                changes = {"readout": _next(config.readout, fitting)}
            case "bidirectional" if config.bidirectional:
                changes = {"bidirectional": False, "merge": "concat"}  # there is nothing to merge
            case _:
                changes = both
        self._wanted.update(changes)
        self.post_message(self.SettingsWanted({**self._wanted}))

    def _note_merge(self, config: RunConfig) -> None:
        """Remember a merge: with one direction there is none, and two have it again."""
        if config.bidirectional:
            self._merge = config.merge

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Settings cannot be changed where the network is a run's own."""
        match action:
            case "play" | "pause":
                return self._is_playing == (action == "pause")
            case "change":
                return self._can_change
            case _:
                return True

    # --- drawing ---

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some lines. A new size is painted before there is a message that tells of it."""
        if self._lines_for[0] != self.content_size:
            self._draw_for_now()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """A line of the picture."""
        return strip_of(self._lines[y], self.line_style)

    def refresh(self, *regions: Region, layout: bool = False, **others: Any) -> Self:
        """Repaint these regions. Focus asks for everything, and changes nothing of the picture."""
        if regions or layout or not self._lines:
            return super().refresh(*regions, layout=layout, **others)
        return self

    def notify_style_update(self) -> None:
        """Draw again when the theme changes."""
        super().notify_style_update()
        if self.is_mounted:
            self._redraw()

    def _redraw(self) -> None:
        """Draw the picture of now, and have repainted what differs from that of before."""
        if not self.content_size.area:
            return
        before, lines_for = self._lines, self._lines_for
        self._draw_for_now()
        if lines_for != self._lines_for:
            self.refresh(self.content_size.region)
            return
        changed = [
            Region(column, y, width, 1)
            for y, (old, new) in enumerate(zip(before, self._lines, strict=True))
            if old != new
            for column, width in changed_spans(old, new)
        ]
        if changed:
            self.refresh(*changed)

    def _draw_for_now(self) -> None:
        self._lines_for = self.content_size, self.rich_style, self._look
        self._lines = self._draw(*self.content_size)

    def _draw(self, width: int, height: int) -> list[Cells]:
        look = self._look
        if not self.shown or self._message:
            style = look.wrong if self._has_failed else DIM
            lines: list[Cells] = [[], *(put([], line, style) for line in self._message.split("\n"))]
            lines += [[] for _ in range(height - len(lines))]
            return [fitted(line, width) for line in lines[:height]]
        clock = f"{'▶' if self._is_playing else '∥'} {self._speed:g}/s"
        head = Head(self._weights_words(self.shown), clock, self._tries)
        return Picture(Moment(self.shown, self.at), head, (width, height), look).lines()

    def _weights_words(self, shown: Explanation) -> tuple[str, str]:
        if shown.weights == "new":
            return "new weights, not trained", "not trained"
        was = ", ".join(f"{name} = {value}" for name, value in shown.changed.items())
        words = self._weights + (f", trained with {was}" if was else "")
        return words, f"as {without_date(self._weights)}"

    @property
    def _look(self) -> Look:
        has_colours = lines_by(self.app) == "colours"
        return Look(is_dark=self.app.current_theme.dark, has_colours=has_colours)


def _next(value: str, values: list[str]) -> str:
    """The value after this one, or the first."""
    return values[(values.index(value) + 1) % len(values)]
