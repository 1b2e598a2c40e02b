"""Which files are predicted: those that are named, and those in folders."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..cleaning import one_line
from ..data.sources.class_folders import class_files
from ..data.sources.limits import unreadable
from ..data.sources.pictures import image_files
from ..data.sources.recognition import SUFFIXES
from ..data.sources.recordings import label_text
from ..data.spec import DataSpec

_SUFFIXES = {*SUFFIXES, ".npy"}
_MOST_ENTRIES = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """A file with one sequence or many.

    Attributes:
        path: The file.
        id: What a sequence is called that is alone in it: its path below the folder.
        label: The class whose folder it is in; None where there are no such folders.
    """

    path: Path
    id: str
    label: str | None = None


def input_files(path: Path, spec: DataSpec) -> list[InputFile]:
    """The files of a folder, by name; for any other path, the path.

    A folder in which a folder is named like one of the classes is a folder per class, also with
    `train` and `test` above those; otherwise the files directly in it count.

    Raises:
        ImageError: The folder has no images, for a network that reads images.
        DataError: It has no sequences, or cannot be read.
    """
    try:
        if not path.is_dir():
            return [InputFile(path, path.name)]
        if _is_per_class(path, {*map(one_line, spec.classes)}):
            return [InputFile(it.path, it.id, it.label) for it in class_files(path)]
        if spec.kind == "images":
            return [InputFile(file, file.name) for file in image_files(path)]
        names = [it.name for it in _entries(path) if it.suffix.lower() in _SUFFIXES]
    except (OSError, ValueError) as error:
        raise unreadable(path, getattr(error, "strerror", None) or str(error)) from None
    if not names:
        raise unreadable(
            path,
            "it holds neither files of sequences nor folders named like the classes",
            f"Files of sequences end in {', '.join(sorted(_SUFFIXES))}.",
        )
    return [InputFile(path / name, name) for name in sorted(names)]


def _is_per_class(folder: Path, classes: Collection[str]) -> bool:
    folders = [entry for entry in _entries(folder) if entry.is_dir()]
    parts = [entry for entry in folders if entry.name.lower() in {"train", "test"}]
    inner = (entry for part in parts for entry in _entries(part) if entry.is_dir())
    return any(label_text(one_line(entry.name)) in classes for entry in (*folders, *inner))


def _entries(folder: Path) -> Iterator[Path]:
    return (it for it in islice(folder.iterdir(), _MOST_ENTRIES) if not it.name.startswith("."))
