"""The form's field for the data: built-in sets, paths that were chosen before, or another path."""

import asyncio
from pathlib import Path

from textual import work
from textual.message import Message

from bilstm_core.config.schema import BUILT_IN

from ..path_completion import existing
from .choice_field import ChoiceField

_OTHER = ""  # neither a name nor a path


class DatasetField(ChoiceField):
    """A list of data sets; its last line asks for a path.

    Args:
        recent: Paths that were chosen before, newest first.
    """

    class PathWanted(Message):
        """Posted when the user wants to choose a file or folder."""

    def __init__(self, value: str, recent: list[str], *, id: str) -> None:  # noqa: A002
        super().__init__(_choices_for(value, []), value, id=id)
        self._recent = recent

    @property
    def text(self) -> str:
        """Only the name of a file."""
        return Path(self.value).name

    @property
    def steps(self) -> list[str]:
        """The data sets and paths, without the line that asks for another path."""
        return [value for value in self.listed if value != _OTHER]

    def choose(self, value: str) -> None:
        """Choose a data set by name, or a path."""
        if value not in self.listed:
            self.show(_choices_for(value, []), self.value)
        super().choose(value)

    def pick(self, value: str) -> None:
        """Take a data set, or ask for a path."""
        if value == _OTHER:
            self.post_message(self.PathWanted())
        else:
            super().pick(value)

    def action_open(self) -> None:
        """List the paths at which there still is something when the list is opened."""
        super().action_open()
        self._list_recent()

    @work(exclusive=True)
    async def _list_recent(self) -> None:
        """Look for the paths; where that takes long, the user has moved on in the list or left."""
        recent = await asyncio.to_thread(existing, self._recent)
        choices = _choices_for(self.value, recent)
        if self.is_open and self.listed != [value for _, value in choices]:
            self.show(choices, self.value)


def _choices_for(chosen: str, recent: list[str]) -> list[tuple[str, str]]:
    """The text and the value of each choice."""
    paths = [path for path in (chosen, *recent) if path not in BUILT_IN]
    texts = {name: name for name in BUILT_IN}
    texts |= {path: f"{Path(path).name}  in {_folder(path)}" for path in paths}
    texts[_OTHER] = "a file or folder …"
    return [(text, value) for value, text in texts.items()]


def _folder(path: str) -> str:
    """The folder of a path, with ~ for the home folder."""
    folder, home = Path(path).parent, Path("~").expanduser()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)
