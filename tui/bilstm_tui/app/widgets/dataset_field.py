"""The form's field for the data: built-in sets, paths that were chosen before, or another path."""

import asyncio
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.message import Message
from textual.widgets import OptionList, Select

from bilstm_core.config.schema import BUILT_IN

from ..path_completion import existing
from ..textual_internals import SelectCurrent
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
        super().__init__(_options_for(value, []), value, id=id)
        self._recent = recent
        self._chosen = value

    def choose(self, value: str) -> None:
        """Choose a data set by name, or a path."""
        if value != self.value:
            with self.prevent(Select.Changed):  # it chooses the first option
                self.set_options(_options_for(value, []))
            self.value = value

    def watch_value(self, value: str) -> None:
        """Show only the name of a file while the list is closed."""
        for current in self.query(SelectCurrent):
            current.update(Text(Path(value).name))

    @on(Select.Changed)
    def _ask_for_path(self, event: Select.Changed) -> None:
        if event.value != _OTHER:
            self._chosen = str(event.value)
            return
        event.stop()
        with self.prevent(Select.Changed):
            self.value = self._chosen
        self.post_message(self.PathWanted())

    def watch_expanded(self, expanded: bool) -> None:
        """List the paths at which there still is something when the list is opened."""
        super().watch_expanded(expanded)
        if expanded:
            self._list_recent()

    @work(exclusive=True)
    async def _list_recent(self) -> None:
        """Look for the paths; where that takes long, the user has moved on in the list or left."""
        recent = await asyncio.to_thread(existing, self._recent)
        value, matches = str(self.value), self.query_one(OptionList)
        options = _options_for(value, recent)
        if not self.expanded or self.listed == [value for _, value in options]:
            return
        marked = value if matches.highlighted is None else self.listed[matches.highlighted]
        with self.prevent(Select.Changed):
            self.set_options(options)
            self.value = value
        if marked not in self.listed:  # a path that is gone
            marked = value
        matches.highlighted = self.listed.index(marked)

    @property
    def steps(self) -> list[str]:
        """The data sets and paths, without the line that asks for another path."""
        return [value for value in self.listed if value != _OTHER]


def _options_for(chosen: str, recent: list[str]) -> list[tuple[Text, str]]:
    """The text and the value of each option."""
    paths = [path for path in (chosen, *recent) if path not in BUILT_IN]
    texts = {name: name for name in BUILT_IN}
    texts |= {path: f"{Path(path).name}  in {_folder(path)}" for path in paths}
    texts[_OTHER] = "a file or folder …"
    return [(Text(text), value) for value, text in texts.items()]


def _folder(path: str) -> str:
    """The folder of a path, with ~ for the home folder."""
    folder, home = Path(path).parent, Path("~").expanduser()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)
