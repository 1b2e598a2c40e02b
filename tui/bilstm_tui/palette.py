"""The command palette's share of ours: every key of the screen, by what it does."""

from collections.abc import Iterator

from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType


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
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            words = active.binding.description
            if words and active.enabled and words not in seen:
                seen.add(words)
                yield words, self.app.get_key_display(active.binding), _runner(active)


def _runner(active: ActiveBinding) -> IgnoreReturnCallbackType:
    async def run() -> None:
        app = active.node.app
        await app.run_action(active.binding.action, active.node)

    return run
