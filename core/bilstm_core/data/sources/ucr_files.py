"""The plain text of the UCR archive (.tsv, .txt): a label and the values of a sequence a line."""

import re
from pathlib import Path

from ...wording import counted
from .content import read_text
from .delimited import first_lines, separator_of
from .limits import unreadable
from .recordings import Read
from .series_text import Collected, numbers, without_padding

_DECIMAL = re.compile(r"[+-]?\d+\.\d*(e[+-]?\d{1,2})?", re.IGNORECASE)


def read_ucr(path: Path) -> Read:
    """Read a file; missing values at the end of a line mean that its sequence is shorter.

    Raises:
        DataError: It cannot be read; the message names line and column.
    """
    text, notes = read_text(path)
    separator = separator_of(first_lines(text, is_whole=True))
    collected, width = Collected(path), 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        label, *cells = line.split(separator or None)
        width = width or len(cells)
        if len(cells) != width:
            raise unreadable(
                path,
                f"the line has {counted(len(cells) + 1, 'column')}, and {width + 1:,} before",
                "Where a sequence is shorter, fill its line with NaN.",
                line=number,
            )
        values = numbers(
            path, cells, line=number, first=2, decimal="." if separator == "," else ","
        )
        collected.add(without_padding(values[:, None]), label_text(label), line=number)
    return collected.read("UCR text file", notes)


def label_text(label: str) -> str:
    """A label without quotes; one such as 1.0000000e+00 is written as 1."""
    label = label.strip().strip("\"'")
    if _DECIMAL.fullmatch(label) and (number := float(label)).is_integer():
        return str(int(number))
    return label
