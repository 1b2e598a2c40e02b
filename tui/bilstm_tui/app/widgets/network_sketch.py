"""A sketch of the network: shapes and parameters, memory, duration, and its command line."""

from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.compute.gpus import list_gpus
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.network.cost import steps_per_epoch, training_bytes, with_epochs
from bilstm_core.network.summary import LayerSummary, ModelSummary, summarise
from bilstm_core.runs.duration import StepTiming, estimate_seconds, observe_step_times
from bilstm_core.runs.store import list_runs
from bilstm_core.wording import counted

from ...text.command_line import command_for

_MIB = 2**20
_OBSERVED_RUNS = 30  # the latest ones, on which the estimated duration is based
_MAX_LAYERS = 3  # of more layers, only the first and the last are drawn


class NetworkSketch(Static):
    """The network of a configuration, with an estimate of its memory and duration."""

    def __init__(self) -> None:
        super().__init__()
        self._device = "cpu"
        self._timings: list[StepTiming] = []
        self._shown: tuple[RunConfig, DataSpec, str] | None = None
        self._is_outdated = False

    def set_timings(self, timings: list[StepTiming], device: str) -> None:
        """Set what steps of earlier runs took, and the device that `auto` chooses."""
        self._timings, self._device = timings, device
        if self._shown and not self._is_outdated:
            self.show(*self._shown)

    def show(self, config: RunConfig, spec: DataSpec, preset: str) -> None:
        """Draw the network of a configuration."""
        self._shown, self._is_outdated = (config, spec, preset), False
        self.update(self._drawing(config, spec, preset))

    def _drawing(self, config: RunConfig, spec: DataSpec, preset: str) -> Table:
        model, steps = summarise(config, spec), steps_per_epoch(config, spec)
        memory = training_bytes(config, spec) / _MIB
        heading = Text(model.title, style="bold")
        lines = Table.grid()
        for line in (
            heading.append(f"  {model.parameters:,} parameters", "not bold dim"),
            "",
            _sketch(config, spec, model),
            "",
            Text(
                f"{spec.title}: {spec.train_size:,} training {spec.items}, "
                f"{counted(steps, 'step')} per epoch, "
                f"{steps * with_epochs(config, spec).num_epochs:,} in all"
            ),
            f"memory: about {memory:,.0f} MiB besides PyTorch's own",
            f"time: {self._duration(config, spec)}",
            "",
            Text(command_for(config, preset), style="green"),
        ):
            lines.add_row(line)
        return lines

    def show_problem(self, problem: str) -> None:
        """Show what is wrong, in brief, and the last network that was valid."""
        self._is_outdated = True
        title = Text.assemble((f"! {problem}", "bold red"))
        if self._shown:
            title.append("\nThe last valid network:\n", "bold")
            self.update(Group(title, self._drawing(*self._shown)))
        else:
            self.update(title)

    def show_message(self, message: str) -> None:
        """Show a sentence while there is no network to draw."""
        self._shown = None
        self.update(Text(message, style="dim"))

    def _duration(self, config: RunConfig, spec: DataSpec) -> str:
        device = self._device if config.device == "auto" else config.device
        device = "cuda:0" if device == "cuda" else device
        estimate = estimate_seconds(config, spec, device, self._timings)
        if estimate is None:
            return f"not known before the first run on {device}"
        runs = sum(timing.device == device for timing in self._timings)
        about = "about" if estimate.is_of_same_size else "roughly"
        source = f"estimated from {counted(runs, 'run')}"
        return f"{about} {_format_seconds(estimate.seconds)} on {device} ({source})"


def _sketch(config: RunConfig, spec: DataSpec, model: ModelSummary) -> Table:
    """The path of a sequence through the network, downwards, with shapes and parameters."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", style="cyan", no_wrap=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    cell = f"{CELLS[config.cell].title} {config.hidden_size}"
    width = max(len(cell) + 6, 14)

    def add_layer(text: str, layer: LayerSummary, style: str = "") -> None:
        shape = " × ".join(map(str, layer.output_shape))
        count = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(Text(text, style), shape, count)

    def add_line(text: str) -> None:
        table.add_row(Text(text, "dim"))

    first, *rest = model.layers
    add_layer(f"{first.output_shape[0]} {spec.steps}".center(width), first, "bold")
    recurrent = [layer for layer in rest if layer.name.startswith("layer")]
    for number, layer in enumerate(recurrent):
        if len(recurrent) > _MAX_LAYERS and 0 < number < len(recurrent) - 1:
            if number == 1:
                add_line(f"⋮ {len(recurrent) - 2} more layers")
            continue
        add_line("┌" + "┴".center(width - 2, "─") + "┐")
        add_layer(f"│{f'↓ {cell}':^{width - 2}}│", layer)
        if config.bidirectional:
            add_line(f"│{f'↑ {cell}':^{width - 2}}│")
        add_line("└" + "┬".center(width - 2, "─") + "┘")
    for layer in rest[len(recurrent) :]:
        kind, _, name = layer.name.partition(": ")
        if kind == "readout":
            add_layer(READOUTS[name].label.center(width), layer)
        elif kind == "merge":
            add_layer(MERGES[name].title.center(width), layer)
        else:
            add_line(" " * ((width - 1) // 2) + "│")
            add_layer(f"{layer.output_shape[0]} classes".center(width), layer, "bold")
    return table


def observed_timings(runs_dir: Path) -> tuple[list[StepTiming], str]:
    """The duration of steps in the latest runs, and the device that `auto` chooses here."""
    device = "cuda:0" if list_gpus() else "cpu"
    try:
        return observe_step_times(list_runs(runs_dir)[-_OBSERVED_RUNS:]), device
    except BilstmError:
        return [], device


def _format_seconds(seconds: float) -> str:
    if seconds < 1:
        return "a second"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 86_400:
        hours, minutes = divmod(max(1, round(seconds / 60)), 60)
        return f"{hours} h {minutes} min".removeprefix("0 h ")
    return f"{seconds / 86_400:.1f} days"
