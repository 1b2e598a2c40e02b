"""The network as it will be: a sketch with shapes and counts, memory, time, and its command."""

from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.catalog import CATALOG
from bilstm_core.network.cost import BYTES_A_PARAMETER, steps_per_epoch
from bilstm_core.network.summary import LayerSummary, ModelSummary, summarise
from bilstm_core.runs.duration import StepTiming, estimate_seconds

from ...text.command_line import command_for

_MIB = 2**20
_BYTES_A_STATE = 4 * 8
"""Kept for the way back: four gates, and the states before and after them."""
_READOUTS = {
    "all": "all states",
    "last": "last state",
    "final": "final states",
    "mean": "mean over rows",
    "max": "max over rows",
}
_MOST_LAYERS = 3
"""Layers that are drawn; of more, the first and the last."""


class NetworkSketch(Static):
    """A live sketch of the architecture."""

    def __init__(self) -> None:
        super().__init__()
        self._device = "cpu"
        self._observed: list[StepTiming] = []
        self._shown: tuple[RunConfig, str] | None = None

    def learn(self, observed: list[StepTiming], device: str) -> None:
        """Take what earlier runs took, and where `auto` will train."""
        self._observed, self._device = observed, device
        if self._shown:
            self.show(*self._shown)

    def show(self, config: RunConfig, preset: str) -> None:
        """Draw a configuration's network."""
        self._shown = (config, preset)
        model, facts = summarise(config), CATALOG[config.dataset]
        steps = steps_per_epoch(config)
        lines = Table.grid()
        heading = Text(model.title, style="bold")
        lines.add_row(heading.append(f"  {model.parameters:,} parameters", "not bold dim"))
        lines.add_row("")
        lines.add_row(_sketch(config, model))
        lines.add_row("")
        lines.add_row(
            f"{facts.title}: {facts.train_size:,} training images, {steps:,} steps an epoch, "
            f"{steps * config.num_epochs:,} in all"
        )
        lines.add_row(f"memory: about {_memory(config) / _MIB:,.0f} MiB beside PyTorch's own")
        lines.add_row(self._time(config))
        lines.add_row("")
        lines.add_row(Text(command_for(config, preset), style="green"))
        self.update(lines)

    def show_problem(self, problem: str) -> None:
        """Say what is wrong with the settings."""
        self._shown = None
        self.update(Text(problem, style="bold red"))

    def _time(self, config: RunConfig) -> str:
        device = self._device if config.device == "auto" else config.device
        device = "cuda:0" if device == "cuda" else device
        seconds = estimate_seconds(config, device, self._observed)
        runs = sum(one.device == device for one in self._observed)
        source = f"judged by {runs} run{'s' * (runs > 1)} here" if runs else "a guess: no run yet"
        return f"time: about {_about(seconds)} on {device} ({source})"


def _sketch(config: RunConfig, model: ModelSummary) -> Table:
    """The way of an image through the network, downwards, with shapes and parameters."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", style="cyan", no_wrap=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    cell = f"{config.cell.upper()} {config.hidden_size}"
    width = max(len(cell) + 6, 14)

    def stage(words: str, layer: LayerSummary, style: str = "") -> None:
        shape = " × ".join(map(str, layer.output_shape))
        count = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(Text(words, style), shape, count)

    def line(words: str) -> None:
        table.add_row(Text(words, "dim"))

    first, *rest = model.layers
    stage(f"{first.output_shape[0]} rows".center(width), first, "bold")
    recurrent = [layer for layer in rest if layer.name.startswith("layer")]
    for number, layer in enumerate(recurrent):
        if len(recurrent) > _MOST_LAYERS and 0 < number < len(recurrent) - 1:
            if number == 1:
                line(f"{'⋮':^{width}} {len(recurrent) - 2} more like it")
            continue
        line("┌" + "┴".center(width - 2, "─") + "┐")
        stage(f"│{f'↓ {cell}':^{width - 2}}│", layer)
        if config.bidirectional:
            line(f"│{f'↑ {cell}':^{width - 2}}│")
        line("└" + "┬".center(width - 2, "─") + "┘")
    for layer in rest[len(recurrent) :]:
        kind, _, what = layer.name.partition(": ")
        if kind == "readout":
            stage(_READOUTS[what].center(width), layer)
        elif kind == "merge":
            stage(what.center(width), layer)
        else:
            line(" " * ((width - 1) // 2) + "│")
            stage(f"{layer.output_shape[0]} classes".center(width), layer, "bold")
    return table


def _about(seconds: float) -> str:
    if seconds < 1:
        return "a second"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 86_400:
        hours, minutes = divmod(max(1, round(seconds / 60)), 60)
        return f"{hours} h {minutes} min".removeprefix("0 h ")
    return f"{seconds / 86_400:.1f} days"


def _memory(config: RunConfig) -> int:
    """Bytes, before what PyTorch itself takes."""
    model, facts = summarise(config), CATALOG[config.dataset]
    directions = 2 if config.bidirectional else 1
    states = config.batch_size * facts.sequence_length * config.num_layers * directions
    return BYTES_A_PARAMETER * model.parameters + _BYTES_A_STATE * states * config.hidden_size
