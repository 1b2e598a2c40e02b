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


class Result(Vertical):
    """The final evaluations; hidden while there are none."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[events.Evaluation] = []

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
        self._shown = list(evaluations)
        self.display = bool(evaluations)
        accuracies = {evaluation.split: evaluation.accuracy for evaluation in evaluations}
        for split in SPLIT_TITLES:
            digits = self.query_one(f"#digits-{split}", Digits)
            digits.display = split in accuracies
            digits.update(f"{percent(accuracies.get(split, 0.0))}%")
        lines = Table.grid(padding=(0, 2))
        for evaluation in evaluations:
            title = Text(SPLIT_TITLES[evaluation.split], "not bold")
            lines.add_row(title, accuracy_line(evaluation))
            if data and data.is_imbalanced(evaluation.split):
                lines.add_row("", imbalance_line(evaluation))
        self.query_one(Static).update(lines)
