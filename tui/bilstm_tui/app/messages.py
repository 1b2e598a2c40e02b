"""Messages in a corner of the screen."""

import time
from typing import Any, TypeVar

from textual.app import App

from ..text.console import sanitize

T = TypeVar("T")


class MessagesApp(App[T]):
    """An app that shows messages as plain text, and none twice at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._said_until: dict[str, float] = {}

    def notify(self, message: str, **options: Any) -> None:
        """Show a message for a while."""
        now = time.monotonic()
        self._said_until = {it: until for it, until in self._said_until.items() if now < until}
        if message in self._said_until:
            return
        self._said_until[message] = now + (options.get("timeout") or self.NOTIFICATION_TIMEOUT)
        super().notify(sanitize(message), **{**options, "markup": False})

    def clear_notifications(self) -> None:
        """Remove all messages, which may be shown again at once."""
        self._said_until.clear()
        super().clear_notifications()
