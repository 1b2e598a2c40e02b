"""The text format of the UEA and UCR archives (.ts), as it is found rather than as specified.

Keys are written in any case, and those that only repeat what the data show are not needed. After
@data each line is a sequence: its channels and its label, with colons between them. A channel is
`v,v,…`, or `(t,v),(t,v),…` with time stamps.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .content import read_text
from .limits import REGRESSION, require_size, shown, unreadable
from .recordings import Read
from .series_text import Collected, channels_of, instants, lines_of, numbers

_STAMPED = re.compile(r"\(([^()]*),([^(),]*)\)\s*,?\s*")
_NOTE = "Time stamps give the order of the steps; the network reads them as evenly spaced."


def read_ts(path: Path) -> Read:
    """Read a file; its channels become features.

    Raises:
        DataError: It cannot be read; the message names the line, and the value as its column.
    """
    text, notes = read_text(path)
    lines = lines_of(text)
    has_labels = _read_header(path, lines)
    collected, is_stamped = Collected(path), False
    for number, line in lines:
        if has_labels is None:  # the header says nothing about labels
            has_labels = ":" in line and "," not in line.rpartition(":")[2]
        channels, _, label = line.rpartition(":") if has_labels else (line, "", None)
        if label is not None and ("," in label or not channels):
            raise unreadable(path, "no label follows the channels", line=number)
        is_stamped = line.startswith("(")
        if is_stamped:
            sequence = _read_stamped(path, channels, number)
        else:
            sequence = channels_of(path, channels.split(":"), line=number)
        collected.add(sequence, label and label.strip(), line=number)
    return collected.read("UEA/UCR text file", (*notes, _NOTE) if is_stamped else notes)


def _read_header(path: Path, lines: Iterator[tuple[int, str]]) -> bool | None:
    """Read up to @data; whether the sequences have labels, None where that is not said."""
    has_labels = None
    for number, line in lines:
        key, *values = line.lower().split(None, 2)
        if key == "@data":
            return has_labels
        if not key.startswith("@"):
            raise unreadable(path, f"{shown(line)} stands before @data", line=number)
        is_true = values[:1] == ["true"]
        if key == "@targetlabel" and is_true:
            raise unreadable(path, REGRESSION, line=number)
        if key == "@classlabel":
            has_labels = is_true
    raise unreadable(path, "it has no line @data")


def _read_stamped(path: Path, channels: str, line: int) -> NDArray[np.float32]:
    """Read channels with time stamps; a value is missing where only other channels have the time.

    The colons of a time such as 10:15:30 stand within parentheses, those between channels do not.
    """
    times, values, start = [[]], [[]], 0
    while start < len(channels):
        if channels.startswith(":", start):
            times.append([])
            values.append([])
            start += 1
        elif match := _STAMPED.match(channels, start):
            times[-1].append(match[1])
            values[-1].append(match[2])
            start = match.end()
        else:
            problem = f"{shown(channels[start:])} does not start with (time,value)"
            raise unreadable(path, problem, line=line)
    moments = instants(path, [time for channel in times for time in channel], line=line)
    steps = np.unique(moments)
    require_size(path, steps=len(steps), values=len(steps) * len(times))
    sequence = np.full((len(steps), len(times)), np.nan, np.float32)
    first = 0
    for column, channel in enumerate(values):
        at = np.searchsorted(steps, moments[first : first + len(channel)])
        if len(np.unique(at)) < len(at):
            raise unreadable(
                path,
                "a time occurs twice",
                "Give each value of a channel a time of its own.",
                line=line,
                column=column + 1,
            )
        sequence[at, column] = numbers(path, channel, line=line)
        first += len(channel)
    return sequence
