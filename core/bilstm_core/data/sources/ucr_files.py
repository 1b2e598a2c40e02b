"""The plain text of the UCR archive (.tsv, .txt): a label and the values of a sequence a line."""

from pathlib import Path

from ...wording import counted
from .content import read_text
from .delimited import first_lines, separator_of
from .limits import unreadable
from .recordings import Read, label_text
from .series_text import Collected, numbers, without_padding


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
        columns, decimal = range(2, len(cells) + 2), "." if separator == "," else ","
        values = numbers(path, cells, line=number, columns=columns, decimal=decimal)
        label = label_text(label.strip().strip("\"'"))
        collected.add(without_padding(values[:, None]), label, line=number)
    return collected.read("UCR text file", notes)
