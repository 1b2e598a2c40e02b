"""Files of weights may be anybody's: nothing is executed, and they become no larger in memory."""

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from bilstm_core.errors import WeightsError
from bilstm_core.imports.weights_file import read_weights

WEIGHTS = {"lstm.weight": torch.randn(3, 2), "lstm.bias": torch.zeros(3)}


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_both_formats_and_every_precision_are_read(
    dtype: torch.dtype, ending: str, tmp_path: Path
) -> None:
    weights = {name: it.to(dtype) for name, it in WEIGHTS.items()}
    path = tmp_path / f"w{ending}"
    if ending == ".pt":
        torch.save(weights, path)
    else:
        safetensors.torch.save_file(weights, path, {"format": "pt"})
    found = read_weights(path)
    assert found.keys() == weights.keys()
    for name, tensor in found.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, weights[name].float())


@pytest.mark.parametrize("name", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_of_a_training_script_is_read(name: str, tmp_path: Path) -> None:
    module = nn.LSTM(2, 2)
    optimizer = torch.optim.Adam(module.parameters())
    content = {"epoch": 3, name: module.state_dict(), "optimizer": optimizer.state_dict()}
    found = read_weights(saved(content, tmp_path / "w.pt"))
    assert found.keys() == module.state_dict().keys()


def test_parameters_and_views_are_read(tmp_path: Path) -> None:
    content = {"a": nn.Parameter(torch.ones(2, 3)), "b": torch.arange(6.0).view(2, 3).T}
    found = read_weights(saved(content, tmp_path / "w.pt"))
    assert torch.equal(found["b"], content["b"])
    assert found["b"].is_contiguous()


class Dangerous:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch executed",))


@pytest.mark.parametrize("content", [nn.LSTM(2, 2), {"a": Dangerous()}])
def test_python_objects_are_refused_with_the_line_that_saves_weights(
    content: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    path = saved(content, tmp_path / "whole.pt")
    with pytest.raises(WeightsError, match="holds Python objects") as raised:
        read_weights(path)
    assert f"torch.save(model.state_dict(), '{tmp_path}/whole.weights.pt')" in raised.value.advice
    assert not (tmp_path / "executed").exists()


class Calls:
    """What PyTorch's reader calls: nothing dangerous, but with any arguments."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def views(count: int) -> dict[str, torch.Tensor]:
    tensor = torch.ones(1000)
    return {f"{number}": tensor[:] for number in range(count)}


def zipped(path: Path, kind: int, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in parts.items():
            archive.writestr(f"w/{name.replace('_pkl', '.pkl')}", content)
    return path


def hole(path: Path) -> Path:
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(3 << 30)
    return path


def header_of(text: bytes, path: Path, content: bytes = b"") -> Path:
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda it: it / "missing.pt", "No such file"),
        (lambda it: it, "not a regular file"),
        (lambda it: zipped(it / "w.pt", zipfile.ZIP_DEFLATED, data_pkl=b"0" * 99), "compressed"),
        (lambda it: zipped(it / "w.pt", 0, data_pkl=b"0" * (5 << 20)), "description is too long"),
        (
            lambda it: zipped(it / "w.pt", 0, data_pkl=pickle.dumps(3), version=b"3"),
            "damaged|by name",
        ),
        (lambda it: hole(it / "w.pt"), "never written"),
        (lambda it: saved({"a": torch.zeros(1).expand(10**9, 9)}, it / "w.pt"), "larger than"),
        (lambda it: saved({"a": torch.ones(2).to_sparse()}, it / "w.pt"), "no plain tensor"),
        (lambda it: saved({"a": torch.ones(2, dtype=torch.int64)}, it / "w.pt"), "of type int64"),
        (lambda it: saved({"a": torch.tensor([float("nan")])}, it / "w.pt"), "nan or infinite"),
        (lambda it: saved([torch.ones(2)], it / "w.pt"), "no tensors by name"),
        (lambda it: saved({"state": {}, "param_groups": []}, it / "w.pt"), "no tensors by name"),
        (lambda it: zipped(it / "w.pt", 0, readme=b"no network"), "neither a .safetensors"),
        (lambda it: zipped(it / "w.pt", 0, data_pkl=b"", constants_pkl=b""), "TorchScript"),
        (lambda it: saved(views(900), it / "w.pt"), "larger than the file"),
        (lambda it: saved({"a": Calls(bytearray, 1 << 40)}, it / "w.pt"), "other things than"),
        (lambda it: saved({"a": Calls(torch.Size, 3)}, it / "w.pt"), "damaged"),
        (lambda it: header_of(b"{}", it / "w.bin"), "neither a .safetensors file nor"),
        (lambda it: header_of(b"[" * 99999, it / "w.safetensors"), "damaged"),
        (
            lambda it: header_of(
                b'{"a":{"dtype":"F32","shape":[99999999],"data_offsets":[0,4]}}',
                it / "w.safetensors",
                b"0000",
            ),
            "its size is not that of its tensors",
        ),
        (
            lambda it: header_of(
                b'{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}',
                it / "w.safetensors",
                b"00000000",
            ),
            "of type I64",
        ),
    ],
)
def test_hostile_and_damaged_files_are_refused_in_words(
    make: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=message) as raised:
        read_weights(make(tmp_path))
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_file_that_is_cut_anywhere_is_refused(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"w{ending}"
    if ending == ".pt":
        torch.save(WEIGHTS, path)
    else:
        safetensors.torch.save_file(WEIGHTS, path)
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(WeightsError):
            read_weights(path)
