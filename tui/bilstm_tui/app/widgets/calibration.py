"""How often a network is right, beside how sure it is."""

from collections.abc import Iterator

from rich.text import Text
from textual.widgets import Static

from bilstm_core.inference.report import ConfidenceBin, ExaminationReport, accuracy_interval

from ...text.numbers import percent

_LEFT = 36  # columns before the bars
_LONGEST, _SHORTEST = 80, 20
_WELL_CALIBRATED = 0.005


class CalibrationView(Static):
    """The accuracy with its interval, and a reliability diagram, whose rows are probabilities."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._report: ExaminationReport | None = None

    def show(self, report: ExaminationReport) -> None:
        """Show a report."""
        self._report = report
        self._draw()

    def on_resize(self) -> None:
        """Make the bars as long as there is space."""
        self._draw()

    def _draw(self) -> None:
        if self._report and self._report.total:
            width = max(_SHORTEST, min(_LONGEST, self.size.width - _LEFT - 1))
            self.update(Text("\n").join(_lines(self._report, width)))


def accuracy_in_words(report: ExaminationReport) -> str:
    """The accuracy, and between which ones the true one lies in 95 % of such tests."""
    low, high = accuracy_interval(report.correct, report.total)
    accuracy = percent(report.correct / report.total)
    return f"accuracy {accuracy} % (95 % interval: {percent(low)} to {percent(high)} %)"


def _lines(report: ExaminationReport, width: int) -> Iterator[Text]:
    words = accuracy_in_words(report)
    yield Text(words[0].upper() + words[1:], "bold")
    error = percent(report.calibration_error)
    yield Text(f"Expected calibration error {error} %")
    yield Text(_verdict(report))
    yield Text()
    yield Text(f"{'probability':<13}{report.spec.items:>10}{'correct':>11}", "dim")
    for part in reversed(report.calibration):
        yield _row(part, width)
    yield Text()
    hint = "A bar is the part that is correct; ┃ is the mean probability of the predicted classes."
    yield Text(hint, "dim")
    yield Text("A bar that ends before ┃: the network is overconfident.", "dim")


def _verdict(report: ExaminationReport) -> str:
    gap = report.overconfidence
    if abs(gap) < _WELL_CALIBRATED:
        return "Well calibrated on average"
    direction = "too high" if gap > 0 else "too low"
    return f"Its probabilities are on average {percent(abs(gap))} points {direction}"


def _row(part: ConfidenceBin, width: int) -> Text:
    line = Text(f"{part.low:>4.0%} to {part.high:<4.0%} {part.count:>10,}{part.accuracy:>10.1%}  ")
    bar, mark = round(part.accuracy * width), min(round(part.confidence * width), width - 1)
    cells = ["█" if column < bar else " " for column in range(width)]
    line.append("".join(cells[:mark]), "green")
    line.append("┃", "bold yellow" if mark < bar else "bold red")
    return line.append("".join(cells[mark + 1 :]).rstrip(), "green")
