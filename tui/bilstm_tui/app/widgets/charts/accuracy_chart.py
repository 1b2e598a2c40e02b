"""The accuracy by epoch, or the error."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import reactive

from .chart import Chart
from .ranges import fitted_range
from .series import Series, as_error
from .zoom import Range

_ANNOUNCEMENTS = ("a point after each epoch", "after each epoch")


class AccuracyChart(Chart):
    """Accuracies in percent, or what is missing to 100, on a logarithmic axis.

    Between 99.0 and 99.5 the accuracy hardly rises, but the error falls by half. Where curves start
    much lower than they end, the axis is fitted to their later half, and `0` shows all of it.
    """

    BINDING_GROUP_TITLE = "In the chart of accuracies"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "toggle_error", "Error", tooltip="Error instead of accuracy"),
        Binding("0", "show_all", "All", tooltip="Whole curves, or only where they end"),
    ]
    highest: ClassVar = 100.0

    is_error = reactive(False)

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__("accuracy %", id=id, axis="epoch", announcements=_ANNOUNCEMENTS)
        self._accuracies: Sequence[Series] = ()
        self._subject = ""
        self._is_fitted = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to smooth."""
        return action != "next_smoothing"

    def reset(self) -> None:
        """Remove the curves and the zoom, and fit the axis to the next curves."""
        self._is_fitted = True
        super().reset()

    def action_show_all(self) -> None:
        """Show whole curves; where they are shown, fit the axis to their later half again."""
        is_all = self._across.is_whole and self._upright.is_whole and not self._is_fitted
        self._is_fitted = is_all
        self.show_whole()

    def action_stretch(self, direction: int) -> None:
        """Zoom the y axis; from a fitted one out to the whole one."""
        self._is_fitted &= direction > 0 or not self._upright.is_whole
        super().action_stretch(direction)

    def _zoom(self, centre: float, factor: float) -> None:
        self._is_fitted &= factor < 1 or not self._across.is_whole
        super()._zoom(centre, factor)

    @property
    def _whole_y_range(self) -> Range:
        return self._fitted_range or super()._whole_y_range

    @property
    def _fitted_range(self) -> Range | None:
        """The axis without the first points, where they are much lower; None for all points."""
        if self._is_logarithmic or not self._is_fitted:
            return None
        in_view = [curve.line[1] for curve in self._curves]
        return fitted_range(in_view, self.highest, self.inside.height)

    @property
    def _scale_words(self) -> Sequence[str]:
        if fitted := self._fitted_range:
            return f"axis starts at {fitted[0]:g}", f"axis from {fitted[0]:g}"
        return super()._scale_words

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
        self.show_whole()
        self.show(self._accuracies)

    def _use_title(self) -> None:
        what = "error %" if self.is_error else "accuracy %"
        self.title = f"{self._subject} {what}".strip()

    def prefers_logarithm(self, *, is_wide: bool) -> bool:
        """Errors only: accuracies are read as differences from 100."""
        return self.is_error
