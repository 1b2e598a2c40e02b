"""What the machine's devices do, in a line."""

import asyncio

import pytest
from textual.app import App, ComposeResult

from bilstm_core.compute.gpus import Gpu
from bilstm_tui.app.widgets import device_usage
from bilstm_tui.app.widgets.device_usage import DeviceUsage
from tests.tui.driving import (
    text,
    until,
)


class DeviceUsageApp(App[None]):
    """Shows what is free, in short."""

    CSS = "DeviceUsage { width: auto; min-width: 8; height: 1; }"

    def compose(self) -> ComposeResult:
        yield DeviceUsage(is_short=True)


def test_there_is_room_for_what_the_gpus_do(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Gpu(0, "H100", 70 * 2**30, 80 * 2**30, 33)
    monkeypatch.setattr(device_usage, "list_gpus", lambda: [gpu])

    async def main() -> None:
        async with DeviceUsageApp().run_test() as pilot:
            await until(pilot, lambda: "gpu0 33% 10/80 GiB" in text(pilot.app))

    asyncio.run(main())
