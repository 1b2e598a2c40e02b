"""The accuracy by epoch."""

from typing import ClassVar

from .chart import Chart

_ANNOUNCEMENT = "a point after each epoch"


class AccuracyChart(Chart):
    """Accuracies in percent."""

    may_be_logarithmic: ClassVar = False
    highest: ClassVar = 100.0

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__("accuracy %", id=id, axis="epoch", announcement=_ANNOUNCEMENT)
