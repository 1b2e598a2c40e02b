"""NumPy's files: .npz with arrays X and y, and .npy with one sequence.

Of an array only its header and bytes are read: nothing is unpickled, and no memory is used for
what a header claims but the file does not hold.
"""

import lzma
import math
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ...errors import DataError
from ...wording import counted
from .content import opened
from .limits import MOST_BYTES, listed, require_size, unreadable
from .recordings import Read, Recordings, numbered

Array = NDArray[np.generic]

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, TypeError, KeyError, MemoryError, OverflowError),
)
"""What numpy and zipfile raise for files that are none, or encrypted."""
_ROLES = ("x", "y", "lengths", "groups", "ids", "feature_names")
_NUMBERS, _INTEGERS, _NAMES = "biuf", "iu", "biufSU"
_RAGGED = (
    "Save sequences of different lengths one after another: "
    "np.savez(FILE, X=np.concatenate(sequences), lengths=[*map(len, sequences)], y=labels)."
)

_AS_TEXT = "Save them as text: np.savez(FILE, …, {name}={name}.astype(str))."
_AGAIN = "Save it again with np.savez, or copy it again if it comes from elsewhere."


def read_npz(path: Path) -> Read:
    """Read `X` and `y`, or `X_train`, `y_train`, `X_test` and `y_test`, in any case.

    X has shape (N, T), (N, T, features), or (all steps, features) beside `lengths`, which may also
    stand beside padded sequences. `groups`, `ids` and `feature_names` are read where there are any.
    All but the last have the ending of their X.

    Raises:
        DataError: It cannot be read; the message names the array.
    """
    arrays, others = _read_members(path)
    endings = ("_train", "_test") if "x_train" in arrays else ("",)
    parts = [_part(path, arrays, ending) for ending in endings if f"x{ending}" in arrays]
    if not parts:
        raise unreadable(
            path,
            f"it has no array X or X_train, but {listed([*arrays, *others])}",
            "Save it with np.savez(FILE, X=values, y=labels).",
        )
    used = {f"{role}{ending}" for role in _ROLES for ending in endings} | {"feature_names"}
    others += [name for name in arrays if name not in used]
    notes = (f"Arrays that are not used: {listed(others)}.",) if others else ()
    kind = "images" if parts[0].values[0].dtype == np.uint8 else "series"
    return Read("NumPy arrays", kind, parts[0], parts[1] if len(parts) > 1 else None, notes)


def read_npy(path: Path) -> NDArray[np.float32]:
    """Read one sequence of shape (T,) or (T, features) as (T, features).

    Raises:
        DataError: It cannot be read.
    """
    with opened(path) as file:
        array = _read_array(path, file, "")
    if array.ndim not in (1, 2) or array.dtype.kind not in _NUMBERS:
        problem = f"the array has shape {array.shape} and type {array.dtype}"
        raise unreadable(path, problem, "A sequence has shape (T,) or (T, features).")
    array = array.reshape(len(array), -1)
    require_size(path, values=array.size, steps=len(array), features=array.shape[1])
    return _narrowed(path, "value", array)


def _read_members(path: Path) -> tuple[dict[str, Array], list[str]]:
    """The arrays with a meaning by name in lower case, and the names of the others."""
    arrays: dict[str, Array] = {}
    others = []
    known = {f"{role}{ending}" for role in _ROLES for ending in ("", "_train", "_test")}
    with opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                if sum(member.file_size for member in members) > MOST_BYTES:
                    most = f"at most {MOST_BYTES:,} are read"
                    raise unreadable(path, f"unpacked it has more bytes, and {most}")
                for member in members:
                    name = member.filename.removesuffix(".npy")
                    if (key := name.lower()) not in known:
                        others.append(name)
                    elif key in arrays:
                        raise unreadable(path, f"it has several arrays {name}")
                    else:
                        with archive.open(member) as content:
                            arrays[key] = _read_array(path, content, name)
        except _DAMAGED as error:
            reason = f"it is damaged or no .npz file ({str(error) or type(error).__name__:.80})"
            raise unreadable(path, reason, _AGAIN) from None
    return arrays, others


def _read_array(path: Path, file: IO[bytes], name: str) -> Array:
    """Read the header and the elements of an array; `name` is for messages."""
    what = f"array {name}" if name else "the array"
    try:
        with warnings.catch_warnings(action="ignore"):  # of headers that Python 2 wrote
            shape, is_fortran, dtype = _HEADERS[npy.read_magic(file)](file)
    except (*_DAMAGED, SyntaxError, TokenError):
        raise unreadable(path, f"{what} does not start as a .npy file does") from None
    if dtype.hasobject:
        problem = f"{what} holds Python objects, which are not read, because that can run code"
        is_values = not name or name.lower().startswith("x")
        raise unreadable(path, problem, _RAGGED if is_values else _AS_TEXT.format(name=name))
    if dtype.kind not in _NAMES:
        raise unreadable(path, f"{what} has type {dtype!s:.80} instead of numbers or names")
    if min(shape, default=1) < 1:
        raise unreadable(path, f"{what} is empty: its shape is {shape}")
    size = math.prod(shape) * dtype.itemsize
    if size > MOST_BYTES:
        raise unreadable(
            path, f"{what} has shape {shape}, and at most {MOST_BYTES:,} bytes are read"
        )
    content = file.read(size)
    if len(content) < size:
        raise unreadable(
            path, f"{what} has shape {shape}, but only {counted(len(content), 'byte')} follow"
        )
    elements = np.frombuffer(content, dtype, count=math.prod(shape))
    return elements.reshape(shape, order="F" if is_fortran else "C")


def _part(path: Path, arrays: Mapping[str, Array], ending: str) -> Recordings:
    name = f"X{ending}"
    array, lengths = arrays[f"x{ending}"], arrays.get(f"lengths{ending}")
    values = _sequences(path, name, array, lengths)
    count, features = len(values), values[0].shape[1]
    return Recordings(
        values,
        labels=_names(path, arrays, f"y{ending}", count),
        ids=_names(path, arrays, f"ids{ending}", count) or numbered(count),
        groups=_names(path, arrays, f"groups{ending}", count),
        feature_names=tuple(_names(path, arrays, "feature_names", features) or ()),
    )


def _sequences(
    path: Path, name: str, array: Array, lengths: Array | None
) -> Sequence[NDArray[np.float32] | NDArray[np.uint8]]:
    """The sequences in an array, each of shape (T, features); those of images as bytes."""
    require_size(path, values=array.size)
    if lengths is not None:
        return _of_lengths(path, name, array, lengths)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]  # images with one channel
    is_image = array.ndim == 3 and array.dtype == np.uint8
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.dtype.kind not in _NUMBERS:
        raise _unfit(path, name, array)
    require_size(path, steps=array.shape[1], features=array.shape[2])
    return [*(np.array(array, order="C") if is_image else _narrowed(path, name, array))]


def _of_lengths(
    path: Path, name: str, array: Array, lengths: Array
) -> Sequence[NDArray[np.float32]]:
    """The sequences in an array that holds them one after another, or padded."""
    if lengths.ndim != 1 or lengths.dtype.kind not in _INTEGERS or lengths.min() < 1:
        raise unreadable(path, f"the lengths of {name} are not one whole number a sequence")
    steps = [*map(int, lengths)]
    require_size(path, steps=max(steps))
    is_flat = array.ndim in (1, 2) and sum(steps) == len(array)
    is_padded = array.ndim in (2, 3) and len(steps) == len(array) and max(steps) <= array.shape[1]
    if not (is_flat or is_padded) or array.dtype.kind not in _NUMBERS:
        raise _unfit(path, name, array, f"; its lengths are {len(steps):,}, {sum(steps):,} steps")
    array = array.reshape(*array.shape[: 1 if is_flat else 2], -1)
    require_size(path, features=array.shape[-1])
    values = _narrowed(path, name, array)
    if is_flat:
        return np.split(values, [*accumulate(steps[:-1])])
    return [sequence[:length] for sequence, length in zip(values, steps, strict=True)]


def _unfit(path: Path, name: str, array: Array, more: str = "") -> DataError:
    problem = f"{name} has shape {array.shape} and type {array.dtype}{more}"
    wanted = "X holds numbers of shape (N, T), (N, T, features), or (all steps, features)."
    return unreadable(path, problem, wanted, _RAGGED)


def _narrowed(path: Path, name: str, array: Array) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        values = np.array(array, np.float32, order="C")  # a copy, which can be written to
    if (wrong := np.isinf(values)).any():
        at = tuple(map(int, np.unravel_index(int(wrong.argmax()), values.shape)))
        problem = f"{name}[{', '.join(map(str, at))}] is {array[at]}, no finite 32-bit number"
        raise unreadable(path, problem)
    return values


def _names(path: Path, arrays: Mapping[str, Array], key: str, count: int) -> list[str] | None:
    """Labels, groups or ids as text; None where the file has none."""
    array = arrays.get(key)
    if array is None:
        return None
    if array.shape not in {(count,), (count, 1)}:
        raise _unequal(path, key, array, count)
    return [*map(_as_text, array.reshape(-1).tolist())]


def _unequal(path: Path, key: str, array: Array, count: int) -> DataError:
    """The error for labels, groups or ids that are not one a sequence, or names of features."""
    each = "feature" if key == "feature_names" else "sequence"
    advice = f"Save one entry of {key} for each {each}."
    if array.ndim == 1:
        entries = f"{len(array):,} {'entry' if len(array) == 1 else 'entries'}"
        x = "X_train" if key.endswith("_train") else "X_test" if key.endswith("_test") else "X"
        problem = f"array {key} has {entries}, and {x} has {counted(count, each)}"
        return unreadable(path, problem, advice)
    if key.startswith("y") and array.shape[:1] == (count,):
        advice = f"np.argmax({key}, axis=1) makes labels of a column a class."
    problem = f"array {key} has shape {array.shape} instead of ({count:,},)"
    return unreadable(path, problem, advice)


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
