"""What the columns of a table are for: found by their names and types, or asked for."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...config.resolve import did_you_mean
from ...errors import ConfigError
from .limits import listed, named, shown, unreadable

Kind = Literal["whole number", "number", "text", "true/false", "date", "empty", "nested"]

_NUMBERS: tuple[Kind, ...] = ("whole number", "number", "true/false")

_KNOWN = {
    "id_column": "id sequence series sample recording trial sequenceid seriesid sampleid "
    "recordingid trialid seqid",
    "time_column": "time timestamp datetime step timestep",
    "label_column": "label labels class classlabel target category",
    "group_column": "group groupid subject subjectid person personid patient patientid "
    "participant participantid speaker user userid",
}
"""Names that leave no doubt, in lower case and without spaces, hyphens and underscores."""
NO_COLUMN = "-"
"""As the id, time or group column: there is none, whatever the columns are called."""
_NO_TIME = f"If each row is a sequence, set time_column = {NO_COLUMN}."
_WEAK = {"time_column": "t", "label_column": "y"}
"""Names that do where there is no other."""
_FEW = 6  # columns that are named beside a setting
_MEANINGS = {
    "id_column": "tells which sequence a row belongs to",
    "time_column": "holds the time",
    "label_column": "holds the label",
    "group_column": "holds the group",
}


@dataclass(frozen=True)
class TableOptions:
    """What the user says of a table's columns; what is empty is found out.

    Attributes:
        id_column: Tells which sequence a row belongs to.
        time_column: The rows of a sequence are put in its order.
        label_column: The class, the same in all rows of a sequence.
        group_column: Sequences of the same group never stand in two splits.
        features: The columns with values, in this order.
        is_long: Whether each row is a step, also where no id repeats, and all rows are one sequence
            where there is no id; False: each row is a sequence, also where ids repeat; None: found
            out.
    """

    id_column: str = ""
    time_column: str = ""
    label_column: str = ""
    group_column: str = ""
    features: tuple[str, ...] = ()
    is_long: bool | None = None


@dataclass(frozen=True)
class Described:
    """A column: its name, what is in most of its cells, and whether it only counts the rows."""

    name: str
    kind: Kind
    is_index: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


def find_roles(
    path: Path, columns: Sequence[Described], options: TableOptions, *, needs_labels: bool
) -> tuple[TableOptions, list[str]]:
    """Find out what each column is for.

    Returns:
        The options with everything filled in; the id stays empty where each row is a sequence
        without a name, time and group where there are none. And the columns that are not used.

    Raises:
        ConfigError: An option names no column, or something has to be chosen.
        DataError: There are no numbers.
    """
    return _Search(path, columns, options).run(needs_labels=needs_labels)


class _Search:
    """The columns of a table, with those that have a role already."""

    def __init__(self, path: Path, columns: Sequence[Described], options: TableOptions) -> None:
        self._path, self._columns, self._options = path, columns, options
        self._names = dict.fromkeys(column.name for column in columns)
        self._taken: set[str] = set()
        self._left_out: set[str] = set()  # taken, but for no role: one may still be chosen

    def run(self, *, needs_labels: bool) -> tuple[TableOptions, list[str]]:
        """See `find_roles`."""
        has_label = needs_labels or self._options.label_column in {"", *self._names}
        self._options = options = self._completed(needs_labels=needs_labels)
        for setting in _KNOWN:
            self._take_named(setting, getattr(options, setting))
        for name in options.features:
            self._take_named("features", name)
        label = options.label_column
        if has_label:
            label = label or self._by_name("label_column")
        identity, time, group = map(self._optional, ("id_column", "time_column", "group_column"))
        if has_label:
            label = label or self._by_type()
        if needs_labels and time and not (identity or options.features or options.is_long):
            raise self._ask("id_column", f"{shown(time)} says that each row is one step", _NO_TIME)
        if not label and needs_labels:
            raise self._ask("label_column", "no name or type tells which it is")
        rest = [column for column in self._columns if column.name not in self._taken]
        features = options.features or tuple(
            column.name for column in rest if column.kind in _NUMBERS and not column.is_index
        )
        if not features:
            columns = listed([*map(str, self._columns)])
            raise unreadable(
                self._path,
                f"no column is left for values among {columns}",
                "Values stand in columns of numbers; `features` names them.",
            )
        used = {*features, identity, time, label, group}
        unused = [column.name for column in self._columns if column.name not in used]
        is_long = options.is_long
        if not needs_labels and is_long is None and not identity:
            is_long = bool(time) or len(features) == 1  # one sequence to predict
        return TableOptions(identity, time, label, group, features, is_long), unused

    def _completed(self, *, needs_labels: bool) -> TableOptions:
        """The options with what follows from them."""
        options = self._options
        if needs_labels:
            is_wide = options.id_column == NO_COLUMN and not options.time_column
            return replace(options, time_column=NO_COLUMN) if is_wide else options
        # what only training needs does not have to be there
        optional, present = ("label_column", "group_column", "id_column"), {*self._names, NO_COLUMN}
        absent = [it for it in optional if getattr(options, it) not in present]
        return replace(options, **dict.fromkeys(absent, ""))

    def _optional(self, setting: str) -> str:
        """The column of a role; empty where there is none, or none is to have the role.

        One that has a name for it is no value then either: a number of a subject, or a time.
        """
        chosen = getattr(self._options, setting)
        if chosen == NO_COLUMN:
            known = _KNOWN[setting].split()
            left_out = {name for name in self._names if _plain(name) in known} - self._taken
            self._left_out |= left_out
            self._taken |= left_out
            return ""
        return chosen or self._by_name(setting)

    def _take_named(self, setting: str, name: str) -> None:
        """Take the column that a setting names."""
        if name in {"", NO_COLUMN}:
            return
        if name not in self._names:
            near = did_you_mean(name, self._names)
            raise self._wrong(setting, f"names {shown(name)}, which is no column.{near}")
        if name in self._taken:
            raise self._wrong(setting, f"names {shown(name)}, which is named twice.")
        self._taken.add(name)

    def _by_name(self, setting: str) -> str:
        """The column that has one of the known names; empty where none has."""
        free = {name: _plain(name) for name in self._names if name not in self._taken}
        known = _KNOWN[setting].split()
        found = [name for name, plain in free.items() if plain in known]
        is_coordinate = setting == "label_column" and {"x", "z"}.intersection(free.values())
        if not found and not is_coordinate:
            found = [name for name, plain in free.items() if plain == _WEAK.get(setting)]
        if len(found) > 1:
            raise self._ask(setting, f"several may: {listed(found)}", names=found)
        self._taken.update(found)
        return found[0] if found else ""

    def _by_type(self) -> str:
        """The only column of words, which is the label; empty where there are none or several."""
        words = [
            column.name
            for column in self._columns
            if column.kind == "text" and column.name not in self._taken
        ]
        if len(words) != 1 or self._options.features == tuple(words):
            return ""
        self._taken.update(words)
        return words[0]

    def _ask(
        self, setting: str, reason: str, *advice: str, names: Collection[str] = ()
    ) -> ConfigError:
        taken = self._taken - self._left_out
        free = [column for column in self._columns if column.name not in taken]
        choices = [str(column) for column in free if not names or column.name in names]
        return ConfigError(
            f"Which column of {self._path} {_MEANINGS[setting]}? {reason[0].upper()}{reason[1:]}.",
            f"Set {setting} to one of them: {listed(choices)}.",
            *advice,
            title="A column has to be chosen",
            problems={setting: f"Which column {_MEANINGS[setting]}? {listed(choices, _FEW)}."},
        )

    def _wrong(self, setting: str, problem: str) -> ConfigError:
        columns = listed([*map(str, self._columns)])
        return ConfigError(
            f"{setting} {problem} The columns of {self._path} are {columns}.",
            title="The column does not exist",
            problems={setting: f"It {problem}"},
        )


def require_columns(path: Path, names: Collection[str], roles: TableOptions, train: Path) -> None:
    """Require the columns of the training part.

    Raises:
        DataError: One is missing.
    """
    needed = [roles.id_column, roles.time_column, roles.label_column, roles.group_column]
    missing = [name for name in (*needed, *roles.features) if name and name not in names]
    if missing:
        problem = f"it has no {named('column', missing)}, which {train.name} has"
        raise unreadable(path, problem, "Call the columns alike in both files.")


def is_time_name(name: str) -> bool:
    """Whether a column of this name holds the time."""
    return _plain(name) in {*_KNOWN["time_column"].split(), _WEAK["time_column"]}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()
