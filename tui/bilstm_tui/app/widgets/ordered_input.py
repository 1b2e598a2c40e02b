"""A field to type into, also over a slow link."""

from textual.events import Key
from textual.widgets import Input


class OrderedInput(Input):
    """An input that takes keys in the order in which they come.

    Textual's own inserts letters at once and leaves Backspace and the like to the whole app, so
    that of keys that arrive together the letters are first.
    """

    async def _on_key(self, event: Key) -> None:
        for binding in self._bindings.key_to_bindings.get(event.key, []):
            event.stop()
            event.prevent_default()
            await self.run_action(binding.action)
            return
        await super()._on_key(event)
