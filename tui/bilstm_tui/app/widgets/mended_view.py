"""One sequence, and what two networks predict for it."""

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from bilstm_core.inference.explanation import Prediction, RunComparison

from ...text.names import shortened
from ...text.numbers import bar_and_track, percent
from .drawing import render_image, scale_of

_BAR, _NAME = 20, 16
_BESIDE_IMAGE = 45  # columns for the predictions and the space before them
_ABOVE_IMAGE = 2
_FULL = 255


class MendedView(Static):
    """A sequence that one network misclassifies and the other does not.

    Attributes:
        comparison: What is shown; None until there is something.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self.comparison: RunComparison | None = None
        self._titles = ("", "")

    def show_message(self, message: str) -> None:
        """Show a sentence instead."""
        self.update(Text(message, "dim"))

    def show(self, comparison: RunComparison, titles: tuple[str, str]) -> None:
        """Show what was found."""
        self.comparison, self._titles = comparison, titles
        self._draw()

    def on_resize(self) -> None:
        """Draw for the new size."""
        if self.comparison:
            self._draw()

    def _draw(self) -> None:
        found = self.comparison
        assert found  # noqa: S101 - the callers checked it
        actual = shortened(found.classes[found.actual], _NAME)
        item = "image" if found.kind == "images" else "sequence"
        heading = Text.assemble(f"Test {item} {found.index + 1:,}: ", (actual, "bold green"))
        lines = []
        for title, prediction in zip(self._titles, (found.first, found.second), strict=True):
            lines += [*_bars(title, prediction, found), Text()]
        for title, correct in zip(self._titles, found.correct, strict=True):
            share = percent(correct / found.count)
            lines.append(Text(f"{title:<7} {correct:,} of {found.count:,} correct, {share} %"))
        picture = Table.grid(padding=(0, 3))
        image = self._image(found) if found.kind == "images" else []
        picture.add_row(Text("\n").join(image), Text("\n").join(lines))
        self.update(Group(heading, Text(), picture))

    def _image(self, found: RunComparison) -> list[Text]:
        pixels = [[value / _FULL for value in row] for row in zip(*found.inputs, strict=True)]
        columns, rows = self.size.width - _BESIDE_IMAGE, self.size.height - _ABOVE_IMAGE
        return render_image(pixels, scale=scale_of(pixels, columns, rows))


def _bars(title: str, prediction: Prediction, found: RunComparison) -> list[Text]:
    is_right = prediction.classes[0] == found.actual
    verdict = "✓ correct" if is_right else "✗ misclassified"
    style = "bold green" if is_right else "bold red"
    lines = [Text.assemble((f"{title:<7} ", "bold"), (verdict, style))]
    for rank, (number, share) in enumerate(
        zip(prediction.classes, prediction.probabilities, strict=True)
    ):
        name = shortened(found.classes[number], _NAME)
        colour = "bold green" if number == found.actual else "" if rank else "bold red"
        filled, track = bar_and_track(share, _BAR)
        words = f"  {name:<3} {share:6.1%} {filled}"
        lines.append(Text.assemble((words, colour), (track, "dim")))
    return lines
