"""Tables as CSV that a spreadsheet reads as it is meant."""

import csv
import io
from collections.abc import Iterable, Sequence

from ..cleaning import escape

_STARTS_OF_FORMULAS = ("=", "+", "-", "@")

Cell = str | int | float | bool | None
"""A value of a table; None is an empty cell."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table as CSV, with a line for the names of its columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_shown, header))
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    return text.getvalue()


def _shown(cell: Cell) -> str | int | float | None:
    """A cell as it is written: text that a spreadsheet would compute gets a quote before it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if not isinstance(cell, str):
        return cell
    text = escape(cell, kept="")
    return f"'{text}" if text.startswith(_STARTS_OF_FORMULAS) else text
