"""Files of tensors that do not fit are refused before they are read."""

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bilstm_core.network.tensor_file import Kind, TensorFile, to_bytes

KEY = "key"
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7)}
KINDS = {name: Kind.of(tensor) for name, tensor in TENSORS.items()}


def read(path: Path) -> dict[str, torch.Tensor]:
    with path.open("rb") as file:
        return TensorFile(file, KEY).read(KINDS)


def with_header(header: object, content: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def entry(kind: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def test_what_is_written_is_read_as_tensors_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(to_bytes({**TENSORS, "a": TENSORS["a"].T.clone().T}, KEY, "words"))
    with path.open("rb") as file:
        stored = TensorFile(file, KEY)
        assert stored.description == "words"
        found = stored.read(KINDS)
    assert all(found[name].equal(tensor) for name, tensor in TENSORS.items())
    assert all(tensor.is_contiguous() for tensor in found.values())
    found["a"] += 1
    assert read(path)["a"].equal(TENSORS["a"])


METADATA = {"__metadata__": {KEY: ""}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\xff" * 100,
        (10**6).to_bytes(8, "little") + b"{}",
        with_header([]),
        with_header({}),
        with_header({"__metadata__": {"other": ""}}),
        with_header({**METADATA, "a": None}),
        with_header({**METADATA, "a": entry("F32", [2, 3], 0, 24)}, bytes(24)),
        with_header(
            {**METADATA, "a": entry("F32", [2**31, 3], 0, 24), "b": entry("I64", [], 24, 32)},
            bytes(32),
        ),
        with_header(  # both at the same place
            {**METADATA, "a": entry("F32", [2, 3], 0, 24), "b": entry("I64", [], 0, 8)}, bytes(32)
        ),
        with_header(
            {**METADATA, "a": entry("F32", [2, 3], 0, 24), "b": entry("I64", [], 24, 32)},
            bytes(31),
        ),
        with_header(
            {**METADATA, "a": entry("F64", [2, 3], 0, 48), "b": entry("I64", [], 48, 56)},
            bytes(56),
        ),
        with_header({**METADATA, "a": {**entry("F32", [2, 3], 0, 24), "dtype": []}}, bytes(24)),
        with_header({**METADATA, "a": {**entry("F32", [], 0, 24), "shape": "23"}}, bytes(24)),
        len(b"[" * 90_000).to_bytes(8, "little") + b"[" * 90_000,
    ],
)
def test_what_does_not_fit_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ValueError):  # noqa: PT011 - of many words
        read(path)


@pytest.mark.parametrize(
    "claim", [lambda path: os.truncate(path, 1 << 40), lambda path: os.truncate(path, 1 << 33)]
)
def test_a_file_of_holes_takes_no_memory(claim: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(to_bytes(TENSORS, KEY, ""))
    claim(path)
    tracemalloc.start()
    with pytest.raises(ValueError, match="never written"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
