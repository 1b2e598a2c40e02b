"""Tabs that stay where they were put."""

from textual import on
from textual.widgets import TabbedContent, TabPane


class SteadyTabs(TabbedContent):
    """Tabs that the focus does not switch.

    A widget that gets the focus has Textual switch to its tab, with a message. Where the next key
    has switched the tab before that message is handled, the tab would jump back.
    """

    @on(TabPane.Focused)
    def _stay(self, event: TabPane.Focused) -> None:
        event.prevent_default()
        event.stop()
