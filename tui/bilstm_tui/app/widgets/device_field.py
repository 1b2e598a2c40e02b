"""The form's field for the device, which lists the devices of this machine."""

import asyncio

from textual import work

from bilstm_core.compute.gpus import Gpu, list_gpus

from .choice_field import ChoiceField
from .device_usage import short_cpu_usage

_GIB = 2**30


class DeviceField(ChoiceField):
    """A list of devices, which shows their load when it is opened.

    Its value may be a device that this machine does not have.
    """

    def __init__(self, value: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(_choices_for(value, []), value, id=id)

    @property
    def text(self) -> str:
        """Only the name of the device."""
        return self.value

    def choose(self, value: str) -> None:
        """Choose a device, also one that this machine does not have."""
        if value not in self.listed:
            self.show(_choices_for(value, []), self.value)
        super().choose(value)

    def action_open(self) -> None:
        """Update the devices when the list is opened."""
        super().action_open()
        self._list_devices()

    @work(exclusive=True)
    async def _list_devices(self) -> None:
        gpus = await asyncio.to_thread(list_gpus)
        self.show(_choices_for(self.value, gpus), self.value)


def _choices_for(chosen: str, gpus: list[Gpu]) -> list[tuple[str, str]]:
    """The text and the value of each choice."""
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
