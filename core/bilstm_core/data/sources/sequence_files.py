"""Text files with one sequence each: a step a line, with or without names of the columns."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...wording import counted
from .columns import is_time_name
from .content import read_text
from .delimited import first_lines, is_number, rows_of, separator_of
from .limits import listed, require_size, shown, unreadable
from .series_text import instants, numbers


class SequenceFiles:
    """Files of one layout, which the first one shows.

    The numbering of the rows that pandas writes is left out, and so is a column of times, which
    gives the order of the steps.

    Attributes:
        names: Names of the features; empty where the files have none.
        layout: Equal for files of the same layout.

    Raises:
        DataError: The first one cannot be read.
    """

    def __init__(self, first: Path) -> None:
        lines = first_lines(read_text(first)[0], is_whole=True)
        self._separator = separator_of(lines)
        cells = [cell.strip() for cell in self._cut(lines[0])]
        self._header = [] if all(is_number(cell) or not cell for cell in cells) else cells
        self._width = len(cells)
        times = [index for index, name in enumerate(self._header) if is_time_name(name)]
        self._time = times[0] if len(times) == 1 else None
        left_out = {self._time, 0 if self._header[:1] == [""] else None}
        self._columns = [index for index in range(self._width) if index not in left_out]
        self.names = tuple(self._header[index] for index in self._columns if self._header)
        self._first = first
        self.layout = (self._separator, self._width, *self._header)
        if not self._columns:
            raise unreadable(first, "it has no column of values")

    def read(self, path: Path) -> NDArray[np.float32]:
        """Read a file as shape (T, features).

        Raises:
            DataError: It has other columns, or cannot be read; the message names line and column.
        """
        rows = self._rows(path)
        require_size(path, steps=len(rows), features=self._width)
        times = []
        for _, cells in rows:
            if self._time is not None:
                times.append(cells[self._time])
                cells[self._time] = "0"
        decimal = "." if self._separator == "," else ","
        try:
            every = [cell for _, cells in rows for cell in cells]
            values = numbers(path, every, line=1, decimal=decimal)
        except DataError:  # now slowly, to name the line
            for line, cells in rows:
                numbers(path, cells, line=line, columns=self._header, decimal=decimal)
            raise
        sequence = values.reshape(len(rows), self._width)[:, self._columns]
        if self._time is None:
            return sequence
        moments = instants(path, times)
        order = np.argsort(moments, kind="stable")
        is_twice = np.diff(moments[order]) == 0
        if is_twice.any():
            time, column = times[int(order[is_twice.argmax() + 1])], self._header[self._time]
            raise unreadable(
                path,
                f"the time {shown(time.strip())} occurs twice",
                "A file is one sequence: give each row a time of its own, or leave the column out.",
                column=column,
            )
        return sequence[order]

    def _rows(self, path: Path) -> list[tuple[int, list[str]]]:
        """The cells of each step, after the number of their line."""
        lines = enumerate(read_text(path)[0].split("\n"), 1)
        rows = [(line, self._cut(text)) for line, text in lines if text.strip()]
        if self._header:
            line, names = rows.pop(0)
            if [name.strip() for name in names] != self._header:
                problem = f"its columns are {listed(names, 6)} instead of {listed(self._header, 6)}"
                raise unreadable(path, problem + self._elsewhere(path), line=line)
        if not rows:
            raise unreadable(path, "it has no steps")
        for line, cells in rows:
            if len(cells) != self._width:
                problem = f"the line has {counted(len(cells), 'column')} instead of {self._width:,}"
                raise unreadable(path, problem + self._elsewhere(path), line=line)
        return rows

    def _elsewhere(self, path: Path) -> str:
        first = self._first
        return "" if path == first else f", as in {first.parent.name}/{first.name}"

    def _cut(self, line: str) -> list[str]:
        if '"' in line:
            return rows_of([line], self._separator)[0]
        return line.split(self._separator or None)
