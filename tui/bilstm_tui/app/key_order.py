"""Keys that arrive together have the same effect as one at a time.

Over a slow link, or from somebody who types ahead, several keys arrive at once. Textual handles
keys that are bound with priority before it passes others to the widget with the focus, and what
such a widget makes of a key goes up to the screen by messages, widget by widget. So `3 2 t` would
train with the number from before, and the second key of `Enter ↓` would move to another row
instead of moving in the list that Enter opens.
"""

import asyncio
from collections import deque
from typing import TypeVar

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key, Paste

T = TypeVar("T")
_AT_ONCE = {"ctrl+c", "ctrl+q"}
"""Keys that wait for no others."""
_MOST_SECONDS = 1.0  # after which the next key is handled even if the effect is not complete


class OrderedKeysApp(App[T]):
    """An app that handles a key only when the one before has had its effect."""

    def __init__(self) -> None:
        super().__init__()
        self._typed_ahead: deque[Event] = deque()
        self._next: Event | None = None
        self._effect: asyncio.Task[None] | None = None

    async def on_event(self, event: Event) -> None:
        """Handle a key, or keep it for later if it was typed ahead."""
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
        elif isinstance(event, Key) and event.key in _AT_ONCE:
            self._typed_ahead.clear()
            await super().on_event(event)
        elif self._effect and event is not self._next:
            self._typed_ahead.append(event)
        elif self.screen_stack:  # else the app is being closed
            reached: DOMNode = self.focused or self.screen
            try:
                await super().on_event(event)
            finally:  # else no key would be handled any more
                self._effect = asyncio.create_task(self._await_effect(reached))

    async def _await_effect(self, reached: DOMNode) -> None:
        """Wait for what a key does in the widget that it reaches, and above; then do the next."""
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                await _go_up(reached, 1)  # the key itself, as far as nothing handles it
                await _go_up(reached, 2)  # messages, and those with which they are answered
        except TimeoutError:
            pass
        finally:  # else no key would be handled any more
            if self._typed_ahead:
                self._next = self._typed_ahead.popleft()
                self.post_message(self._next)
            else:
                self._next = self._effect = None


async def _go_up(first: DOMNode, times: int) -> None:
    """Wait until each widget from here up to the app has handled its messages."""
    for node in first.ancestors_with_self:
        for _ in range(times):
            handled = asyncio.Event()
            if node.call_later(handled.set):  # else it was removed
                await handled.wait()
