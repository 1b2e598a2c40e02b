"""Tables (.csv, .tsv, .parquet): one row a time step, or one row a sequence."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ...wording import counted
from .columns import NO_COLUMN, TableOptions, find_roles, require_columns
from .limits import listed, named, require_size, shown, unreadable
from .recordings import Read, Recordings, label_text
from .series_text import without_padding
from .table_doubts import doubts
from .table_files import Table, load
from .table_rows import rows_are_steps

if TYPE_CHECKING:
    import polars as pl

_USED_AGAIN = (
    "If several sequences have the same id, as where those of each person are counted from 1, give "
    "each an id of its own."
)
_ONE_LABEL = "A sequence has one label: split it where that changes, into sequences of other ids."
_CERTAIN_TIMES = "Write dates as 2024-02-01 or 2024-02-01 10:15:30, or write numbers."


def read_tables(
    train: Path, test: Path | None, options: TableOptions, *, needs_labels: bool
) -> Read:
    """Read a table, or one for training and one for testing with the same columns.

    Where ids repeat, or a column is chosen as the time, each row is a step. Otherwise each row is a
    sequence, and missing values at its end mean that it is shorter. Without `needs_labels`, labels
    may be missing; they are empty.

    Raises:
        ConfigError: An option names no column, or has to be set: also where it is in doubt
            whether a row is a step; or the order of the times that one names is not certain.
        DataError: A table cannot be read; the message names line and column.
    """
    table = load(train)
    described = [column.described for column in table.columns.values()]
    if not needs_labels and (lost := [it for it in options.features if it not in table.columns]):
        raise unreadable(train, f"it has no {named('column', lost)}, which the network reads")
    roles, unused = find_roles(train, described, options, needs_labels=needs_labels)
    tables = [table]
    if test:
        tables.append(load(test))
        require_columns(test, tables[1].columns, roles, train)
    is_chosen = bool(options.time_column)
    parts = [
        _Part(table, roles, needs_labels=needs_labels, is_time_chosen=is_chosen) for table in tables
    ]
    is_long = roles.is_long
    if is_long is None:
        is_long = any(part.has_repeated_ids for part in parts)
    if roles.is_long is None and needs_labels and not is_long:
        is_long = rows_are_steps(tables[0], roles, options)
    found = [part.read(is_long=is_long) for part in parts]
    notes = [_in_words(roles, is_long=is_long)]
    if unused:
        notes.append(f"Columns that are not used: {listed(unused)}.")
    warnings: list[str] = []
    warnings += doubts(table, roles, options, is_long=is_long)
    for part in parts:
        notes += [note for note in part.notes if note not in notes]
        warnings += [warning for warning in part.warnings if warning not in warnings]
    kind = "table with a row a step" if is_long else "table with a row a sequence"
    own_test = found[1] if test else None
    return Read(kind, "series", found[0], own_test, tuple(notes), tuple(warnings))


def _in_words(roles: TableOptions, *, is_long: bool) -> str:
    named = {
        "id": roles.id_column,
        "time": roles.time_column if is_long else "",
        "label": roles.label_column,
        "group": roles.group_column,
        "values" if is_long else "steps": listed([*roles.features], 6),
    }
    return f"Columns: {', '.join(f'{role} = {name}' for role, name in named.items() if name)}."


class _Part:
    """The sequences of a table whose columns are known.

    Attributes:
        table: The table.
        notes: What the user should know.
        warnings: What may be wrong.
    """

    def __init__(
        self, table: Table, roles: TableOptions, *, needs_labels: bool, is_time_chosen: bool
    ) -> None:
        self.table, self._roles, self._needs_labels = table, roles, needs_labels
        self._is_time_chosen = is_time_chosen
        self._columns, self._rows = table.columns, np.arange(table.frame.height)
        self.notes, self.warnings = [*table.notes], list[str]()
        self._ids, self._first = None, self._rows
        if roles.id_column:
            self._ids = self._columns[roles.id_column].require_texts()
            self._first = _first_rows(self._ids)  # for each row, the first one with its id
        elif roles.is_long:
            self._first = np.zeros_like(self._rows)  # one sequence

    @property
    def has_repeated_ids(self) -> bool:
        """Whether there are several rows with an id."""
        return bool((self._first != self._rows).any())

    def read(self, *, is_long: bool) -> Recordings:
        """Read the sequences, in the order in which they start in the file."""
        roles, values = self._roles, self._values()
        first = self._first if is_long else self._rows
        starts = np.flatnonzero(first == self._rows)
        sequences = self._steps(values) if is_long else self._whole_rows(values)
        return Recordings(
            sequences,
            labels=self._constant(roles.label_column, "label", first, starts),
            ids=[self._id(row) for row in starts.tolist()],
            groups=self._constant(roles.group_column, "group", first, starts),
            feature_names=roles.features if is_long else (),
            columns=() if is_long else roles.features,
        )

    def _id(self, row: int) -> str:
        """What the sequence of a row is called; without a column, the number of the row.

        Where all rows are one sequence, it is called as its file is.
        """
        if self._ids is not None:
            return self._ids[row]
        return self.table.path.name if self._roles.is_long else f"{row + 1}"

    def _values(self) -> NDArray[np.float32]:
        """All values, shape (rows, features)."""
        names = self._roles.features
        require_size(self.table.path, values=len(self._rows) * len(names))
        values = np.empty((len(self._rows), len(names)), np.float32)
        for index, name in enumerate(names):
            values[:, index] = self._columns[name].require_numbers()
        if commas := [name for name in names if self._columns[name].has_commas]:
            self.notes.append(f"Commas were read as decimal points: {listed(commas, 6)}.")
        return values

    def _whole_rows(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        sequences = [without_padding(row[:, None]) for row in values]
        if empty := [row for row, sequence in enumerate(sequences) if not len(sequence)]:
            raise self.table.error("the sequence has no values", empty[0])
        return sequences

    def _steps(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        order = self._order()
        starts = np.flatnonzero(np.diff(self._first[order], prepend=-1))
        require_size(self.table.path, steps=int(np.diff(starts, append=len(order)).max()))
        return np.split(values[order], starts[1:])

    def _order(self) -> NDArray[np.intp]:
        """The rows by sequence, and those of a sequence by time."""
        name = self._roles.time_column
        times = self._columns[name].times() if name else None
        if times is None:
            self._warn_of_order()
            return np.argsort(self._first, kind="stable")
        order = np.lexsort((times, self._first))
        is_twice = (np.diff(self._first[order]) == 0) & (np.diff(times[order]) == 0)
        if is_twice.any():
            row = int(order[is_twice.argmax() + 1])
            time = shown(self.table.frame[name][row])
            problem = f"the time {time} occurs twice in sequence {shown(self._id(row))}"
            raise self.table.error(
                problem,
                row,
                name,
                _USED_AGAIN,
                "If the row is there twice, remove one of them.",
                f"If the rows stand in the right order, set time_column = {NO_COLUMN}.",
            )
        return order

    def _warn_of_order(self) -> None:
        """Say where rows keep the order of the file, and that may be another one.

        Raises:
            ConfigError: There are times, which the user chose, and their order is not certain.
        """
        if name := self._roles.time_column:
            cell = shown(self.table.frame[name][0])
            problem = (
                f"The order of the times in column {shown(name)}, such as {cell}, is uncertain"
            )
            if self._is_time_chosen:
                raise ConfigError(
                    f"{problem} ({self.table.path}).",
                    _CERTAIN_TIMES,
                    f"If the rows stand in the right order, set time_column = {NO_COLUMN}.",
                    title="The order of the times is not certain",
                    problems={"time_column": f"{problem}."},
                )
            self.warnings.append(
                f"{problem}: rows stay as they stand in the file. {_CERTAIN_TIMES}"
            )
            return
        starts = np.flatnonzero(np.diff(self._first, prepend=-1))
        again = starts[self._first[starts] != starts]
        if len(again):
            count = len(np.unique(self._first[again]))
            self.warnings.append(
                f"The rows of {counted(count, 'sequence')} do not stand together, such as those of "
                f"{shown(self._id(int(again[0])))}, and were joined in the order of the file. A "
                f"column of times would make that certain. {_USED_AGAIN}"
            )

    def _constant(
        self, name: str, what: str, first: NDArray[np.intp], starts: NDArray[np.intp]
    ) -> list[str] | None:
        """The label or group of each sequence, which all its rows repeat; None without a column."""
        if not name:
            return None
        texts = self._columns[name].require_texts(may_be_empty=not self._needs_labels)
        distinct = texts.unique().to_list()
        texts = texts.replace(distinct, [*map(label_text, distinct)])  # 1 and 1.0 are equal
        codes = _first_rows(texts)
        changed = np.flatnonzero(codes != codes[first])
        if len(changed):
            row = int(changed[0])
            problem = (
                f"the {what} of sequence {shown(self._id(row))} changes from "
                f"{shown(texts[int(first[row])])} to {shown(texts[row])}"
            )
            rows = f"If each row is a sequence, set id_column = {NO_COLUMN}."
            advice = [_USED_AGAIN, rows] if self._roles.id_column else []
            if what == "label" and advice:
                advice.append(_ONE_LABEL)
            raise self.table.error(problem, row, name, *advice)
        return texts.gather(starts).to_list()


def _first_rows(texts: "pl.Series") -> NDArray[np.intp]:
    """For each row, the first row with the same text."""
    import polars as pl

    rows = texts.to_frame("text").with_row_index("row")
    return rows.select(pl.col("row").min().over("text")).to_series().to_numpy()
