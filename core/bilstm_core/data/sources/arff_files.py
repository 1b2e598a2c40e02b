"""ARFF as the UEA archive writes it: a relational attribute for several channels.

scipy reads such files, but says of a wrong one neither line nor column.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ...wording import counted
from .content import read_text
from .limits import shown, unreadable
from .recordings import Read
from .series_text import Collected, channels_of, lines_of, without_padding

_ATTRIBUTE = re.compile(r"@attribute\s+(?:'[^']*'|\"[^\"]*\"|\S+)\s+(\S+)", re.IGNORECASE)
_NUMERIC = {"numeric", "real", "integer"}


def read_arff(path: Path) -> Read:
    r"""Read a file with lines such as `'v,v,…\nv,v,…',label` or `v,v,…,label`.

    Missing values at the end of a sequence, of all its channels, mean that it is shorter.

    Raises:
        DataError: It cannot be read; the message names the line, and the value as its column.
    """
    text, notes = read_text(path)
    lines = lines_of(text)
    steps, is_relational, has_labels = _read_header(path, lines)
    collected = Collected(path)
    for number, line in lines:
        if is_relational:
            channels, _, label = line[1:].partition(line[0])  # it starts with a quote
        else:
            channels, _, label = line.rpartition(",") if has_labels else (line, "", "")
        lengths = {channel.count(",") + 1 for channel in channels.split("\\n")}
        if lengths != {steps}:
            found = counted((lengths - {steps}).pop(), "value")
            problem = f"the line has {found} instead of {steps:,}"
            raise unreadable(path, problem, line=number)
        sequence = without_padding(channels_of(path, channels.split("\\n"), line=number))
        label = label.strip(" \t,'\"")
        collected.add(sequence, label if has_labels else None, line=number)
    return collected.read("ARFF file", notes)


def _read_header(path: Path, lines: Iterator[tuple[int, str]]) -> tuple[int, bool, bool]:
    """Read up to @data: the number of steps, and whether there are channels and labels."""
    kinds: list[str] = []
    within: list[str] = []
    is_within = False
    for number, line in lines:
        key = line.split(None, 1)[0].lower()
        if key == "@data":
            break
        if match := _ATTRIBUTE.match(line):
            (within if is_within else kinds).append(match[1].lower())
            is_within = is_within or kinds[-1] == "relational"
        elif key == "@end":
            is_within = False
        elif key != "@relation":
            raise unreadable(path, f"{shown(line)} stands before @data", line=number)
    else:
        raise unreadable(path, "it has no line @data")
    has_labels = bool(kinds) and kinds[-1] not in {*_NUMERIC, "relational"}
    if has_labels:
        kinds.pop()
    is_relational = kinds == ["relational"]
    steps = within if is_relational else kinds
    if not steps or not _NUMERIC.issuperset(steps):
        needed = "numbers, or one relational attribute of numbers, and last the class"
        raise unreadable(path, f"its attributes have to be {needed}")
    return len(steps), is_relational, has_labels
