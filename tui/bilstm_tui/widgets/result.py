"""What a run came to: the notebook's lines, the accuracies large."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Digits, Static

from bilstm_core import events

from ..narration import got, percent

_ROOM = 34
"""Rows from which on there is room for large digits."""


class Result(Horizontal):
    """A column for each split that was checked in the end; hidden while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[events.Evaluation] = []

    def compose(self) -> ComposeResult:
        """As many columns as there are splits."""
        for split, title in events.SPLIT_TITLES.items():
            column = Vertical(Digits(), Static(), id=f"result-{split}")
            column.border_title = f"{title} data"
            yield column

    def on_resize(self) -> None:
        """Large digits where there is room."""
        self.set_class(self.app.size.height < _ROOM, "-low")

    def show(self, checks: Sequence[events.Evaluation]) -> None:
        """Show the final checks."""
        if list(checks) == self._shown:
            return
        self._shown = list(checks)
        by_split = {check.split: check for check in checks}
        self.display = bool(checks)
        for split in events.SPLIT_TITLES:
            column = self.query_one(f"#result-{split}")
            column.display = split in by_split
            if check := by_split.get(split):
                column.query_one(Digits).update(f"{percent(check.accuracy)}%")
                column.query_one(Static).update(got(check))
