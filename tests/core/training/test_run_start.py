"""What a run says when it starts."""

import pytest
import torch

from bilstm_core import events
from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.compute import devices
from bilstm_core.data.dataset import Dataset
from bilstm_core.training import run_start
from tests.core.hardware import needs_bfloat16
from tests.core.trainers import make_trainer
from tests.samples import small_config
from tests.sessions import recorded


@needs_bfloat16
@pytest.mark.parametrize(("native", "warns"), [(True, False), (False, True)])
def test_bfloat16_without_hardware_for_it_is_a_warning(
    native: bool, warns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_start, "has_bfloat16", lambda _: native)
    recorder = recorded(small_config(precision="bfloat16", num_epochs=1))
    assert bool(recorder.of(events.RunWarning)) is warns
    assert recorder.of(events.RunStarted)[0].device.precision == "bfloat16"


@pytest.mark.parametrize(("native", "warns"), [(True, False), (False, True)])
def test_the_warning_needs_no_such_processor(
    native: bool, warns: bool, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_start, "has_bfloat16", lambda _: native)
    monkeypatch.setattr(devices, "runs_in_bfloat16", lambda *_: True)
    prepared = make_trainer(small_config(precision="bfloat16"), digits).prepared
    assert prepared.precision is torch.bfloat16
    warnings = list(run_start.precision_warnings(prepared))
    assert ["no native bfloat16" in warning for warning in warnings] == [True] * warns


def test_a_processor_that_cannot_compute_in_bfloat16_trains_in_float32_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(devices, "runs_in_bfloat16", lambda *_: False)
    recorder = recorded(small_config(precision="bfloat16", num_epochs=1))
    (warning,) = recorder.of(events.RunWarning)
    assert warning.message.endswith("cannot run an LSTM in bfloat16: this run computes in float32.")
    (started,) = recorder.of(events.RunStarted)
    assert started.device.precision == "float32"
    assert started.config["precision"] == "bfloat16", "what was asked for stays in the log"
    assert recorder.losses == recorded(small_config(num_epochs=1)).losses


@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_trains_on_every_processor(cell: str) -> None:
    recorder = recorded(small_config(precision="bfloat16", cell=cell, num_epochs=1))
    can_run = devices.runs_in_bfloat16(cell, torch.device("cpu"))
    expected = "bfloat16" if can_run else "float32"
    assert recorder.of(events.RunStarted)[0].device.precision == expected
    assert recorder.all[-1].type == "finished"


def test_the_description_of_the_data_is_in_it(digits: Dataset) -> None:
    config = small_config(validation_fraction=0.1, num_epochs=1)
    (started,) = recorded(config).of(events.RunStarted)
    assert started.data == digits.hold_out(0.1, config.seed).spec
    assert started.data.fingerprint == digits.spec.fingerprint != ""
    assert sum(started.data.class_sizes["validation"]) == started.data.validation_size == 144
    assert events.from_json(events.to_json(started)) == started
