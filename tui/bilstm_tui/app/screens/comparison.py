"""A comparison of runs: the settings in which they differ, and their results."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from bilstm_core.errors import ConfigError
from bilstm_core.runs.overview import Overview

from ...text.numbers import percent


def comparison_table(runs: Sequence[tuple[Text, Overview]]) -> Table:
    """Compare runs, each given with its marker: a column per run, a row per differing setting."""
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", style="dim", no_wrap=True)
    configs = []
    for marker, overview in runs:
        heading = marker.copy().append(f" {overview.run.name.rpartition('_')[2]}")
        table.add_column(heading, justify="right", no_wrap=True)
        try:
            configs.append(overview.run.config.model_dump())
        except ConfigError:
            configs.append({})
    for name in dict.fromkeys(name for config in configs for name in config):
        values = [_format(config.get(name, "?")) for config in configs]
        if len(set(values)) > 1:
            table.add_row(name, *map(Text, values))
    accuracies = [
        "-" if overview.accuracy is None else percent(overview.accuracy) for _, overview in runs
    ]
    table.add_row("test %", *accuracies, style="bold")
    table.add_row("seconds", *(f"{overview.seconds:,.0f}" for _, overview in runs))
    return table


def _format(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
