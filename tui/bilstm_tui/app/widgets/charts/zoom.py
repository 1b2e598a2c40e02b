"""Which part of an axis is in view."""

Range = tuple[float, float]
"""The ends of an axis, or of a part of it."""


class AxisView:
    """The part of an axis that is in view: the whole of it, until the user zooms.

    Attributes:
        ends: What is in view now.
    """

    def __init__(self) -> None:
        self.ends: Range = (0.0, 1.0)
        self._part: Range | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all of the axis is in view."""
        return self._part is None

    @property
    def extent(self) -> float:
        """From one end of what is in view to the other."""
        return extent(self.ends)

    def fit(self, whole: Range, least: float) -> None:
        """Keep the part inside the whole, which may have grown, and at least so long."""
        if self._part:
            self._part = within(self._part, whole, least)
        self.ends = self._part or whole

    def zoom(self, centre: float, factor: float) -> None:
        """Show a part that is `factor` times as long, with `centre` at the same place."""
        self._part = zoomed(self.ends, centre, factor)

    def pan(self, share: float) -> None:
        """Move by a share of what is in view."""
        low, high = self.ends
        self._part = low + share * self.extent, high + share * self.extent

    def show_all(self) -> None:
        """Show the whole axis again."""
        self._part = None


def extent(part: Range) -> float:
    """From one end to the other."""
    return part[1] - part[0]


def zoomed(part: Range, centre: float, factor: float) -> Range:
    """A part whose extent is `factor` times as long, and where `centre` is at the same place."""
    return centre - (centre - part[0]) * factor, centre + (part[1] - centre) * factor


def within(part: Range, whole: Range, least: float) -> Range | None:
    """Move a part that is beyond an end back inside, with an extent of at least `least`.

    Returns:
        None if the part is the whole.
    """
    if extent(part) < least:
        middle = sum(part) / 2
        part = middle - least / 2, middle + least / 2
    if extent(part) >= extent(whole) * (1 - 1e-9):
        return None
    move = max(0.0, whole[0] - part[0]) + min(0.0, whole[1] - part[1])
    return part[0] + move, part[1] + move
