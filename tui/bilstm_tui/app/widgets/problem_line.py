"""The line above the keys: why the form's settings cannot be trained with now."""

from textual.widgets import Static


class ProblemLine(Static):
    """Says what is wrong, or that data are being read; hidden where there is nothing to say."""

    def __init__(self) -> None:
        super().__init__(id="problem", markup=False)

    def show(self, words: str, *, is_wrong: bool) -> None:
        """Show what is wrong, or what is being done."""
        self.set_class(not is_wrong, "-reading")
        self.remove_class("-asked")
        self.update(words)
        self.display = bool(words)

    def point_out(self) -> None:
        """Highlight it, as the answer to a key; a message in the corner would cover it."""
        self.app.clear_notifications()
        self.add_class("-asked")
