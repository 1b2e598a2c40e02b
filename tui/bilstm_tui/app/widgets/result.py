"""The final accuracies of a run: in large digits, and as the notebook prints them."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Digits, Static

from bilstm_core import events
from bilstm_core.data.spec import SPLIT_TITLES, DataSpec

from ...text.narration import accuracy_line, imbalance_line
from ...text.numbers import percent


def short_accuracy(evaluation: events.Evaluation) -> str:
    """A final accuracy in few words."""
    counts = f"{evaluation.correct}/{evaluation.total}"
    return f"{SPLIT_TITLES[evaluation.split]} {percent(evaluation.accuracy)} % ({counts})"


class Result(Vertical):
    """The final evaluations, where there is space for large digits or more to say than one line."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[events.Evaluation] = []
        self._data: DataSpec | None = None

    def compose(self) -> ComposeResult:
        """Compose large digits for each split, and the lines."""
        with Horizontal():
            for split in SPLIT_TITLES:
                yield Digits(id=f"digits-{split}")
        yield Static()

    def show(self, evaluations: Sequence[events.Evaluation], data: DataSpec | None = None) -> None:
        """Show the final evaluations; for unequal classes also the measures that weigh them."""
        if list(evaluations) == self._shown:
            return
        self._shown, self._data = list(evaluations), data
        self._update()

    def use_large_digits(self, is_large: bool) -> None:
        """Show the accuracies themselves, too, or only what weighs them."""
        if is_large == self.has_class("-low"):
            self.set_class(not is_large, "-low")
            self._update()

    def _update(self) -> None:
        evaluations, data, is_low = self._shown, self._data, self.has_class("-low")
        accuracies = {evaluation.split: evaluation.accuracy for evaluation in evaluations}
        for split in SPLIT_TITLES:
            digits = self.query_one(f"#digits-{split}", Digits)
            digits.display = split in accuracies
            digits.update(f"{percent(accuracies.get(split, 0.0))}%")
        lines = Table.grid(padding=(0, 2))
        for evaluation in evaluations:
            title = Text(SPLIT_TITLES[evaluation.split], "not bold")
            if not is_low:
                lines.add_row(title, accuracy_line(evaluation))
            if data and data.is_imbalanced(evaluation.split):
                lines.add_row(title if is_low else "", imbalance_line(evaluation))
        self.display = lines.row_count > 0
        self.query_one(Static).update(lines)
