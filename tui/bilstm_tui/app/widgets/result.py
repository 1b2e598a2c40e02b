"""What a run came to: the accuracies large, and the notebook's lines."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Digits, Static

from bilstm_core import events
from bilstm_core.data.spec import SPLIT_TITLES

from ...text.narration import accuracy_line
from ...text.numbers import percent


class Result(Vertical):
    """The final checks; hidden while there are none."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[events.Evaluation] = []

    def compose(self) -> ComposeResult:
        """Large digits for each split, and a line for each."""
        with Horizontal():
            for split in SPLIT_TITLES:
                yield Digits(id=f"digits-{split}")
        yield Static()

    def show(self, checks: Sequence[events.Evaluation]) -> None:
        """Show the final checks."""
        if list(checks) == self._shown:
            return
        self._shown = list(checks)
        self.display = bool(checks)
        accuracies = {check.split: check.accuracy for check in checks}
        for split in SPLIT_TITLES:
            digits = self.query_one(f"#digits-{split}", Digits)
            digits.display = split in accuracies
            digits.update(f"{percent(accuracies.get(split, 0.0))}%")
        lines = Table.grid(padding=(0, 2))
        for check in checks:
            lines.add_row(Text(SPLIT_TITLES[check.split], "not bold dim"), accuracy_line(check))
        self.query_one(Static).update(lines)
