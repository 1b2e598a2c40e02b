"""The command palette's share of ours: every key of the screen, by what it does."""

from collections.abc import Iterator

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode
from textual.types import IgnoreReturnCallbackType

from .widgets.key_footer import own_bindings


class KeyCommands(Provider):
    """All keys that do something on the screen beneath the palette."""

    async def discover(self) -> Hits:
        """Everything, before a word is typed."""
        for words, key, run in self._commands():
            yield DiscoveryHit(words, run, help=f"key: {key}")

    async def search(self, query: str) -> Hits:
        """What matches the words typed."""
        matcher = self.matcher(query)
        for words, key, run in self._commands():
            if (score := matcher.match(words)) > 0:
                yield Hit(score, matcher.highlight(words), run, help=f"key: {key}")

    def _commands(self) -> Iterator[tuple[str, str, IgnoreReturnCallbackType]]:
        found: dict[str, tuple[Binding, DOMNode]] = {}
        for active in self.screen.active_bindings.values():
            own = {binding.action for binding in own_bindings(active.node)}
            is_shown = active.node is not self.app or active.binding.show
            if active.enabled and active.binding.action in own and is_shown:
                found.setdefault(active.binding.description, (active.binding, active.node))
        for binding in own_bindings(self.app):  # not active while the palette takes the letters
            if binding.show:
                found.setdefault(binding.description, (binding, self.app))
        found.pop("", None)
        for words, (binding, node) in found.items():
            yield words, self.app.get_key_display(binding), _runner(binding, node)


def _runner(binding: Binding, node: DOMNode) -> IgnoreReturnCallbackType:
    async def run() -> None:
        await node.app.run_action(binding.action, node)

    return run
