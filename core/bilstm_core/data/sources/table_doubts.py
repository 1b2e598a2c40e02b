"""What may be wrong with the columns of a table that were found by their names and types."""

import re
from collections.abc import Iterator

import numpy as np

from .columns import TableOptions
from .limits import named, set_to, shown
from .table_files import Table

_NUMBERED = re.compile(r"(?P<name>.*?)[-_. ]?(?P<number>\d+)")
_LEAST_SEQUENCES = 3


def doubts(
    table: Table, roles: TableOptions, chosen: TableOptions, *, is_long: bool
) -> Iterator[str]:
    """What may be wrong, one sentence or two each; nothing of columns that the user chose.

    Args:
        table: The training part.
        roles: What its columns are for.
        chosen: What the user said of them.
        is_long: Whether a row is a step.
    """
    if chosen.features:
        return
    if not is_long:
        yield from _of_features_beside_one_another(roles)
    elif roles.id_column and not (roles.time_column or chosen.time_column):
        yield from _of_times(table, roles)


def _of_times(table: Table, roles: TableOptions) -> Iterator[str]:
    """Columns that rise from row to row by one amount, in each sequence: as times do."""
    ids = table.frame[roles.id_column]
    is_within = (ids == ids.shift()).fill_null(value=False).to_numpy()[1:]
    if ids.n_unique() < _LEAST_SEQUENCES or not is_within.any():
        return
    for name in roles.features:
        rises = np.diff(table.columns[name].values)[is_within]
        if rises[0] > 0 and np.allclose(rises, rises[0], rtol=1e-3, atol=0):
            yield (
                f"The column {shown(name)} rises evenly in each sequence, and is used as a value. "
                f"If it is the time, set {set_to('time_column', name)}."
            )


def _of_features_beside_one_another(roles: TableOptions) -> Iterator[str]:
    """Columns such as x1, x2, y1, y2: perhaps two features of two steps, read as four steps."""
    numbers: dict[str, list[str]] = {}
    for name in roles.features:
        match = _NUMBERED.fullmatch(name)
        if not match:
            return
        numbers.setdefault(match["name"], []).append(match["number"])
    first, *others = numbers.values()
    if others and len(first) > 1 and all(other == first for other in others):
        yield (
            f"The columns were read as {len(roles.features):,} steps of one feature. If they are "
            f"{len(first):,} steps of {named('feature', [*numbers])}, write a row a step, or save "
            "an array of shape (N, T, features)."
        )
