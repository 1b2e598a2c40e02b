"""The keys of the current screen as commands in the command palette."""

from collections.abc import Iterator
from functools import partial

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode
from textual.types import IgnoreReturnCallbackType

from .widgets.key_footer import own_bindings


class KeyCommands(Provider):
    """All keys that are enabled on the screen below the palette."""

    async def discover(self) -> Hits:
        """Yield all commands, before anything is typed."""
        for title, key, run in self._commands():
            yield DiscoveryHit(title, run, help=f"key: {key}")

    async def search(self, query: str) -> Hits:
        """Yield the commands that match a query."""
        matcher = self.matcher(query)
        for title, key, run in self._commands():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run, help=f"key: {key}")

    def _commands(self) -> Iterator[tuple[str, str, IgnoreReturnCallbackType]]:
        found: dict[str, tuple[Binding, DOMNode]] = {}
        for active in self.screen.active_bindings.values():
            own = {binding.action for binding in own_bindings(active.node)}
            is_shown = active.node is not self.app or active.binding.show
            if active.enabled and active.binding.action in own and is_shown:
                found.setdefault(active.binding.description, (active.binding, active.node))
        for binding in own_bindings(self.app):  # disabled while the palette takes the letters
            if binding.show:
                found.setdefault(binding.description, (binding, self.app))
        found.pop("", None)
        for title, (binding, node) in found.items():
            run = partial(self.app.run_action, binding.action, node)
            yield title, self.app.get_key_display(binding), run
