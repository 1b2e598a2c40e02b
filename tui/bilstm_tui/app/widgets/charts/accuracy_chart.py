"""The accuracy by epoch, or the error."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import reactive

from .chart import Chart
from .series import Series, as_error

_ANNOUNCEMENTS = ("a point after each epoch", "after each epoch")


class AccuracyChart(Chart):
    """Accuracies in percent, or what is missing to 100, on a logarithmic axis.

    Between 99.0 and 99.5 the accuracy hardly rises, but the error falls by half.
    """

    BINDING_GROUP_TITLE = "In the chart of accuracies"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "toggle_error", "Error instead of accuracy", show=False),
    ]
    highest: ClassVar = 100.0

    is_error = reactive(False)

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__("accuracy %", id=id, axis="epoch", announcements=_ANNOUNCEMENTS)
        self._accuracies: Sequence[Series] = ()
        self._subject = ""

    def show(self, series: Sequence[Series]) -> None:
        """Draw these accuracies, or their errors, instead of the previous ones."""
        self._accuracies = series
        super().show([*map(as_error, series)] if self.is_error else series)

    def use_subject(self, split: str) -> None:
        """Name the data of all curves in the title, where it is the same."""
        self._subject = split
        self._use_title()

    def action_toggle_error(self) -> None:
        """Switch between accuracy and error."""
        self.is_error = not self.is_error

    def watch_is_error(self) -> None:
        """Draw again, on the axis that suits what is drawn."""
        self._use_title()
        self.set_reactive(Chart.logarithm, None)
        self.action_show_all()
        self.show(self._accuracies)

    def _use_title(self) -> None:
        what = "error %" if self.is_error else "accuracy %"
        self.title = f"{self._subject} {what}".strip()

    def prefers_logarithm(self, *, is_wide: bool) -> bool:
        """Errors only: accuracies are read as differences from 100."""
        return self.is_error
