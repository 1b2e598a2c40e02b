"""A text field for slow connections, over which several keys arrive at once."""

from textual.binding import Binding
from textual.events import Key
from textual.widgets import Input

_ACTIONS = {
    binding.key: binding.action
    for kind in reversed(Input.__mro__)
    for binding in Binding.make_bindings(vars(kind).get("BINDINGS", ()))
}
"""The action of each key that `Input` or one of its base classes binds."""


class OrderedInput(Input):
    """An input that handles keys in the order in which they arrive.

    Textual's `Input` inserts characters at once but passes Backspace and other bound keys to the
    app first. Where keys arrive together, the characters would overtake those keys.
    """

    async def on_key(self, event: Key) -> None:
        """Run the action of a bound key at once."""
        if event.key in _ACTIONS:
            event.stop()
            event.prevent_default()
            await self.run_action(_ACTIONS[event.key])
