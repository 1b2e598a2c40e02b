"""A canvas with a frame, and ticks with their labels beside it and below it."""

from typing import ClassVar

from textual.geometry import Region

from .axes import VERTICAL_LABEL, Ticks
from .canvas import Canvas
from .picture import Picture

_LEAST_FRAME = 3  # columns and rows
_LOW = 8  # rows, up to which the labels below are in the frame itself, for one more row of curves


class Plot(Canvas):
    """What charts have in common."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"plot--axis", "plot--tick"}

    has_labels: ClassVar = True
    """Whether there are ticks, and labels around the frame."""

    @property
    def frame(self) -> Region:
        """Where the frame is."""
        width, height = self.size
        left = VERTICAL_LABEL + 1 if self.has_labels else 0
        below = 1 if self.has_labels and height > _LOW else 0
        return Region(left, 0, max(0, width - left), height - below)

    @property
    def inside(self) -> Region:
        """Where the curves are."""
        return self.frame.shrink((1, 1, 1, 1))

    @property
    def has_space(self) -> bool:
        """Whether there is space for more than the frame."""
        return min(self.frame.size) >= _LEAST_FRAME

    def draw_frame(self, picture: Picture) -> None:
        """Draw the frame."""
        picture.draw_frame(self._style("plot--axis"))

    def draw_ticks(self, picture: Picture, horizontal: Ticks, vertical: Ticks) -> None:
        """Draw as many ticks of both axes as there is space for."""
        horizontal.room, vertical.room = self.inside.size
        styles = self._style("plot--axis"), self.label_style
        picture.draw_ticks_below(horizontal, *styles)
        picture.draw_ticks_beside(vertical, *styles)

    @property
    def label_style(self) -> str:
        """The style of labels."""
        return self._style("plot--tick")

    def _style(self, part: str) -> str:
        return str(self.get_component_rich_style(part))
