"""What the text formats of time series share: numbers, channels, and a label a line."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...wording import counted
from .delimited import AS_MISSING, MISSING, MISSING_LABELS
from .limits import require_size, shown, unreadable
from .recordings import Read, Recordings, numbered

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def numbers(
    path: Path,
    cells: Sequence[str],
    *,
    line: int,
    columns: Sequence[int | str] = (),
    decimal: str = ".",
) -> NDArray[np.float32]:
    """The numbers in some cells of a line, NaN where one is missing.

    Args:
        path: The file, and the line, for messages.
        cells: As they are written.
        line: Counted from 1.
        columns: Names or numbers of the columns of the cells; by default numbers from 1.
        decimal: What stands before decimals, beside a full stop.

    Raises:
        DataError: A cell is neither a finite 32-bit number nor missing.
    """
    columns = columns or range(1, len(cells) + 1)
    try:
        if "_" in "".join(cells):  # Python reads 1_000
            raise ValueError  # noqa: TRY301 - one way to look at each cell
        values = np.array([*map(float, cells)])
    except ValueError:
        values = np.array(
            [
                _number(path, cell.strip(), line=line, column=column, decimal=decimal)
                for column, cell in zip(columns, cells, strict=True)
            ]
        )
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if (wrong := np.isinf(narrow)).any():
        index = int(wrong.argmax())
        problem = f"{shown(cells[index])} is not a finite 32-bit number"
        raise unreadable(path, problem, line=line, column=columns[index])
    return narrow


def _number(path: Path, cell: str, *, line: int, column: int | str, decimal: str) -> float:
    if cell.lower() in MISSING:
        return np.nan
    try:
        if "_" not in cell:
            return float(cell.replace(decimal, ".", 1))
    except ValueError:
        pass
    problem = f"{shown(cell)} is not a number"
    raise unreadable(path, problem, AS_MISSING, line=line, column=column)


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither blank nor comments, stripped, each after its number."""
    for number, line in enumerate(text.split("\n"), 1):
        if (line := line.strip()) and line[0] not in "#%":
            yield number, line


def channels_of(path: Path, channels: Sequence[str], *, line: int) -> NDArray[np.float32]:
    """A sequence of shape (T, channels); where a channel is shorter, its last values are missing.

    Args:
        path: The file, and the line, for messages, which count values through all channels.
        channels: The values of each, with commas between them.
        line: Counted from 1.

    Raises:
        DataError: A value is wrong, or there are more than are read.
    """
    lengths = [channel.count(",") + 1 for channel in channels]
    steps = max(lengths)
    require_size(path, steps=steps, features=len(channels), values=steps * len(channels))
    values = numbers(path, ",".join(channels).split(","), line=line)
    if min(lengths) == steps:
        return np.ascontiguousarray(values.reshape(len(channels), steps).T)
    sequence = np.full((steps, len(channels)), np.nan, np.float32)
    for column, channel in enumerate(np.split(values, [*accumulate(lengths[:-1])])):
        sequence[: len(channel), column] = channel
    return sequence


def without_padding(sequence: NDArray[np.float32]) -> NDArray[np.float32]:
    """The steps of a sequence up to the last one with a value."""
    given = np.flatnonzero(~np.isnan(sequence).all(axis=1))
    return sequence[: given[-1] + 1] if len(given) else sequence[:0]


class Collected:
    """The sequences of a file, line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values: list[NDArray[np.float32]] = []
        self._labels: list[str] = []
        self._total = 0

    def add(self, sequence: NDArray[np.float32], label: str | None, *, line: int) -> None:
        """Take a sequence of shape (T, features), which has as many features as the others.

        Raises:
            DataError: It has others, or no values; its label is missing; or the file holds more
                than is read.
        """
        features = sequence.shape[1]
        if self._values and features != self._values[0].shape[1]:
            before = self._values[0].shape[1]
            problem = f"the line has {counted(features, 'channel')}, and {before:,} before"
            raise unreadable(self.path, problem, line=line)
        if np.isnan(sequence).all():
            raise unreadable(self.path, "the sequence has no values", line=line)
        if label in MISSING_LABELS:
            raise unreadable(self.path, "the label is missing", line=line)
        self._total += sequence.size
        require_size(self.path, values=self._total)
        self._values.append(sequence)
        if label is not None:
            self._labels.append(label)

    def read(self, title: str, notes: tuple[str, ...]) -> Read:
        """What was found.

        Raises:
            DataError: Nothing was.
        """
        if not self._values:
            advice = "Each sequence is a line; in .ts and .arff files below the line @data."
            raise unreadable(self.path, "there are no sequences in it", advice)
        found = Recordings(self._values, self._labels or None, numbered(len(self._values)))
        return Read(title, "series", found, notes=notes)


def instants(path: Path, times: Sequence[str], *, line: int = 0) -> NDArray[np.float64 | np.int64]:
    """Time stamps as numbers in the same order: numbers, or dates as ISO 8601 writes them.

    Raises:
        DataError: One is neither.
    """
    try:
        values = np.array([*map(float, times)])
        if np.isfinite(values).all():
            return values
    except ValueError:
        with suppress(ValueError, OverflowError):
            return np.array([_microseconds(time.strip()) for time in times])
    problem = f"times such as {shown(times[0])} are neither numbers nor dates such as 2026-11-24"
    raise unreadable(path, problem, line=line)


def _microseconds(time: str) -> int:
    moment = datetime.fromisoformat(time)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
