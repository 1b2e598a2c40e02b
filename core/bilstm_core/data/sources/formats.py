"""Sequences from a file or folder of any format that is read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ...cleaning import one_line
from ...wording import counted
from .arff_files import read_arff
from .arrays import read_npz
from .columns import TableOptions
from .delimited import MISSING_LABELS
from .limits import MOST_NAME, REGRESSION, require_size, shown, unreadable
from .recognition import Format, Source, format_of, recognise
from .recordings import Read, Recordings
from .ts_files import read_ts
from .ucr_files import read_ucr

_READERS: dict[Format, Callable[[Path], Read]] = {
    "npz": read_npz,
    "ts": read_ts,
    "arff": read_arff,
    "ucr": read_ucr,
}
_FEW_CLASSES = 20
_LEAST_AMOUNTS = 8
"""So many sequences with a different number each hardly name classes."""
_FIND_OUT = TableOptions()


def read(path: Path, options: TableOptions = _FIND_OUT) -> Read:
    """Read labelled sequences; the format is found from the content.

    Where a file is called X_TRAIN.ts, the test part is X_TEST.ts beside it, and so for every
    format of files; where there is none, it may be one of another format, such as X_TEST.arff. A
    folder holds such files, or a folder per class. Where sequences have no ids, they are their
    numbers, from 1.

    Args:
        path: A file or folder.
        options: What the columns of a table are for; found out where it is not said.

    Raises:
        DataError: The data are not there, cannot be read, contradict themselves or are too large;
            the message says where.
        ConfigError: An option names no column, or one has to be set.
    """
    source = recognise(path)
    found = _cleaned(_read(source, options, needs_labels=True))
    if options != _FIND_OUT and source.format not in {"table", "parquet"}:
        note = "Settings for columns are used only for tables."
        found = replace(found, notes=(*found.notes, note))
    found = _with_test_named(found, source)
    _check(path, found.train, "" if found.test is None or source.test else "training")
    if found.test is not None:
        _check(source.test or path, found.test, "" if source.test else "test")
        features = [part.values[0].shape[1] for part in (found.train, found.test)]
        if features[0] != features[1]:
            own = counted(features[1], "feature")
            problem = f"the test part has {own}, the training part {features[0]:,}"
            raise unreadable(source.test or path, problem)
    return found


def read_file(path: Path, options: TableOptions = _FIND_OUT) -> Read:
    """Read one file, whose sequences are to be classified: labels may be missing, or any.

    A test part beside it is not read.

    Args:
        path: The file.
        options: As for `read`.

    Raises:
        DataError: It cannot be read, or contradicts itself.
        ConfigError: An option names no column, or one has to be set.
    """
    return _cleaned(_read(Source(format_of(path), path), options, needs_labels=False))


def _with_test_named(found: Read, source: Source) -> Read:
    """The same with a word about a test part of another format."""
    if source.test and source.test.suffix.lower() != source.train.suffix.lower():
        note = f"The test part is {one_line(source.test.name)}."
        return replace(found, notes=(*found.notes, note))
    if source.unused_test:
        warning = (
            f"{one_line(source.unused_test.name)} stands beside {one_line(source.train.name)} and "
            "is not used, because its format does not fit. Save both in one format to use it."
        )
        return replace(found, warnings=(*found.warnings, warning))
    return found


def _cleaned(found: Read) -> Read:
    """The same with names that can be shown, as they are stored in models."""
    test = found.test and found.test.cleaned()
    return replace(found, train=found.train.cleaned(), test=test)


def _read(source: Source, options: TableOptions, *, needs_labels: bool) -> Read:
    if source.format == "folder":
        from .class_folders import read_class_folders  # imports Pillow, if there are pictures

        return read_class_folders(source.train)
    if source.format in {"npy", "picture"}:
        raise unreadable(
            source.train,
            "a data set is more than one sequence",
            "Choose the folder that holds a folder per class; or save sequences and labels in one "
            "file: np.savez(FILE, X=values, y=labels).",
        )
    if source.format in {"table", "parquet"}:
        from .tables import read_tables

        return read_tables(source.train, source.test, options, needs_labels=needs_labels)
    found = _READERS[source.format](source.train)
    if source.test and found.test is None:
        test = _READERS[format_of(source.test)](source.test)
        notes = [note for note in test.notes if note not in found.notes]
        found = replace(found, test=test.train, notes=(*found.notes, *notes))
    return found


def _check(path: Path, part: Recordings, name: str) -> None:
    """Refuse labels that are missing, numbers to be predicted, or more than is read.

    Args:
        path: Its file.
        part: A part of the data.
        name: Which it is, where a file has several.
    """
    if part.labels is None:
        problem = f"its {name} part has no labels" if name else "it has no labels"
        arrays = "In an .npz, y holds them beside X; y_train and y_test beside X_train and X_test."
        is_array = format_of(path) == "npz"
        advice = arrays if is_array else "Training needs a label for each sequence."
        raise unreadable(path, problem, advice)
    distinct = {*part.labels}
    require_size(path, classes=len(distinct))
    for label in distinct:
        if label in MISSING_LABELS:
            name = shown(part.ids[part.labels.index(label)])
            raise unreadable(path, f"the label of sequence {name} is missing")
        if len(label) > MOST_NAME:
            problem = f"the label {shown(label)} is longer than {MOST_NAME:,} characters"
            raise unreadable(path, problem)
    if longest := max(part.groups or ("",), key=len)[MOST_NAME:]:
        problem = f"the name of a group is longer than {MOST_NAME:,} characters: {shown(longest)}"
        raise unreadable(path, problem)
    if _are_amounts(distinct, len(part.labels)):
        example = min(distinct, key=lambda label: (float(label).is_integer(), label))
        examples = f"{len(distinct):,} different ones, such as {shown(example)}"
        raise unreadable(
            path,
            f"{REGRESSION}: {examples}",
            "If these are no labels: in a table, label_column names their column; without names "
            "of columns, the label stands first in a line.",
        )


def _are_amounts(labels: set[str], count: int) -> bool:
    """Whether labels are numbers to be predicted rather than names of classes."""
    try:
        are_whole = all(float(label).is_integer() for label in labels)
    except (ValueError, OverflowError):
        return False
    if len(labels) <= _FEW_CLASSES:
        return len(labels) == count >= _LEAST_AMOUNTS and not are_whole
    return len(labels) > count / 2 or not are_whole
