"""Which part of an axis is in view."""

Range = tuple[float, float]
"""The ends of an axis, or of a part of it."""


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
