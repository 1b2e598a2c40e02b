"""The network as it will be: a sketch with shapes and counts, memory, and the command for it."""

import math

from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from bilstm_core.architecture import BYTES_A_PARAMETER, summarise
from bilstm_core.catalog import CATALOG
from bilstm_core.config import RunConfig

from .form import command_for

_MIB = 2**20
_BYTES_A_STATE = 4 * 8
"""Kept for the way back: four gates, and the states before and after them."""


class Plan(Static):
    """A live sketch of the architecture."""

    def show(self, config: RunConfig, preset: str) -> None:
        """Draw a configuration's network."""
        model, facts = summarise(config), CATALOG[config.dataset]
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(justify="right", style="cyan", no_wrap=True)
        table.add_column(justify="right", style="dim", no_wrap=True)
        for layer in model.layers:
            shape = " × ".join(map(str, layer.output_shape))
            table.add_row(_name(layer.name, config), shape, f"{layer.parameters:,}")
        table.add_row("parameters", "", Text(f"{model.parameters:,}", style="bold not dim"))
        lines = Table.grid()
        lines.add_row(Text(model.title, style="bold"))
        lines.add_row(table)
        lines.add_row("")
        lines.add_row(
            f"{facts.title}: {facts.train_size:,} training images, "
            f"{_steps(config):,} steps an epoch, {_steps(config) * config.num_epochs:,} in all"
        )
        lines.add_row(f"about {_memory(config) / _MIB:,.0f} MiB for weights, averages and states")
        lines.add_row("")
        lines.add_row(Text(command_for(config, preset), style="green"))
        self.update(lines)

    def show_problem(self, problem: str) -> None:
        """Say what is wrong with the settings."""
        self.update(Text(problem, style="bold red"))


def _name(name: str, config: RunConfig) -> str:
    if not name.startswith("layer"):
        return name
    return f"{name} ⇄" if config.bidirectional else f"{name} →"


def _steps(config: RunConfig) -> int:
    facts = CATALOG[config.dataset]
    return math.ceil(
        (facts.train_size - facts.held_out(config.validation_fraction)) / config.batch_size
    )


def _memory(config: RunConfig) -> int:
    """Bytes, before what PyTorch itself takes."""
    model, facts = summarise(config), CATALOG[config.dataset]
    directions = 2 if config.bidirectional else 1
    states = config.batch_size * facts.sequence_length * config.num_layers * directions
    return BYTES_A_PARAMETER * model.parameters + _BYTES_A_STATE * states * config.hidden_size
