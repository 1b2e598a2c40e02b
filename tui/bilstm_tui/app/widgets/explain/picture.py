"""The picture of an explanation: strips of states over time, the sequence, and what is predicted.

Time runs from left to right. A strip fills from the left for the forward direction and from the
right for the backward one; from the stage of the readout on, what the classifier does not see is
faded, and bars below say how much it sees of each step.
"""

import textwrap
from dataclasses import dataclass
from functools import cached_property

from rich.style import Style

from bilstm_core.inference.explanation import Prediction, States

from ....text.names import shortened
from . import series
from .look import BOLD, DIM, PLAIN, Cells, Look, fitted, put
from .stages import Moment

_GAP = 2  # columns between two texts of a line
_GUTTER, _SEEN = 2, 5  # columns left and right of a strip
_WIDEST_PIECE = 10
_LEVELS = " ▁▂▃▄▅▆▇█"
_ROOMY = 22  # lines from which on there are empty ones
_LEAST_WIDTH = 44  # columns of the strips beside an image
_WIDE = 110  # columns from which on a small image is drawn larger
_SMALL_IMAGE = 12  # rows and columns
_MOST_LINES = 16  # of a strip: more units are not sent
_MOST_INPUT_LINES = 8
_PART_OF_SERIES = 4  # of the lines, one in so many is for the curves of a series
_LONGEST_CLASS = 12
_BAR = 8  # columns of a probability of 1


@dataclass(frozen=True)
class Head:
    """What stands above the picture.

    Attributes:
        weights: Which weights they are, in words, and in fewer words.
        clock: Whether it plays, and how fast.
        tries: Which settings keys have changed, in words; empty if none.
    """

    weights: tuple[str, str]
    clock: str
    tries: str = ""


class Picture:
    """A moment of an explanation, drawn into lines of a given width."""

    def __init__(self, now: Moment, head: Head, size: tuple[int, int], look: Look) -> None:
        self._now, self._head, self._look = now, head, look
        self._shown = now.shown
        self._width, self._height = size

    def lines(self) -> list[Cells]:
        """All lines, as many as the height."""
        top = [self._title(), self._crumbs()]
        if self._height >= _ROOMY:
            top.append([])
        words = self._words()
        room = self._height - len(top) - len(words)
        middle = self._beside_image(self._strips(room), room)
        lines = [*top, *middle[:room], *[[] for _ in range(room - len(middle))], *words]
        return [fitted(line, self._width) for line in lines[: self._height]]

    def _title(self) -> Cells:
        shown = self._shown
        item = "image" if shown.kind == "images" else "sequence"
        actual = shortened(shown.classes[shown.actual], _LONGEST_CLASS)
        place = f"test {item} {shown.index + 1:,} of {shown.count:,}: "
        lefts = [
            put(put([], it, BOLD), actual, self._look.right)
            for it in (f"{shown.data}, {place}", place)
        ]
        weights, few = (put([], words, DIM) for words in self._head.weights)
        if not (tries := self._head.tries):
            return self._between(lefts[0], weights)
        form, keys = put([], f"form: {tries}", BOLD), put([], " (m, d, b change the form)", DIM)
        form = put([], "; ", DIM) + form
        rights = [weights + form + keys, weights + form, few + form + keys, few + form]
        pairs = [(left, right) for right in rights for left in lefts]
        fitting = [it for it in pairs if len(it[0]) + _GAP + len(it[1]) <= self._width]
        return self._between(*(fitting or pairs[-1:])[0])

    def _crumbs(self) -> Cells:
        now, line, config = self._now, Cells(), self._shown.config
        names = {
            "read": f"Read {self._step_words()}",
            "merge": f"Merge: {config.merge}",
            "readout": f"Readout: {config.readout}",
            "classify": "Classify",
        }
        for number, stage in enumerate(now.stages):
            put(line, "▸" if number else "", DIM)
            if stage == now.stage:
                put(line, f" {names[stage]} ", Style(bold=True, reverse=True))
            else:
                put(line, f" {names[stage]} ", PLAIN if now.is_past(stage) else DIM)
        return self._between(line, put([], self._head.clock, DIM))

    def _step_words(self) -> str:
        done = self._shown.ends[self._now.read - 1] if self._now.read else 0
        return f"{done:,} of {self._shown.num_steps:,} {self._now.step}s"

    def _between(self, left: Cells, right: Cells) -> Cells:
        """Two texts at both ends of a line; the right one gives way."""
        gap = self._width - len(left) - len(right)
        return left if gap < _GAP else left + [(" ", PLAIN)] * gap + right

    def _words(self) -> list[Cells]:
        heading, text = self._now.words()
        wrapped = textwrap.wrap(text, max(20, min(self._width, 110) - 2))
        least = 3 if self._height < _ROOMY else 4  # nothing above moves from stage to stage
        lines = [put([], heading, BOLD), *(put([], line) for line in wrapped)]
        lines += [[] for _ in range(1 + least - len(lines))]
        return lines if self._height < _ROOMY else [[], *lines]

    # --- the strips ---

    @property
    def _area(self) -> int:
        """Columns left of the image."""
        return self._width - (self._side + 2 if self._side else 0)

    @cached_property
    def _side(self) -> int:
        """Columns of the image and its arrows; 0 where it is drawn along the time instead."""
        shown, pixel = self._shown, self._pixel_width
        wide = pixel * len(shown.inputs) + 4
        high = -(-len(shown.ends) * pixel // 2)
        fits = self._width - wide >= _LEAST_WIDTH and high <= self._height - 7
        return wide if shown.kind == "images" and fits else 0

    @property
    def _pixel_width(self) -> int:
        """Columns of a pixel of the image; it is half as many lines high."""
        if max(len(self._shown.inputs), self._now.pieces) > _SMALL_IMAGE:
            return 1
        return 4 if self._width >= _WIDE and self._height >= _ROOMY else 2

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """The pieces of each column of a strip."""
        count, most = self._now.pieces, self._area - _GUTTER - _SEEN
        columns = max(1, min(count, most))
        return [(at * count // columns, (at + 1) * count // columns) for at in range(columns)]

    @cached_property
    def _piece_width(self) -> int:
        """Columns of the screen for each column of a strip."""
        room = self._area - _GUTTER - _SEEN
        return max(1, min(_WIDEST_PIECE, room // len(self._spans)))

    def _strips(self, room: int) -> list[Cells]:
        shown, look = self._shown, self._look
        sections: list[tuple[str, Style, States]] = [("→ forward", look.forward, shown.forward)]
        if shown.backward:
            sections.append(("← backward", look.backward, shown.backward))
        if shown.merged:
            sections.append((f"⇄ {shown.config.merge}", BOLD, shown.merged))
        with_inputs = not self._side
        blank = int(self._height >= _ROOMY)
        fixed = 1 + len(sections) + sum(bool(it.shares) for *_, it in sections)
        fixed += bool(shown.together) + blank * len(sections)
        units = max(len(it.units) for *_, it in sections)
        most = min(_MOST_LINES, -(-units // look.units_per_line))
        spare = room - fixed - len(sections) * most
        inputs = self._input_lines(room, spare) if with_inputs else 0
        each = max(1, min(most, (room - fixed - inputs) // len(sections)))
        lines = [*self._inputs(inputs), self._axis()]
        for name, style, states in sections:
            lines += self._section(name, style, states, each)
            lines += [[] for _ in range(blank)]
        if shown.together:
            lines.append(self._together())
        return lines

    def _axis(self) -> Cells:
        line: Cells = [(" ", PLAIN)] * _GUTTER
        free = 0
        for number, (_, end) in enumerate(self._spans):
            label = str(self._shown.ends[end - 1])
            column = number * self._piece_width + max(0, (self._piece_width - len(label)) // 2)
            if column >= free and column + len(label) <= len(self._spans) * self._piece_width:
                line += [(" ", PLAIN)] * (_GUTTER + column - len(line))
                put(line, label, DIM)
                free = column + len(label) + 2
        return line

    def _section(self, name: str, style: Style, states: States, lines: int) -> list[Cells]:
        is_merged = states is self._shown.merged
        chosen = _evenly(len(states.units), lines * self._look.units_per_line)
        size = self._shown.config.hidden_size
        units = f"{len(chosen)} of {size} units" if len(chosen) < size else f"{size} units"
        heading = put(put([], name, style + BOLD), f"  {units}", DIM)
        if not is_merged:
            alone = self._shown.backward_alone if "←" in name else self._shown.forward_alone
            prediction = alone[self._now.read - 1] if self._now.read else None
            self._add_prediction(heading, "alone" if self._shown.backward else "", prediction)
        body = [
            self._row(states, rows, is_backward="←" in name)
            for rows in _grouped(chosen, self._look.units_per_line)
        ]
        tracks = [self._track(states, style, is_backward="←" in name)] if states.shares else []
        return [heading, *body, *tracks]

    def _row(self, states: States, rows: list[int], *, is_backward: bool) -> Cells:
        line: Cells = [(" ", PLAIN)] * _GUTTER
        pair = (rows[0], rows[-1])
        for start, end in self._spans:
            piece = start if is_backward else end - 1
            is_there = self._is_reached(states, piece, is_backward=is_backward)
            values = [states.values[row][piece] if is_there else None for row in pair]
            faded = tuple(not self._is_seen(states, row, start, end) for row in pair)
            cell = self._look.states(values[0], values[1], (faded[0], faded[1]))
            line += [cell] * self._piece_width
        if states.read and self._now.is_past("readout"):
            seen = self._look.states(states.read[rows[0]], states.read[rows[-1]], (False, False))
            line += [(" ", PLAIN), ("▸", DIM), seen, seen]
        return line

    def _is_reached(self, states: States, piece: int, *, is_backward: bool) -> bool:
        now = self._now
        if states is self._shown.merged:
            return now.is_past("merge")
        return piece >= now.pieces - now.read if is_backward else piece < now.read

    def _is_seen(self, states: States, row: int, start: int, end: int) -> bool:
        """Whether the classifier sees a unit's state there, as far as that is decided by now."""
        if not states.shares:  # it sees the merged states
            return not self._now.is_past("readout")
        if not self._now.is_past("readout"):
            return True
        if self._shown.config.readout == "max":
            return start <= states.peaks[row] < end
        return any(states.shares[start:end])

    def _track(self, states: States, style: Style, *, is_backward: bool) -> Cells:
        """Below a strip: where its direction is, then how much of each step is read."""
        line: Cells = [(" ", PLAIN)] * _GUTTER
        now, width = self._now, self._piece_width
        if not now.is_past("readout"):
            at = None if states is self._shown.merged else self._place(is_backward=is_backward)
            if at is None:
                return line
            line += [(" ", PLAIN)] * (at * width)
            return put(line, ("◀" if is_backward else "▶").center(width), style)
        shares = [sum(states.shares[start:end]) for start, end in self._spans]
        most = max(shares)
        for share in shares:
            level = max(1, round(share / most * 8)) if share > 0 else 0
            put(line, _LEVELS[level] * width, style)
        return put(line, " read", DIM)

    def _place(self, *, is_backward: bool) -> int | None:
        """The column of a strip where a direction is reading; None if it is not."""
        now = self._now
        if now.stage != "read" or not now.read:
            return None
        piece = now.pieces - now.read if is_backward else now.read - 1
        return next(n for n, (start, end) in enumerate(self._spans) if start <= piece < end)

    # --- what is predicted ---

    def _together(self) -> Cells:
        shown, now = self._shown, self._now
        prediction = shown.together[now.read - 1] if now.read else None
        if now.stage == "classify":
            prediction = shown.prediction
        line = put([], "⇄ both", BOLD)
        self._add_prediction(line, "predicted" if now.stage == "classify" else "", prediction)
        return line

    def _add_prediction(self, line: Cells, label: str, prediction: Prediction | None) -> None:
        if prediction is None:
            return
        put(line, f"  {label}" if label else " ", DIM)
        for rank, (number, share) in enumerate(
            zip(prediction.classes, prediction.probabilities, strict=True)
        ):
            name = shortened(self._shown.classes[number], _LONGEST_CLASS)
            text = f" {name} {share:4.0%} "
            if rank and len(line) + len(text) > self._area:
                return
            is_guess = rank or self._shown.weights == "new"
            style = PLAIN if is_guess else self._look.wrong
            style = self._look.right if number == self._shown.actual else style
            put(line, text, style)
            if not rank:
                put(line, "█" * round(share * _BAR) + "░" * (_BAR - round(share * _BAR)), style)

    # --- the sequence itself ---

    def _input_lines(self, room: int, spare: int) -> int:
        """Lines of the sequence above the strips; `spare` are those that no strip can use."""
        shown = self._shown
        if shown.kind == "series":
            usual = room // _PART_OF_SERIES
            return (
                min(series.most_lines(shown), max(usual, spare))
                if usual >= series.LEAST_LINES
                else 1
            )
        needed = -(-len(shown.inputs) // self._look.units_per_line)
        return min(_MOST_INPUT_LINES, needed, max(1, room // 8))

    def _inputs(self, lines: int) -> list[Cells]:
        """The features over time, above the strips; many are reduced to the lines there are."""
        if not lines:
            return []
        if self._shown.kind == "series":
            return self._series(lines)
        chosen = _evenly(len(self._shown.inputs), lines * self._look.units_per_line)
        drawn = []
        for rows in _grouped(chosen, self._look.units_per_line):
            line: Cells = [(" ", PLAIN)] * _GUTTER
            for start, end in self._spans:
                values = [max(self._shown.inputs[row][start:end]) for row in (rows[0], rows[-1])]
                line += [self._look.pixels(*values)] * self._piece_width
            if not drawn:
                put(line, " ◂in" if len(chosen) else "", DIM)
            drawn.append(line)
        return drawn

    def _series(self, lines: int) -> list[Cells]:
        look, has_backward = self._look, bool(self._shown.backward)
        places = [(self._place(is_backward=False), look.forward)]
        places += [(self._place(is_backward=True), look.backward)] if has_backward else []
        marks = {at: style for at, style in places if at is not None}
        with_heading = lines >= series.LEAST_LINES
        rows = lines - with_heading
        curves = series.draw_curves(self._shown, self._spans, self._piece_width, marks, rows)
        drawn = [[(" ", PLAIN)] * _GUTTER + line for line in curves]
        return [series.heading(self._shown, rows, self._area), *drawn] if with_heading else drawn

    def _beside_image(self, left: list[Cells], room: int) -> list[Cells]:
        """The strips, and right of them the image with the rows that have been read."""
        if not self._side:
            return left
        image = self._image()
        left += [[] for _ in range(min(room, len(image)) - len(left))]
        width = self._width - self._side
        return [
            fitted(line, width) + (image[number] if number < len(image) else [])
            for number, line in enumerate(left)
        ]

    def _image(self) -> list[Cells]:
        now, look, shown = self._now, self._look, self._shown
        step = max(1, 2 // self._pixel_width)
        drawn: list[Cells] = [put([], "  the image", DIM)]
        for top in range(0, now.pieces, step):
            rows = [top, min(top + step - 1, now.pieces - 1)]
            line: Cells = []
            here = now.stage == "read" and now.read and now.read - 1 in rows
            ahead = rows[0] < now.read
            put(line, "↓ " if here else ("│ " if ahead else "  "), look.forward)
            for column in shown.inputs:
                line += [look.pixels(column[rows[0]], column[rows[1]])] * self._pixel_width
            if shown.backward:
                left = now.pieces - now.read
                here = now.stage == "read" and now.read and left in rows
                put(line, " ↑" if here else (" │" if rows[1] >= left else ""), look.backward)
            drawn += [line] * max(1, self._pixel_width // 2)
        return drawn


def _evenly(count: int, most: int) -> list[int]:
    """At most so many positions, evenly spread."""
    number = min(count, most)
    return [(2 * at + 1) * count // (2 * number) for at in range(number)]


def _grouped(items: list[int], size: int) -> list[list[int]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
