"""Whether each row of a table is a step or a sequence; asked for where that is in doubt."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ConfigError
from .columns import NO_COLUMN, TableOptions
from .limits import listed, set_to, shown
from .table_files import Column, Table

if TYPE_CHECKING:
    import polars as pl

_DOUBT = "A row may be a step or a sequence"


def rows_are_steps(table: Table, roles: TableOptions, chosen: TableOptions) -> bool:
    """Whether the rows are steps although no id repeats: sequences of one step each.

    Args:
        table: The training part.
        roles: What its columns are for.
        chosen: What the user said of them.

    Raises:
        ConfigError: They may be either, or the label may be another column.
    """
    if roles.id_column:
        return _has_times(table, roles, chosen)
    if chosen.id_column != NO_COLUMN:
        _refuse_ids_as_labels(table, roles, chosen)
        _refuse_unused_ids(table, roles)
    return False


def _has_times(table: Table, roles: TableOptions, chosen: TableOptions) -> bool:
    time = roles.time_column
    if not time:
        return False
    if chosen.time_column or len(roles.features) == 1:  # of one value, both are the same
        return True
    raise ConfigError(
        f"Is a row of {table.path} a step, or a sequence? No {shown(roles.id_column)} occurs "
        f"twice, and {shown(time)} may be the time of a step, or that of a whole sequence.",
        f"If each row is a step, set {set_to('time_column', time)}; if each row is a sequence, set "
        f"time_column = {NO_COLUMN}.",
        title=_DOUBT,
        problems={"time_column": _either(time)},
    )


def _refuse_unused_ids(table: Table, roles: TableOptions) -> None:
    """Ask where a column has the same value in several rows, and all of them the same label."""
    label = _cells(table, roles.label_column)
    columns = [column for column in _others(table, roles) if _are_ids(column, table, label)]
    if not columns:
        return
    likely = max(columns, key=lambda column: _cells(table, column.name).n_unique()).name
    raise ConfigError(
        f"Is a row of {table.path} a step, or a sequence? Each {shown(likely)} stands in several "
        f"rows with the same {shown(roles.label_column)}, so it may tell which sequence a row "
        "belongs to.",
        f"If each row is a step, set {set_to('id_column', likely)}; if each row is a sequence, set "
        f"id_column = {NO_COLUMN}.",
        _columns_of(table),
        title=_DOUBT,
        problems={"id_column": _either(likely)},
    )


def _refuse_ids_as_labels(table: Table, roles: TableOptions, chosen: TableOptions) -> None:
    """Ask where the only column of words has ids, and a column of numbers their labels."""
    words = roles.label_column
    if chosen.label_column or table.columns[words].kind != "text":
        return
    ids = _cells(table, words)
    for column in _others(table, roles):
        labels = _cells(table, column.name)
        is_whole = column.kind == "whole number"
        if is_whole and labels.n_unique() > 1 and _determines(ids, labels):
            raise ConfigError(
                f"Which column of {table.path} holds the label? {shown(column.name)} is the same "
                f"in all rows with the same {shown(words)}, so that may be the id.",
                f"Set {set_to('label_column', column.name)} and {set_to('id_column', words)}; or "
                f"set {set_to('label_column', words)}.",
                _columns_of(table),
                title="A column has to be chosen",
                problems={
                    "label_column": f"Is it {shown(column.name)} or {shown(words)}?",
                    "id_column": f"Is it {shown(words)}?",
                },
            )


def _either(name: str) -> str:
    """What is asked of a setting that says what a row is."""
    return f"Set it to {shown(name)} if each row is a step, to {NO_COLUMN} if each is a sequence."


def _others(table: Table, roles: TableOptions) -> Iterator[Column]:
    """The columns that have no role, or hold values."""
    taken = {roles.time_column, roles.label_column, roles.group_column}
    for column in table.columns.values():
        if column.name not in taken and not column.described.is_index:
            yield column


def _are_ids(column: Column, table: Table, label: "pl.Series") -> bool:
    """Whether a column may hold ids; numbers do where each stands in one block of rows."""
    cells = _cells(table, column.name)
    if column.kind == "whole number":
        blocks = np.bincount(cells.rle_id().to_numpy())  # rows of each
        if not 1 < len(blocks) <= len(cells) / 2 or blocks.min() < 2:
            return False
        return len(blocks) == cells.n_unique() and _determines(cells, label)
    return column.kind == "text" and _determines(cells, label)


def _determines(ids: "pl.Series", label: "pl.Series") -> bool:
    """Whether ids repeat, and rows with an id have one label, of which there are fewer."""
    import polars as pl

    if not label.n_unique() < ids.n_unique() <= len(ids) / 2:
        return False
    rows = pl.DataFrame({"id": ids, "label": label})
    return rows.unique().height == ids.n_unique()


def _cells(table: Table, name: str) -> "pl.Series":
    import polars as pl

    return table.frame[name].cast(pl.String)


def _columns_of(table: Table) -> str:
    return f"The columns are {listed([str(it.described) for it in table.columns.values()])}."
