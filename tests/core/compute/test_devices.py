"""Devices: their precision, and how a run prepares one."""

import pytest
import torch

from bilstm_core.compute import devices
from tests.samples import small_config


@pytest.mark.parametrize("native", [True, False])
def test_auto_takes_it_only_where_it_is_native(
    native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "has_bfloat16", lambda _: native)
    expected = torch.bfloat16 if native else torch.float32
    assert (
        devices.resolve_precision(small_config(precision="auto"), torch.device("cpu")) is expected
    )


@pytest.mark.parametrize("can_train", [True, False])
def test_bfloat16_is_used_only_where_it_can_be(
    can_train: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "runs_in_bfloat16", lambda *_: can_train)
    expected = torch.bfloat16 if can_train else torch.float32
    assert (
        devices.resolve_precision(small_config(precision="bfloat16"), torch.device("cpu"))
        is expected
    )


def test_where_an_lstm_fails_in_bfloat16_it_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What oneDNN does on processors without AVX-512."""

    def fail(*_: object) -> None:
        raise RuntimeError("could not create a primitive descriptor")

    state = torch.get_rng_state()
    is_usable = devices.runs_in_bfloat16.__wrapped__
    monkeypatch.setattr(torch.nn.LSTM, "forward", lambda _lstm, inputs: inputs)
    assert is_usable("lstm", torch.device("cpu"))
    monkeypatch.setattr(torch.nn.LSTM, "forward", fail)
    assert not is_usable("lstm", torch.device("cpu"))
    assert is_usable("gru", torch.device("cpu"))
    assert is_usable("lstm", torch.device("cuda"))
    assert torch.get_rng_state().equal(state)


@pytest.mark.parametrize("name", ["cuda:1", "cpu"])
def test_streams_are_made_on_the_run_s_gpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[torch.device] = []

    class Current:
        def __init__(self, device: torch.device) -> None:
            self.device = device

        def __enter__(self) -> None:
            entered.append(self.device)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(devices, "available_devices", lambda: ["cuda:0", "cuda:1", "cpu"])
    monkeypatch.setattr(torch.cuda, "device", Current)
    with devices.torch_settings(small_config(device=name)) as device:
        assert device == torch.device(name)
        assert entered == ([device] if device.type == "cuda" else [])


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_float32_is_float32(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """cuDNN's own default is TF32."""
    backends = torch.backends.cuda.matmul, torch.backends.cudnn.rnn
    before = [backend.fp32_precision for backend in backends]
    monkeypatch.setattr(devices, "has_tf32", lambda _: True)
    with devices.torch_settings(small_config(precision=precision)):
        expected = "tf32" if precision == "tf32" else "ieee"
        assert [backend.fp32_precision for backend in backends] == [expected] * 2
    assert [backend.fp32_precision for backend in backends] == before
