"""Named tensors in a .pt or .safetensors file of another program, which may be anybody's."""

import math
import os
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from ..cleaning import one_line
from ..errors import WeightsError
from ..files import open_regular_file
from ..network.tensor_file import TensorFile, require_stored

_MOST_FILE_BYTES = 4 << 30
_MOST_PICKLE_BYTES = 4 << 20
_MOST_DIRECTORY_BYTES = 8 << 20
_MOST_TENSORS = 10_000
_MOST_REPEATS = 4
"""How often the content of a file may be in its tensors: shared weights are in two or more."""
_BYTEARRAY = b"\nbytearray\n"
"""In a pickle: PyTorch calls it, and it takes as much memory as the file says."""
_ZIP_START = b"PK\x03\x04"
_TYPES = {
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float32: "F32",
    torch.float64: "F64",
}
_NESTED = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
"""Under one of these names a checkpoint of a training script has its weights."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The floating point tensors of a file by name, in float32; nothing in it is executed.

    Raises:
        WeightsError: It cannot be read, is damaged, or holds something else.
    """
    try:
        with open_regular_file(path, "rb", follow_links=True) as file:
            tensors = _tensors_in(file, path)
            _require_plain(tensors, path, os.fstat(file.fileno()).st_size)
            return {
                name: tensor.to(torch.float32, copy=True, memory_format=torch.contiguous_format)
                for name, tensor in tensors.items()
            }
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from None
    except Exception as error:  # a pickle without sense makes PyTorch raise anything
        what = one_line(str(error)) or type(error).__name__
        raise WeightsError(f"{path} is damaged: {what}.") from None


def _tensors_in(file: IO[bytes], path: Path) -> dict[str, Tensor]:
    if os.fstat(file.fileno()).st_size > _MOST_FILE_BYTES:
        raise WeightsError(f"{path} is larger than {_MOST_FILE_BYTES >> 30} GiB.")
    require_stored(file)
    is_zip = file.read(len(_ZIP_START)) == _ZIP_START
    file.seek(0)
    if is_zip:
        return _of_pytorch(file, path)
    if path.suffix == ".safetensors":
        return _of_safetensors(file, path)
    raise _other_format(path)


def _other_format(path: Path) -> WeightsError:
    return WeightsError(
        f"{path} is neither a .safetensors file nor one of PyTorch's (since 1.6).",
        _save_line(path),
    )


def _of_safetensors(file: IO[bytes], path: Path) -> dict[str, Tensor]:
    stored = TensorFile(file)
    for name, kind in stored.kinds.items():
        if kind.type not in _TYPES.values():
            raise _wrong_type(path, name, kind.type)
    return stored.read(stored.kinds)


def _of_pytorch(file: IO[bytes], path: Path) -> dict[str, Tensor]:
    """The tensors of a file that `torch.save` wrote: a `state_dict`, or a dict with one in it."""
    _require_small_parts(file, path)
    file.seek(0)
    try:
        with warnings.catch_warnings(action="ignore"):  # of what is unusual in the file
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} holds Python objects, as `torch.save(model, …)` writes them. Reading them "
            "would execute code of the file, so only files of tensors are imported.",
            _save_line(path),
        ) from error
    for name in _NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    named = content.items() if isinstance(content, Mapping) else ()
    tensors = {
        name: value for name, value in named if isinstance(name, str) and isinstance(value, Tensor)
    }
    if not tensors:
        raise WeightsError(f"{path} holds no tensors by name.", _save_line(path))
    if len(tensors) > _MOST_TENSORS:
        raise ValueError("it has too many tensors")
    return tensors


def _save_line(path: Path) -> str:
    file = ascii(str(path.with_name(f"{path.stem}.weights.pt")))
    return (
        f"Where the network was trained, save its weights: torch.save(model.state_dict(), {file})"
    )


class _Bounded:
    """A file of which no large piece is read at once: zipfile reads a directory of any length."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, count: int = -1) -> bytes:
        if not 0 <= count <= _MOST_DIRECTORY_BYTES:
            count = _MOST_DIRECTORY_BYTES
        return self._file.read(count)


def _require_small_parts(file: IO[bytes], path: Path) -> None:
    """Check that the parts of the file need no more memory than the file has bytes."""
    bounded: Any = _Bounded(file)
    try:
        with zipfile.ZipFile(bounded) as archive:
            parts = archive.infolist()
            by_name = {part.filename.rpartition("/")[2]: part for part in parts}
            if "constants.pkl" in by_name:
                raise WeightsError(f"{path} is a TorchScript program.", _save_line(path))
            if "data.pkl" not in by_name:
                raise _other_format(path)
            if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
                raise ValueError("its parts are compressed")
            if sum(part.file_size for part in parts) > os.fstat(file.fileno()).st_size:
                raise ValueError("its parts overlap")
            for part in parts:
                if part.filename.rpartition("/")[2] == "data.pkl":
                    _require_small_pickle(archive, part)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(str(error)) from None


def _require_small_pickle(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.file_size > _MOST_PICKLE_BYTES:
        raise ValueError("its description is too long")
    del part.CRC  # PyTorch can be told not to write it
    if _BYTEARRAY in archive.read(part):
        raise ValueError("it holds other things than tensors")


def _require_plain(tensors: Mapping[str, Tensor], path: Path, size: int) -> None:
    """Check that each tensor is one of floating point numbers that the file holds, all finite."""
    left = _MOST_REPEATS * size
    for name, tensor in tensors.items():
        shown = one_line(name)
        if type(tensor) not in {Tensor, torch.nn.Parameter} or tensor.layout != torch.strided:
            raise WeightsError(f"{path} has {shown}, which is no plain tensor.")
        # a view of a few bytes can have any shape, and there can be any number of views
        num_bytes = math.prod(tensor.shape) * tensor.element_size()
        left -= num_bytes
        if num_bytes > size or left < 0:
            raise WeightsError(f"{path} is damaged: {shown} is larger than the file.")
        if tensor.dtype not in _TYPES:
            raise _wrong_type(path, name, str(tensor.dtype).removeprefix("torch."))
        if not bool(tensor.isfinite().all()):
            raise WeightsError(f"{path} has nan or infinite values in {shown}.")


def _wrong_type(path: Path, name: str, type_name: str) -> WeightsError:
    return WeightsError(
        f"{path} has {one_line(name)}, of type {one_line(type_name)}: the weights of recurrent and "
        "linear layers are floating point numbers."
    )
