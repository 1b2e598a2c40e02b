"""A comparison of runs: the settings in which they differ, and their results."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.table import Table
from rich.text import Text

from bilstm_core.errors import ConfigError
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import Overview

from ...text.numbers import percent

_NONE: Mapping[str, History] = MappingProxyType({})


def comparison_table(
    runs: Sequence[tuple[Text, Overview]], histories: Mapping[str, History] = _NONE
) -> Table:
    """Compare runs, each given with its marker: a column per run, a row per differing setting.

    A learning rate that was changed by hand is shown after the one in the configuration.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", style="dim", no_wrap=True)
    configs: list[dict[str, Any]] = []
    is_by_hand = False
    for marker, overview in runs:
        heading = marker.copy().append(f" {overview.run.name.rpartition('_')[2]}")
        table.add_column(heading, justify="right", no_wrap=True)
        try:
            configs.append(overview.run.config.model_dump())
        except ConfigError:
            configs.append({})
        history = histories.get(overview.run.name)
        if history and history.learning_rate_changes:
            rates = [change.learning_rate for change in history.learning_rate_changes]
            start = configs[-1].get("learning_rate", "?")
            configs[-1]["learning_rate"] = " → ".join(map(_format, (start, rates[-1])))
            is_by_hand = True
    for name in dict.fromkeys(name for config in configs for name in config):
        values = [_format(config.get(name, "?")) for config in configs]
        if len(set(values)) > 1:
            is_changed = is_by_hand and name == "learning_rate"
            table.add_row(f"{name} (by hand)" if is_changed else name, *map(Text, values))
    accuracies = [
        "-" if overview.accuracy is None else percent(overview.accuracy) for _, overview in runs
    ]
    table.add_row("test %", *accuracies, style="bold")
    table.add_row("seconds", *(f"{overview.seconds:,.0f}" for _, overview in runs))
    return table


def _format(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
