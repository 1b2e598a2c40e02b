"""The form's field for the device, which lists the devices of this machine."""

import asyncio

from textual import work
from textual.widgets import OptionList, Select

from bilstm_core.compute.gpus import Gpu, list_gpus

from ..textual_internals import SelectCurrent
from .choice_field import ChoiceField
from .device_usage import short_cpu_usage

_GIB = 2**30


class DeviceField(ChoiceField):
    """A list of devices, which shows their load when it is opened.

    Its value may be a device that this machine does not have.
    """

    def __init__(self, value: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(_options_for(value, []), value, id=id)

    def choose(self, value: str) -> None:
        """Choose a device, also one that this machine does not have."""
        if value != self.value:
            self.set_options(_options_for(value, []))
            self.value = value

    def watch_value(self, value: str) -> None:
        """Show only the name of the device while the list is closed."""
        for current in self.query(SelectCurrent):
            current.update(value)

    def watch_expanded(self, expanded: bool) -> None:
        """Update the devices when the list is opened."""
        super().watch_expanded(expanded)
        if expanded:
            self._list_devices()

    @work(exclusive=True)
    async def _list_devices(self) -> None:
        gpus = await asyncio.to_thread(list_gpus)
        value = str(self.value)
        options = _options_for(value, gpus)
        with self.prevent(Select.Changed):
            self.set_options(options)
            self.value = value
        chosen = [option for _, option in options].index(value)
        self.query_one(OptionList).highlighted = chosen


def _options_for(chosen: str, gpus: list[Gpu]) -> list[tuple[str, str]]:
    """The text and the value of each option."""
    texts = {
        "auto": "auto    the first GPU, or else the CPU",
        "cpu": f"cpu     {short_cpu_usage().removeprefix('cpu ')} busy",
    }
    if gpus:
        texts["cuda"] = "cuda    the first GPU"
    for gpu in gpus:
        texts[f"cuda:{gpu.index}"] = (
            f"cuda:{gpu.index}  {gpu.memory_free / _GIB:.0f} of {gpu.memory_total / _GIB:.0f} GiB "
            f"free, {gpu.utilisation} % busy, {gpu.name}"
        )
    texts.setdefault(chosen, f"{chosen}  not found here")
    return [(text, value) for value, text in texts.items()]
