"""Rows of cells in text: which character separates them, and whether the first row is names."""

import csv
import re
from collections.abc import Sequence

MISSING = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "null", "none"})
"""What stands for a missing value, in lower case."""
AS_MISSING = "Correct the cell; a missing value is an empty cell, or ?, NA, NaN, null or none."
MISSING_LABELS = frozenset({"", "?", "nan", "NaN", "NAN", "Nan"})
"""What is no label; a class may well be called None."""

_SEPARATORS = ("\t", ";", "|", ",")
"""In the order of preference: with a semicolon, commas are decimal points."""
_SAMPLE_ROWS = 50


def separator_of(lines: Sequence[str]) -> str:
    """What separates the cells of lines: one character, or '' for spaces of any number.

    It is the one that cuts most lines into the same number of cells, and then into most cells.
    """

    def score(separator: str) -> tuple[bool, int]:
        counts = [len(row) for row in rows_of(lines, separator)]
        return counts[0] > 1 and max(counts) == min(counts), counts[0]

    best = max(_SEPARATORS, key=score)
    return best if score(best)[1] > 1 else ""


def rows_of(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The cells of each line that is not blank."""
    if not separator:
        return [line.split() for line in lines if line.strip()]
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:  # a cell of more than 128 KiB
        rows = []
    return rows or [[""]]


def is_number(cell: str) -> bool:
    """Whether a cell is a number or stands for a missing one."""
    cell = cell.strip()
    if cell.lower() in MISSING:
        return bool(cell)
    try:
        float(cell.replace(",", ".", 1))
    except ValueError:
        return False
    return "_" not in cell


def starts_with_values(cells: Sequence[str]) -> bool:
    """Whether a first row is a label and values, as in UCR files, rather than names of columns.

    Names may be numbers too: pandas calls columns 0, 1, 2 and so on.
    """
    return len(cells) > 1 and all(map(is_number, cells[1:])) and not _counts(cells)


def looks_like_values(cells: Sequence[str]) -> bool:
    """Whether a row is mostly numbers, so that it can hardly be names."""
    numbers = sum(map(is_number, cells))
    return numbers > len(cells) / 2 and len(cells) > 1 and not _counts(cells)


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2 and so on, except for words, which may stand on either side."""
    digits = [cell for cell in cells if re.fullmatch(r"\d{1,9}", cell)]
    has_words = any(not is_number(cell) for cell in cells)
    return (
        len(digits) > 1
        and int(digits[0]) <= has_words
        and [*map(int, digits)] == [*range(int(digits[0]), int(digits[0]) + len(digits))]
        and sum(map(is_number, cells)) == len(digits)
    )


def first_lines(text: str, *, is_whole: bool) -> list[str]:
    """The first lines of a text that are not blank, without a cell that is cut off."""
    lines = text.split("\n")
    if not is_whole:  # of a single line, the last cell
        lines = lines[:-1] or [re.sub(r"[\t;|, ][^\t;|, ]*\Z", "", lines[0])]
    return [line for line in lines if line.strip()][:_SAMPLE_ROWS]
