"""A folder per class: train/CLASS/FILE and test/CLASS/FILE, or CLASS/FILE.

A file is a picture, or a sequence as .csv or .npy; all of them are of the same kind.
"""

import os
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, ImageError
from ...wording import counted, were
from .arrays import read_npy
from .limits import listed, require_size, unreadable
from .recognition import format_of
from .recordings import Read, Recordings, label_text
from .sequence_files import SequenceFiles

T = TypeVar("T")

FOLDER_PER_CLASS = "folder per class"
"""What the format is called."""

_MOST_FILES = 1 << 20
_MOST_SIDE = 128
_FEW = 15
_LITTER = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True)
class ClassFile:
    """A file in the folder of its class; its id is its path below the root."""

    path: Path
    label: str
    id: str


def class_files(root: Path) -> list[ClassFile]:
    """The files below a folder per class, those of the training part first.

    Raises:
        DataError: There are none, or more than are read.
    """
    return [file for part in _Walk(root).parts() for file in part]


def read_class_folders(root: Path) -> Read:
    """Read the files below a folder.

    Pictures become bytes, one row a step, of one size: the median of theirs, but at most 128×128.

    Raises:
        DataError: A file cannot be read, or differs from the others in kind.
    """
    walk = _Walk(root)
    parts = walk.parts()
    paths = [file.path for part in parts for file in part]
    usual = _with_what_most_have(paths, format_of)
    kind = format_of(usual)
    names: tuple[str, ...] = ()
    notes = walk.notes()
    if kind == "picture":
        values, note = _read_pictures([[file.path for file in part] for part in parts])
        notes += note
    elif kind == "npy":
        values = _read_sequences(parts, read_npy, _with_what_most_have(paths, _width))
    elif kind in {"table", "ucr"}:
        usual = _with_what_most_have(paths, lambda path: SequenceFiles(path).layout)
        files = SequenceFiles(usual)
        names, values = files.names, _read_sequences(parts, files.read, usual)
    else:
        problem = "a file in the folder of its class has to be a picture, .csv or .npy"
        raise unreadable(usual, problem)
    found = [
        Recordings(
            sequences, [file.label for file in part], [file.id for file in part], None, names
        )
        for part, sequences in zip(parts, values, strict=True)
    ]
    return Read(
        FOLDER_PER_CLASS,
        "images" if kind == "picture" else "series",
        found[0],
        found[1] if len(found) > 1 else None,
        notes,
    )


def _with_what_most_have(paths: Sequence[Path], of: Callable[[Path], Hashable]) -> Path:
    """A file that is like most of a few of them, so that an odd one is named, not all others."""
    found: dict[Path, Hashable] = {}
    for path in paths[:: -(-len(paths) // _FEW)]:
        with suppress(DataError):  # what reads it says what is wrong with it
            found[path] = of(path)
    if not found:
        return paths[0]
    ((usual, _),) = Counter(found.values()).most_common(1)
    return next(path for path, one in found.items() if one == usual)


def _width(path: Path) -> int:
    return read_npy(path).shape[1]


def _read_sequences(
    parts: Sequence[Sequence[ClassFile]], read: Callable[[Path], NDArray[np.float32]], usual: Path
) -> list[list[NDArray[np.float32]]]:
    found: list[list[NDArray[np.float32]]] = []
    size, features = 0, read(usual).shape[1]
    for part in parts:
        found.append([])
        for file in part:
            sequence = read(file.path)
            if sequence.shape[1] != features:
                own = counted(sequence.shape[1], "column")
                problem = f"it has {own}, and others, such as {usual.name}, have {features:,}"
                raise unreadable(file.path, problem)
            size += sequence.size
            require_size(file.path.parent, values=size)
            found[-1].append(sequence)
    return found


def _read_pictures(
    parts: Sequence[Sequence[Path]],
) -> tuple[list[list[NDArray[np.uint8]]], tuple[str, ...]]:
    """The pictures of each part, of shape (height, width), and a note if they were scaled."""
    from .pictures import fit, open_picture, picture_size

    sizes = np.array([_read_picture(picture_size, path) for part in parts for path in part])
    middle = np.median(sizes, axis=0)
    height, width = np.maximum(1, np.rint(middle * min(1, _MOST_SIDE / middle.max()))).astype(int)
    require_size(parts[0][0].parent.parent, values=len(sizes) * height * width)
    found = []
    for part in parts:
        pixels = np.empty((len(part), height, width), np.uint8)
        for picture, path in zip(pixels, part, strict=True):
            whole = _read_picture(open_picture, path).brightness
            picture[:] = as_bytes(fit(whole, height, width))
        found.append([*pixels])
    if (sizes == (height, width)).all():
        return found, ()
    return found, (f"Pictures of other sizes were scaled to {width}×{height} pixels.",)


def as_bytes(brightness: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Brightness from 0 to 1 as the bytes of a picture."""
    return np.rint(brightness * 255).astype(np.uint8)


def _read_picture(read: Callable[[Path], T], path: Path) -> T:
    try:
        return read(path)
    except ImageError as error:
        raise DataError(error.message, error.advice, title="The data cannot be read") from None


class _Walk:
    """The files below a folder of folders.

    Symbolic links in it are not followed: they may lead to the same files again, or elsewhere.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listed: dict[Path, tuple[list[Path], list[Path]]] = {}
        self._count = self._links = 0
        self._ignored: list[str] = []

    def parts(self) -> list[list[ClassFile]]:
        """The files of the training part, and those of a test part.

        Raises:
            DataError: There are none, or more than are read.
        """
        folders = {path.name.lower(): path for path in self._list(self._root)[0]}
        if "train" not in folders or not self._list(folders["train"])[0]:
            return [self._part(self._root)]
        parts = [self._part(folders[name]) for name in ("train", "test") if name in folders]
        self._ignored += [
            _text(path.name) for name, path in folders.items() if name not in {"train", "test"}
        ]
        return parts

    def notes(self) -> tuple[str, ...]:
        """What was left out."""
        notes = []
        if self._ignored:
            notes.append(f"Folders that are not used: {listed(self._ignored)}.")
        if self._links:
            links = counted(self._links, "symbolic link")
            notes.append(f"{links} {were(self._links)} not followed.")
        return tuple(notes)

    def _part(self, folder: Path) -> list[ClassFile]:
        found = []
        for class_folder in self._list(folder)[0]:
            folders, paths = self._list(class_folder)
            self._ignored += [self._text(path) for path in folders]
            if not paths:
                self._ignored.append(self._text(class_folder))
            label = label_text(_text(class_folder.name))
            found += [ClassFile(path, label, self._text(path)) for path in paths]
        if not found:
            links = f", but {counted(self._links, 'symbolic link')} (links are not followed)"
            raise unreadable(
                folder,
                f"the folders in it have no files{links * bool(self._links)}",
                "Lay it out as CLASS/FILE, or as train/CLASS/FILE and test/CLASS/FILE.",
            )
        return found

    def _list(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The folders and the files in a folder, sorted, without hidden ones."""
        if folder not in self._listed:
            self._listed[folder] = ([], [])
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        self._add(folder, entry)
            except OSError as error:
                raise unreadable(folder, error.strerror or str(error)) from None
            for paths in self._listed[folder]:
                paths.sort()
        return self._listed[folder]

    def _add(self, folder: Path, entry: "os.DirEntry[str]") -> None:
        self._count += 1
        if self._count > _MOST_FILES:
            raise unreadable(self._root, f"it has more than {_MOST_FILES:,} files")
        if entry.name.startswith(".") or entry.name.lower() in _LITTER:
            return
        if entry.is_symlink():
            self._links += 1
        else:
            self._listed[folder][not entry.is_dir()].append(folder / entry.name)

    def _text(self, path: Path) -> str:
        return _text(path.relative_to(self._root).as_posix())


def _text(name: str) -> str:
    """A file's name as text, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "replace")
