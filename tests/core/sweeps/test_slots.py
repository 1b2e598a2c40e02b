"""Where trials are trained: the devices as they are written, and the cores they share."""

import pytest

from bilstm_core.compute.gpus import Gpu
from bilstm_core.errors import UsageError
from bilstm_core.sweeps import slots
from bilstm_core.sweeps.slots import Slot, find_slots


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "physical_cores", lambda: 8)
    monkeypatch.setattr(slots, "list_gpus", list)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("devices", "parallel", "trials", "expected"),
    [
        ("auto", 0, 50, [Slot("cpu", 1)] * 8),
        ("auto", 0, 8, [Slot("cpu", 4)] * 2),
        ("auto", 0, 1, [Slot("cpu", 8)]),
        ("cpu", 3, 50, [Slot("cpu", 2)] * 3),
        ("cpu×4", 0, 50, [Slot("cpu", 2)] * 4),
        ("cpux4", 1, 50, [Slot("cpu", 2)] * 4),
        ("cpux16", 0, 50, [Slot("cpu", 1)] * 16),
        ("cpu,cpu", 0, 1, [Slot("cpu", 4)] * 2),
        ("cpu,cpu", 0, 50, [Slot("cpu", 1)] * 8),
        ("cpux1,cpu×3", 0, 50, [Slot("cpu", 2)] * 4),
        ("cuda:0, cuda:2", 0, 50, [Slot("cuda:0", 0), Slot("cuda:2", 0)]),
        ("cuda:1", 2, 50, [Slot("cuda:1", 0)] * 2),
        ("cuda:0,cpux1", 0, 50, [Slot("cuda:0", 0), Slot("cpu", 8)]),
    ],
)
def test_slots(devices: str, parallel: int, trials: int, expected: list[Slot]) -> None:
    assert find_slots(devices, parallel, trials) == expected


def test_all_gpus_that_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus = [Gpu(index, "H100", 1, 1, 0) for index in range(4)]
    monkeypatch.setattr(slots, "list_gpus", lambda: gpus)
    assert find_slots("auto", 0, 50) == [Slot(f"cuda:{index}", 0) for index in range(4)]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert find_slots("auto", 0, 50) == [Slot("cuda:0", 0), Slot("cuda:1", 0)]
    with pytest.raises(UsageError, match="no GPU cuda:2 here"):
        find_slots("cuda:1,cuda:2", 0, 50)
    for nothing in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", nothing)
        assert find_slots("auto", 0, 4) == [Slot("cpu", 8)]


@pytest.mark.parametrize(
    "devices", ["", "gpu", "cpu×", "cuda:", "cpu×99999", "cpu,,cpu", "\x1b", "cpux0"]
)
def test_what_is_not_understood(devices: str) -> None:
    with pytest.raises(UsageError):
        find_slots(devices, 0, 50)


def test_at_most_a_thousand() -> None:
    with pytest.raises(UsageError, match="2,000 trials at once; at most 1,024"):
        find_slots("cpu×2000", 0, 50)
