"""Which format the data at a path have, from their first bytes; without numpy or polars."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from ...cleaning import one_line
from ...config.resolve import did_you_mean
from ...errors import DataError
from .content import decode, opened
from .delimited import first_lines, rows_of, separator_of, starts_with_values
from .limits import listed, unreadable

Format = Literal["npz", "npy", "parquet", "ts", "arff", "ucr", "table", "picture", "folder"]

_FIRST_BYTES = 1 << 20  # a header of ten thousand names is long
_MOST_ENTRIES = 1 << 20

_MAGIC: dict[bytes, Format] = {
    b"PK\x03\x04": "npz",
    b"\x93NUMPY": "npy",
    b"PAR1": "parquet",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF8": "picture",
    b"BM": "picture",
    b"II*\0": "picture",
    b"MM\0*": "picture",
    b"RIFF": "picture",
}
_OTHERS: dict[bytes, str] = {
    b"\x1f\x8b": "it is compressed with gzip: unpack it first",
    b"BZh": "it is compressed with bzip2: unpack it first",
    b"\xfd7zXZ": "it is compressed with xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd: unpack it first",
    b"\x89HDF": "it is an HDF5 file: save its arrays as .npz",
    b"MATLAB": "it is a MATLAB file: save its arrays as .npz",
    b"\x80": "it is a pickle, which is never opened, because that can run code: save it as .npz",
    b"\xd0\xcf\x11\xe0": "it is an Excel file: save the sheet as .csv",
    b"%PDF": "it is a PDF",
    b"\x7fELF": "it is a program",
}
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f]")
_FIRST_KEY = re.compile(r"(?:[#%].*\n|\s)*@(\w*)")
"""The first key after comments: of an .arff file it is @relation."""
_READABLE = "Formats: .npz, .ts, UCR .tsv or .txt, .arff, .csv, .parquet, a folder per class."

_PART = re.compile(r"(?P<name>.*?)(?P<separator>[-_. ]?)(?P<part>train|test)", re.IGNORECASE)
"""The name of a file that is one part of a data set, without its suffix."""
SUFFIXES = (".ts", ".arff", ".tsv", ".txt", ".csv", ".parquet", ".npz")
"""Of files that hold sequences. Where a data set is there in several formats, one with a test part
is read, and of those the first."""
BINARY_SUFFIXES = frozenset({".parquet", ".npz", ".npy"})
_TABLES: frozenset[Format] = frozenset({"table", "parquet"})
_OF_SEQUENCES: frozenset[Format] = frozenset({"npz", "ts", "arff", "ucr"})
"""Formats whose files say by themselves what is in them: two of them may differ."""
_LFS_POINTER = "version https://git-lfs.github.com/spec/"
_PREFERRED = (*SUFFIXES, "")


@dataclass(frozen=True)
class Source:
    """Where the data of a path are: one file or two, or a folder of folders.

    Attributes:
        format: Of the training part.
        unused_test: A test part that does not fit the training part.
    """

    format: Format
    train: Path
    test: Path | None = None
    unused_test: Path | None = None


def recognise(path: Path) -> Source:
    """Find the format of a file or folder, and the test part beside a training part.

    Raises:
        DataError: There is nothing at the path, or nothing that is read.
    """
    try:
        is_folder = path.is_dir()
        if is_folder:
            os.scandir(path).close()  # it can be read
        elif not os.path.lexists(path):
            names = (entry.name for entry in islice(_entries(path.parent), 1000))
            near = did_you_mean(path.name, names)
            raise unreadable(path, f"there is no such file or folder{near and '.' + near}")
    except (OSError, ValueError) as error:  # a name that is too long, or has a NUL in it
        raise unreadable(path, getattr(error, "strerror", None) or str(error)) from None
    if is_folder:
        return _recognise_folder(path)
    return _paired(path, _test_part(path))


def format_of(path: Path) -> Format:
    """The format of a file.

    Raises:
        DataError: It cannot be read, or has none of the formats.
    """
    with opened(path) as file:
        start = file.read(_FIRST_BYTES)
    if _CONTROL.search(start):  # else a table whose first column is called BM would be a picture
        for magic, found in _MAGIC.items():
            if start.startswith(magic):
                return found
        for magic, problem in _OTHERS.items():
            if start.startswith(magic):
                raise unreadable(path, problem)
    text = decode(start)[0].replace("\r\n", "\n").replace("\r", "\n")
    return _format_of_text(path, text, is_whole=len(start) < _FIRST_BYTES)


def _format_of_text(path: Path, text: str, *, is_whole: bool) -> Format:
    """The format of a file that starts with a text."""
    if "\0" in text and path.suffix.lower() in BINARY_SUFFIXES:
        problem = f"it is damaged: it does not start as a {path.suffix} file does"
        raise unreadable(path, problem, "Write it again, or copy it again.")
    if "\0" in text:
        raise unreadable(path, "its format is unknown", _READABLE)
    if text.startswith(_LFS_POINTER):
        problem = "it is not the file itself, but what Git LFS keeps in its place"
        raise unreadable(path, problem, "Run git lfs pull in its repository.")
    if key := _FIRST_KEY.match(text):
        return "arff" if key[1].lower() == "relation" else "ts"
    lines = first_lines(text, is_whole=is_whole)
    if not lines:
        raise unreadable(path, "the file is empty")
    if _has_only_comments(path, text):
        advice = "In .ts and .arff files, the sequences stand below a line @data, each in a line."
        raise unreadable(path, "there are only comments in it", advice)
    cells = rows_of(lines, separator_of(lines))[0]
    return "ucr" if starts_with_values(cells) else "table"


def _has_only_comments(path: Path, text: str) -> bool:
    """Whether all lines are comments; a single one may be the names of a table's columns."""
    given = [line.lstrip()[0] for line in text.split("\n") if line.strip()]
    may_be_one = path.suffix.lower() in {".ts", ".arff"}
    return {*given} <= {"#", "%"} and (may_be_one or len(given) > 1)


def title_of(dataset: str) -> str:
    """What people call data: of a path its name, without suffix and without the word for a part."""
    path = Path(dataset)
    if os.sep not in dataset:
        return dataset
    match = _PART.fullmatch(path.stem)
    return one_line((match and match["name"]) or path.stem or dataset)


def _paired(train: Path, test: Path | None) -> Source:
    """A training part with its test part, if that can be read beside it."""
    found = format_of(train)
    if test is None:
        return Source(found, train)
    try:
        other = format_of(test)
        if other == found or {found, other} <= _OF_SEQUENCES or {found, other} <= _TABLES:
            return Source(found, train, test)
        raise unreadable(test, f"its format is {other}, and {train.name} has {found}")
    except DataError:
        if _is_alike(train, test):
            raise
        return Source(found, train, unused_test=test)


def _test_part(path: Path) -> Path | None:
    """The file beside X_TRAIN.ts that is called X_TEST.ts, in whatever case, or X_TEST.arff."""
    match = _PART.fullmatch(path.stem)
    if not match or match["part"].lower() != "train":
        return None
    wanted = f"{match['name']}{match['separator']}test".lower()
    beside = (path.with_name(entry.name) for entry in _entries(path.parent) if entry.is_file())
    tests = [
        test
        for test in beside
        if test.stem.lower() == wanted
        and (_is_alike(path, test) or test.suffix.lower() in SUFFIXES)
    ]
    return min(tests, key=lambda test: _order_beside(path, test), default=None)


def _order_beside(train: Path, test: Path) -> tuple[bool, bool, int, str]:
    """Of several test parts, the one of the training part's suffix comes first."""
    is_alike, suffix = _is_alike(train, test), test.suffix.lower()
    place = 0 if is_alike else SUFFIXES.index(suffix)
    return not is_alike, test.suffix != train.suffix, place, test.name


def _is_alike(train: Path, test: Path) -> bool:
    return train.suffix.lower() == test.suffix.lower()


def _recognise_folder(folder: Path) -> Source:
    """Find X_TRAIN.* in a folder, or the folders of classes."""
    has_folders = has_arrays = False
    trains: dict[str, list[Path]] = {}
    for entry in _entries(folder):
        path = folder / entry.name
        match = _PART.fullmatch(path.stem)
        has_arrays |= path.suffix.lower() == ".npy"
        if path.is_dir():
            has_folders |= not entry.name.startswith(".")
        elif match and match["part"].lower() == "train" and path.suffix.lower() in _PREFERRED:
            trains.setdefault(match["name"].lower(), []).append(path)
    if len(trains) > 1:
        names = sorted(_best(paths)[0].name for paths in trains.values())
        advice = f"Choose a file: {listed(names)}."
        raise unreadable(folder, f"it holds {len(names):,} data sets", advice)
    for paths in trains.values():
        return _paired(*_best(paths))
    if has_folders:
        return Source("folder", folder)
    advice = "Choose one of its files, or lay it out as train/CLASS/FILE and test/CLASS/FILE."
    arrays = "Arrays are read from one file: np.savez(FILE, X_train=values, y_train=labels)."
    raise unreadable(
        folder,
        "it holds neither a training part such as X_TRAIN.ts or train.csv nor a folder per class",
        *[advice, *[arrays] * has_arrays],
    )


def _best(trains: Sequence[Path]) -> tuple[Path, Path | None]:
    """Of the same training part in several formats, the one to read, and its test part."""
    in_order = sorted(trains, key=lambda it: (_PREFERRED.index(it.suffix.lower()), it.name))
    found = [(train, _test_part(train)) for train in in_order]
    return max(found, key=lambda both: 1 + _is_alike(both[0], both[1]) if both[1] else 0)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """What is in a folder; nothing where it cannot be listed."""
    with suppress(OSError), os.scandir(folder) as entries:
        yield from islice(entries, _MOST_ENTRIES)
