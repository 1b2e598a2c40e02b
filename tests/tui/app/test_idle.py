"""The pilot returns when everything that follows from a key is done."""

import asyncio

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widgets import Static

from tests.tui.driving import text

LENGTH = 50


class Chain(App[None]):
    """A key begins a chain of messages, whose last is drawn, then noted, then drawn again."""

    class Link(Message):
        def __init__(self, left: int) -> None:
            super().__init__()
            self.left = left

    def compose(self) -> ComposeResult:
        yield Static("waiting", markup=False)

    def key_a(self) -> None:
        self.post_message(self.Link(LENGTH))

    async def on_chain_link(self, link: Link) -> None:
        if link.left:
            await asyncio.sleep(0)
            self.query_one(Static).post_message(self.Link(link.left - 1))
            return
        self.query_one(Static).update("the last")
        self.call_after_refresh(self.run_worker, self.note())

    async def note(self) -> None:
        await self.mount(Static("noted", markup=False))
        self.screen.query_one(Static).update("drawn")


def test_a_chain_of_messages_is_over_and_drawn_when_a_key_returns() -> None:
    async def main() -> None:
        app = Chain()
        async with app.run_test(size=(20, 4)) as pilot:
            await pilot.press("a")
            assert text(app).split() == ["drawn", "noted"]

    asyncio.run(main())
