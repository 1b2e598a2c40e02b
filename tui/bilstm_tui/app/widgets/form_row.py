"""A row of the form: a mark, the name of a setting, and its field."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Label

INVALID, WITHOUT_EFFECT, BY_HAND = "!", "-", "*"


class FormRow(Horizontal):
    """The name of a setting beside its field; highlighted while the field has the focus."""

    def __init__(self, title: str, field: Widget, classes: str = "") -> None:
        super().__init__(classes=f"field {classes}")
        self.field = field
        self._title = title
        self._mark = ""

    def compose(self) -> ComposeResult:
        """Compose the name and the field."""
        yield Label(self._text)
        yield self.field

    def mark(self, sign: str, *, has_effect: bool) -> None:
        """Mark the row by a sign, and not only in colour: what matters most about its value."""
        self._mark = sign
        self.set_class(bool(sign), "-marked")
        self.set_class(sign == INVALID, "-invalid")
        self.set_class(not has_effect, "-without-effect")
        for label in self.query(Label):
            if str(label.content) != self._text:
                label.update(self._text, layout=False)

    def on_click(self) -> None:
        """Focus the field also from its name."""
        if not self.has_focus_within:
            self.field.focus()

    @property
    def _text(self) -> str:
        return f"{self._mark} {self._title}" if self._mark else self._title
