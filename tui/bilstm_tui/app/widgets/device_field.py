"""The field of the device: what there is on this machine, as it is when one looks."""

import asyncio

from textual.widgets import Select
from textual.widgets._select import SelectCurrent, SelectOverlay

from bilstm_core.compute.gpus import Gpu, list_gpus

from .device_usage import processor_in_short

_GIB = 2**30


class DeviceField(Select[str]):
    """Names of devices; opened, with what is free on each.

    Args:
        value: The device that is chosen; it need not be here.
        id: Textual's.
    """

    def __init__(self, value: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(_offers(value, []), value=value, allow_blank=False, id=id, compact=True)

    def choose(self, value: str) -> None:
        """Choose a device, also one that is not here."""
        if value != self.value:
            self.set_options(_offers(value, []))
            self.value = value

    def watch_value(self, value: str) -> None:
        """Closed, there is room for its name alone."""
        for current in self.query(SelectCurrent):
            current.update(value)

    async def watch_expanded(self, expanded: bool) -> None:
        """Look at the devices when the list is opened."""
        if not expanded:
            return
        gpus = await asyncio.to_thread(list_gpus)
        value = str(self.value)
        offers = _offers(value, gpus)
        with self.prevent(Select.Changed):
            self.set_options(offers)
            self.value = value
        chosen = [offered for _, offered in offers].index(value)
        self.query_one(SelectOverlay).highlighted = chosen


def _offers(chosen: str, gpus: list[Gpu]) -> list[tuple[str, str]]:
    """What to show and what it stands for."""
    named = {
        "auto": "auto    the first GPU, or else the CPU",
        "cpu": f"cpu     {processor_in_short().removeprefix('cpu ')} busy",
    }
    if gpus:
        named["cuda"] = "cuda    the first GPU"
    for gpu in gpus:
        named[f"cuda:{gpu.index}"] = (
            f"cuda:{gpu.index}  {gpu.memory_free / _GIB:.0f} of {gpu.memory_total / _GIB:.0f} GiB "
            f"free, {gpu.utilisation} % busy, {gpu.name}"
        )
    named.setdefault(chosen, f"{chosen}  not found here")
    return [(words, value) for value, words in named.items()]
