"""The list of devices in the form."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from bilstm_core.compute.gpus import Gpu
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets import device_field
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.form import Form
from tests.samples import small_config
from tests.tui.driving import (
    FakeWorker,
    drive,
    text,
    unfold,
    until,
)

GIB = 2**30


def test_the_devices_are_listed_as_they_are_when_one_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [70 * GIB]
    monkeypatch.setattr(device_field, "list_gpus", lambda: [Gpu(0, "H100", free[0], 80 * GIB, 3)])

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await unfold(app, pilot, "machine", "device")
        field = app.screen.query_one(device_field.DeviceField)
        app.screen.set_focus(field)
        await until(pilot, lambda: app.focused is field)
        await pilot.press("enter")
        await until(pilot, lambda: "cuda:0  70 of 80 GiB free, 3 % busy, H100" in text(app))
        assert app.train_screen.config == small_config()  # looking changes nothing
        free[0] = 10 * GIB
        await pilot.press("escape", "enter")
        await until(pilot, lambda: "cuda:0  10 of 80 GiB free" in text(app))
        overlay = field.query_one(OptionList)
        await until(pilot, lambda: app.focused is overlay and overlay.highlighted == 1)
        for place in (2, 3):
            await pilot.press("down")
            await until(pilot, lambda: overlay.highlighted == place)  # noqa: B023 - waited for
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.config == small_config(device="cuda:0"))

    drive(FakeWorker(), tmp_path, steps, (120, 50))


def test_a_device_of_another_machine_is_kept(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await unfold(app, pilot, "machine", "device")
        app.screen.query_one(Form).show(small_config(device="cuda:7"))
        await until(pilot, lambda: app.train_screen.config == small_config(device="cuda:7"))
        assert app.screen.query_one("#device", ChoiceField).value == "cuda:7"

    drive(FakeWorker(), tmp_path, steps)
