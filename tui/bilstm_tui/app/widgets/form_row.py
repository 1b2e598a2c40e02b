"""A row of the form: a mark, the name of a setting, and its field."""

from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

INVALID, WITHOUT_EFFECT, BY_HAND = "!", "-", "*"


class FormRow(Widget):
    """The name of a setting beside its field; highlighted while the field has the focus.

    It draws the name itself: a label in each row would be a third more widgets in the form.
    """

    def __init__(self, title: str, field: Widget, classes: str = "") -> None:
        super().__init__(classes=f"field {classes}")
        self.field = field
        self._title = title
        self._mark = ""

    def compose(self) -> ComposeResult:
        """Compose the field."""
        yield self.field

    def render(self) -> Text:
        """The mark and the name."""
        return Text(f"{self._mark or ' '} {self._title}", no_wrap=True)

    def mark(self, sign: str, *, has_effect: bool) -> None:
        """Mark the row by a sign, and not only in colour: what matters most about its value."""
        self.set_class(sign == INVALID, "-invalid")
        self.set_class(not has_effect, "-without-effect")
        if sign != self._mark:
            self._mark = sign
            self.refresh()

    def on_click(self) -> None:
        """Focus the field also from its name."""
        if not self.has_focus_within:
            self.field.focus()
