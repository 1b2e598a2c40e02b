"""How large the files of a data set may be, and how their readers say what is wrong."""

import shlex
from pathlib import Path

from ...errors import DataError

MOST_BYTES = 4 << 30
MOST_VALUES = 1 << 30
"""In a data set: 4 GiB of 32-bit numbers."""
_MANY_VALUES, _BYTES_PER_VALUE, _GIB = 1 << 20, 18, 1 << 30
"""At the peak, when the mean and deviation of each feature are computed in float64."""
MOST_STEPS, MOST_FEATURES, MOST_CLASSES, MOST_NAME = 1 << 24, 1 << 16, 1 << 20, 200

REGRESSION = "its labels are numbers to be predicted, and only classes can be (no regression)"

_LONGEST_SHOWN = 80


def shown(text: object) -> str:
    """A name or cell of a file in quotes, shortened for a message."""
    whole = str(text)
    return f"'{whole}'" if len(whole) <= _LONGEST_SHOWN else f"'{whole[: _LONGEST_SHOWN - 1]}…'"


def listed(names: list[str], most: int = 20) -> str:
    """Names for a message: the first ones, and how many more there are."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(f"{name:.{_LONGEST_SHOWN}}" for name in names[:most]) + rest


def named(noun: str, names: list[str]) -> str:
    """Such as 'column x', or 'columns x, y'."""
    return f"{noun}{'s' * (len(names) != 1)} {listed(names)}"


def set_to(setting: str, name: str) -> str:
    """Such as 'id_column = x', with quotes where a shell or TOML needs them."""
    return f"{setting} = {shlex.quote(name)}"


def unreadable(
    path: Path, problem: str, *advice: str, line: int = 0, column: object = None
) -> DataError:
    """The error for a file with something wrong in it.

    Args:
        path: The file.
        problem: A sentence without its full stop.
        advice: See `BilstmError`; without any, to correct what is named.
        line: Counted from 1; 0 if it is not known.
        column: Its name, or its number counted from 1.
    """
    place = str(path)
    if line:
        place += f", line {line:,}"
    if column is not None:
        place += f", column {shown(column) if isinstance(column, str) else f'{column:,}'}"
    end = "" if problem.endswith("?") else "."
    if not advice:
        advice = (f"Correct {'that line' if line else 'the file'}, or choose another file.",)
    return DataError(f"{place}: {problem}{end}", *advice, title="The data cannot be read")


def require_size(
    path: Path,
    *,
    values: int = 0,
    steps: int = 0,
    features: int = 0,
    columns: int = 0,
    classes: int = 0,
) -> None:
    """Refuse more than is read, or than fits into memory, before any is used for it.

    Raises:
        DataError: There is more; the message says how much, and the bound.
    """
    for name, count, most in (
        ("values", values, MOST_VALUES),
        ("steps in a sequence", steps, MOST_STEPS),
        ("features", features, MOST_FEATURES),
        ("columns", columns, MOST_FEATURES),
        ("classes", classes, MOST_CLASSES),
    ):
        if count > most:
            raise unreadable(path, f"it has {count:,} {name}, and at most {most:,} are read")
    if values > _MANY_VALUES:
        require_memory(path, values * _BYTES_PER_VALUE)


def require_memory(path: Path, needed: int) -> None:
    """Refuse what does not fit into main memory: the kernel would kill the process.

    Raises:
        DataError: There is less; the message says how much.
    """
    import psutil  # only here: `--help` imports this module

    free = psutil.virtual_memory().available
    if needed > free:
        raise unreadable(
            path,
            f"reading it takes about {needed / _GIB:,.1f} GiB of memory, and {free / _GIB:,.1f} "
            "GiB are free",
            "Read fewer sequences, or free some memory.",
        )
