"""The cells of a table: text or Parquet, by column, with what is needed to name a wrong one."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...cleaning import escape
from ...errors import DataError
from ...wording import counted
from .columns import Described, Kind
from .content import read_text
from .delimited import (
    AS_MISSING,
    MISSING,
    MISSING_LABELS,
    first_lines,
    looks_like_values,
    separator_of,
)
from .limits import MOST_NAME, listed, require_size, shown, unreadable
from .parquet import read_parquet
from .recognition import BINARY_SUFFIXES, format_of

if TYPE_CHECKING:
    import polars as pl

_HEADER_LENGTH = 1 << 20
_DATE, _TIME_OF_DAY = r"^\d{4}-\d\d-\d\d", r"^\d\d:\d\d:\d\d(\.\d+)?$"
_INDEX_NAMES = {"column 1", "Unnamed: 0"}


@dataclass(frozen=True)
class Table:
    """A table and where its cells stand.

    Attributes:
        path: Its file.
        frame: The cells; those of a text file as they are written.
        content: The text of the file; empty for Parquet.
        separator: What stands between the cells of the text.
        notes: What the user should know.
    """

    path: Path
    frame: "pl.DataFrame"
    content: bytes = b""
    separator: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> "dict[str, Column]":
        """The columns by name."""
        return {cells.name: Column(self, cells) for cells in self.frame.iter_columns()}

    def error(self, problem: str, row: int, column: str | None = None, *advice: str) -> DataError:
        """The error for something wrong in a row, counted from 0."""
        if not self.content:
            return unreadable(self.path, f"{problem} (row {row + 1:,})", *advice, column=column)
        lines = _rows(self.path, self.content, self.separator)
        line = next(line for at, (line, _) in enumerate(lines, -1) if at == row)
        return unreadable(self.path, problem, *advice, line=line, column=column)


class Column:
    """A column of a table: as numbers, texts or times.

    Attributes:
        name: Its name.
        kind: What most of its cells hold.
        values: Shape (rows,), float32; NaN where a value is missing or wrong.
        wrong: Rows of the cells that are neither finite 32-bit numbers nor missing.
        has_commas: Whether commas were read as decimal points.
    """

    def __init__(self, table: Table, cells: "pl.Series") -> None:
        self._table, self._cells = table, cells
        self.name = cells.name
        numbers, self.wrong, self.has_commas = _numbers(cells, table.separator)
        self.kind = _kind(cells, numbers, len(self.wrong))
        is_index = self.name in _INDEX_NAMES and bool((np.diff(numbers) == 1).all())
        self.described = Described(self.name, self.kind, is_index)
        with np.errstate(over="ignore"):
            self.values = numbers.astype(np.float32)
        self.wrong = np.sort([*self.wrong, *np.flatnonzero(np.isinf(self.values))])

    def require_numbers(self) -> NDArray[np.float32]:
        """The values.

        Raises:
            DataError: A cell is wrong.
        """
        if self.kind in {"date", "nested"}:
            raise self._table.error(f"its cells are {self._cells.dtype!s:.80}", 0, self.name)
        if len(self.wrong):
            row = int(self.wrong[0])
            problem = f"{shown(self._cells[row])} is not a finite 32-bit number"
            raise self._table.error(problem, row, self.name, AS_MISSING)
        return self.values

    def require_texts(self, *, may_be_empty: bool = False) -> "pl.Series":
        """The cells as texts, such as names of classes.

        Raises:
            DataError: One is missing, and may not be empty.
        """
        import polars as pl

        is_whole = self._cells.dtype.is_float() and self.kind == "whole number"
        texts = self._cells.cast(pl.Int64, strict=False) if is_whole else self._cells
        if self.kind == "nested" or texts.dtype == pl.Duration:  # it has no text
            raise self._table.error(f"its cells are {texts.dtype!s:.80}", 0, self.name)
        texts = texts.cast(pl.String).str.strip_chars()
        is_missing = texts.is_null() | texts.is_in([*MISSING_LABELS])
        if may_be_empty:
            return texts.set(is_missing, "")
        if is_missing.any():
            advice = "Every row needs one, and those of a sequence repeat it."
            row = int(is_missing.arg_max() or 0)
            raise self._table.error("the cell is empty", row, self.name, advice)
        return texts

    def times(self) -> NDArray[np.floating | np.integer] | None:
        """Numbers in the order of the times, shape (rows,); None where the order is not certain.

        Dates are read only as ISO 8601 writes them, because 01/02 is January or February.

        Raises:
            DataError: One is missing.
        """
        import polars as pl

        if self.kind in {"whole number", "number", "date"}:
            numbers, is_missing = self._cells.to_physical(), self._cells.is_null()
            if self.kind != "date":
                numbers = pl.Series(_numbers(self._cells, self._table.separator)[0])
                is_missing = numbers.is_nan()
            if is_missing.any():
                row = int(is_missing.arg_max() or 0)
                raise self._table.error("there is no time in the cell", row, self.name)
            return numbers.to_numpy()
        texts = self.require_texts()
        try:
            if texts.str.contains(_DATE).all():
                return texts.str.to_datetime().to_physical().to_numpy()
            if texts.str.contains(_TIME_OF_DAY).all():
                return texts.str.to_time("%H:%M:%S%.f").to_physical().to_numpy()
        except pl.exceptions.PolarsError:
            pass
        return None


def load(path: Path) -> Table:
    """Read a Parquet file, or a text file with a line of column names.

    Raises:
        DataError: It cannot be read, or has no rows; the message names the line.
    """
    return _load_parquet(path) if format_of(path) == "parquet" else _load_text(path)


def _load_parquet(path: Path) -> Table:
    frame = read_parquet(path)
    if not frame.height:
        raise unreadable(path, "it has columns, but no rows")
    return Table(path, frame)


def _load_text(path: Path) -> Table:
    import polars as pl

    text, notes = read_text(path)
    start = text[:_HEADER_LENGTH]
    separator = separator_of(first_lines(start, is_whole=len(start) == len(text))) or ","
    content = text.encode()
    names = _checked_names(path, *next(_rows(path, content, separator)))
    rows = _count_rows(path, content, separator, len(names))
    require_size(path, values=rows * len(names))
    if not rows:
        raise unreadable(path, "it has names of columns, but no rows")
    has_quotes, has_blanks = b'"' in content, b"\n\n" in content.rstrip(b"\n")
    if has_quotes and has_blanks:  # blank lines may stand within quotes
        cells = [row for _, row in _rows(path, content, separator)]
        frame = pl.DataFrame(cells[1:], dict.fromkeys(names, pl.String), orient="row")
        return Table(path, frame, content, separator, notes)
    try:
        frame = pl.read_csv(
            re.sub(rb"\n\n+", b"\n", content.lstrip(b"\n")),  # a blank line would be a row
            separator=separator,
            infer_schema=False,
            quote_char='"' if has_quotes else None,
        )
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()
    if frame.shape != (rows, len(names)):
        raise unreadable(path, "the quotes in it do not match")
    frame.columns = names
    return Table(path, frame, content, separator, notes)


def _rows(path: Path, content: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each after the number of its first line."""
    reader = csv.reader(
        io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), delimiter=separator, strict=True
    )
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise unreadable(path, str(error), line=line) from None


def _checked_names(path: Path, line: int, cells: list[str]) -> list[str]:
    """The names of the columns, from the first row."""
    names = [
        escape(cell.strip(), kept="") or f"column {number}" for number, cell in enumerate(cells, 1)
    ]
    if len(names) == 1:
        problem = f"only one column was found in it: {shown(names[0])}"
        advice = "Separate the columns with commas, semicolons or tabs."
        if path.suffix.lower() in BINARY_SUFFIXES:
            problem = f"it is no {path.suffix} file, but text, and no table: {shown(names[0])}"
            advice = "Look into it: it may be a message about a download that failed."
        raise unreadable(path, problem, advice, line=line)
    require_size(path, columns=len(names))
    if looks_like_values(cells):
        raise unreadable(
            path,
            "there are numbers instead of names of columns",
            "Add a line of names; or put the label first in each line, as UCR files do.",
            line=line,
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise unreadable(path, f"several columns are called {listed(twice)}", line=line)
    if max(map(len, names)) > MOST_NAME:
        problem = f"the name of a column is longer than {MOST_NAME:,} characters"
        raise unreadable(path, problem, line=line)
    return names


def _count_rows(path: Path, content: bytes, separator: str, width: int) -> int:
    """Rows below the names; all have to have as many cells."""
    if b'"' not in content:  # separators can be counted at once, which is ten times faster
        marks = separator.encode() + b"\n"
        left = content.translate(None, bytes({*range(256)} - {*marks})).rstrip(b"\n")
        row = b"\n" + marks[:1] * (width - 1)
        count = left.count(b"\n")
        if left == (row * (count + 1))[1:]:
            return count
    rows = -1
    for line, cells in _rows(path, content, separator):
        if len(cells) != width:
            problem = f"the line has {counted(len(cells), 'column')} instead of {width:,}"
            raise unreadable(path, problem, line=line)
        rows += 1
    return rows


def _numbers(
    cells: "pl.Series", separator: str
) -> tuple[NDArray[np.float64], NDArray[np.intp], bool]:
    """Cells as numbers, the rows of wrong ones, and whether commas were decimal points."""
    import polars as pl

    if cells.dtype.is_numeric() or cells.dtype == pl.Boolean:
        return cells.cast(pl.Float64).to_numpy(), np.array([], np.intp), False
    numbers = np.full(len(cells), np.nan)
    if cells.dtype not in {pl.String, pl.Categorical, pl.Enum}:
        return numbers, np.array([], np.intp), False
    cells = cells.cast(pl.String)
    parsed = cells.cast(pl.Float64, strict=False)
    numbers[:] = parsed.to_numpy()
    if parsed.null_count() == cells.null_count():
        return numbers, np.array([], np.intp), False
    at = np.flatnonzero((parsed.is_null() & cells.is_not_null()).to_numpy())
    texts = cells.gather(at).str.strip_chars()
    texts = texts.set(texts.str.to_lowercase().is_in([*MISSING]), None)
    has_commas = (
        separator != ","
        and bool(texts.str.contains(",", literal=True).any())
        and not cells.str.contains(".", literal=True).any()  # or else 1,234.5 is possible
    )
    if has_commas:
        texts = texts.str.replace(",", ".", literal=True)
    parsed = texts.cast(pl.Float64, strict=False)
    numbers[at] = parsed.to_numpy()
    return numbers, at[(parsed.is_null() & texts.is_not_null()).to_numpy()], has_commas


def _kind(cells: "pl.Series", numbers: NDArray[np.float64], wrong: int) -> Kind:
    import polars as pl

    if cells.dtype == pl.Boolean:
        return "true/false"
    if cells.dtype.is_temporal():
        return "date"
    if cells.dtype.is_nested() or cells.dtype in {pl.Binary, pl.Object}:
        return "nested"
    given = numbers[~np.isnan(numbers)]
    if not len(given):
        return "text" if wrong else "empty"
    if len(given) < wrong:
        return "text"
    return "whole number" if (given == np.floor(given)).all() else "number"
