"""What stands beside the curves of runs: one run in words, or how several differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bilstm_core.errors import ConfigError
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import Overview

from ...text.braille import Numbers, draw_curve
from ...text.names import shortened
from ...text.numbers import duration, percent
from ...text.run_cells import STATUS_STYLES, without_date
from ...text.run_summary import (
    accuracies,
    latest_accuracies,
    rate_by_hand,
    rate_in_words,
    value_in_words,
    why_it_ended,
)
from .marks import COLOURS

_LONGEST_NAME, _SHORTEST_NAME = 24, 8
_LONGEST_VALUE = 24
_SETTING = 16  # columns of a setting's name, about
_GAP = 2  # columns between two curves
_LAST_STEPS = 20  # whose mean loss is shown


def preview_table(
    overview: Overview,
    history: History,
    changes: Mapping[str, tuple[Any, Any]],
    progress: str = "",
) -> Group:
    """One run: its result, why it ended, and the settings that differ from the defaults.

    Of a live run it has the progress, in words, instead of the time that it took.
    """
    heading = Text.assemble(
        (without_date(overview.run.name), "bold"),
        "  ",
        (overview.status, f"bold {STATUS_STYLES[overview.status]}"),
    )
    time = progress or duration(overview.seconds)
    lines = [heading, Text(f"{why_it_ended(overview.status, history)}, {time}")]
    if results := accuracies(history):
        lines.append(Text(", ".join(results), "bold"))
    if by_hand := rate_by_hand(history):
        lines.append(Text(f"learning_rate {by_hand}", "bold"))
    if overview.notes.note:
        lines.append(Text(overview.notes.note, "italic"))
    if overview.problem:
        return Group(*lines, Text(overview.problem, "red"))
    if not changes:
        return Group(*lines, Text(), Text("All settings are the defaults."))
    table = Table(box=None, pad_edge=False, header_style="not bold dim")
    table.add_column("setting", no_wrap=True)
    table.add_column("value", no_wrap=True)
    table.add_column("default", style="dim", no_wrap=True)
    for name, (value, default) in changes.items():
        rate = rate_in_words(value, history) if name == "learning_rate" else ""
        words = rate or value_in_words(value)
        table.add_row(
            Text(name),
            Text(shortened(words, _LONGEST_VALUE), "bold"),
            Text(shortened(value_in_words(default), _LONGEST_VALUE)),
        )
    return Group(*lines, Text(), table)


def brief_preview(
    overview: Overview,
    history: History,
    changes: Mapping[str, tuple[Any, Any]],
    width: int,
    progress: str = "",
) -> Text:
    """One run in four lines: what came of it, its curves, the settings besides the defaults."""
    time = progress or duration(overview.seconds)
    heading = Text.assemble(
        (without_date(overview.run.name), "bold"),
        f"  {why_it_ended(overview.status, history)}, {time}  ",
        (", ".join(accuracies(history)), "bold"),
    )
    settings = Text(overview.notes.note and f"{overview.notes.note}  ", "italic")
    if overview.problem:
        settings.append(overview.problem, "not italic red")
    if by_hand := rate_by_hand(history):
        settings.append("learning_rate ", "not italic").append(by_hand, "not italic bold")
        settings.append("  ")
    for name, (value, default) in changes.items():
        if by_hand and name == "learning_rate":
            continue
        words = shortened(value_in_words(value), _LONGEST_VALUE)
        settings.append(f"{name} ", "not italic").append(words, "not italic bold")
        before = shortened(value_in_words(default), _LONGEST_VALUE)
        settings.append(f" (default {before})  ", "not italic dim")
    if not changes and not by_hand and not overview.problem:
        settings.append("All settings are the defaults.", "not italic dim")
    lines = [heading, *_small_curves(history, (width - _GAP) // 2), settings]
    for line in lines:
        line.rstrip()
        line.truncate(max(1, width), overflow="ellipsis")
    return Text("\n").join(lines)


def _small_curves(history: History, width: int) -> list[Text]:
    """The loss on a logarithmic axis, and beside it the accuracy after each epoch."""
    losses = history.losses.points()[3]
    is_positive = len(losses) and losses.min() > 0
    last = f"{losses[-_LAST_STEPS:].mean():.3g}" if len(losses) else ""
    by_epoch = history.epoch_evaluations or history.epochs
    shares = np.array([by_epoch[epoch].accuracy for epoch in sorted(by_epoch)])
    split = next((it.split for it in history.epoch_evaluations.values()), "train")
    parts = [
        ("loss", last, np.log(losses) if is_positive else losses, COLOURS[0]),
        (split, f"{percent(shares[-1])} %" if len(shares) else "", shares, COLOURS[1]),
    ]
    lines = [Text(), Text()]
    for name, value, points, colour in parts:
        label = max(len(name), len(value)) + 1
        room = width - label  # none in a tiny terminal: there are words only
        rows = draw_curve(_means(points, max(1, 2 * room)), room, len(lines))
        for line, word, row in zip(lines, (name, value), rows, strict=True):
            line.append(f"{word:<{label}}").append(row, colour).append(" " * _GAP)
    return lines


def _means(values: Numbers, most: int) -> Numbers:
    """At most so many values: the mean of each stretch."""
    if len(values) <= most:
        return values
    return np.array([stretch.mean() for stretch in np.array_split(values, most)])


def comparison_table(runs: Sequence[tuple[Text, Overview, History]], room: int) -> Table:
    """Compare runs, each given with its marker: a column per run, a row per differing setting.

    A learning rate that was changed by hand is shown after the one in the configuration. Names are
    shortened to fit into so many columns, but never to less than a few letters.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("", style="dim", no_wrap=True)
    longest = (room - _SETTING) // max(1, len(runs)) - len("● ") - 1
    longest = min(_LONGEST_NAME, max(_SHORTEST_NAME, longest))
    for marker, overview, _ in runs:
        name = shortened(without_date(overview.run.name), longest)
        heading = Text.assemble(marker, " ", name, style=marker.style)
        table.add_column(heading, justify="right", no_wrap=True)
    shares = [latest_accuracies(history) for _, _, history in runs]
    for split in dict.fromkeys(split for share in shares for split in share):
        results = [percent(share[split]) if split in share else "-" for share in shares]
        table.add_row(f"{split} %", *results, style="bold")
    table.add_row("seconds", *(f"{overview.seconds:,.0f}" for _, overview, _ in runs))
    is_by_hand = any(history.learning_rate_changes for _, _, history in runs)
    configs = [_settings_of(overview, history) for _, overview, history in runs]
    for name in dict.fromkeys(name for config in configs for name in config):
        values = [value_in_words(config.get(name, "?")) for config in configs]
        if len(set(values)) > 1:
            is_changed = is_by_hand and name == "learning_rate"
            values = [shortened(value, longest + len("● ")) for value in values]
            table.add_row(f"{name} (by hand)" if is_changed else name, *map(Text, values))
    return table


def _settings_of(overview: Overview, history: History) -> dict[str, Any]:
    """The settings of a run, with the learning rate that was set by hand; none if unreadable."""
    try:
        settings = overview.run.config.model_dump()
    except ConfigError:
        settings = {}
    if history.learning_rate_changes:
        start = settings.get("learning_rate", "?")
        settings["learning_rate"] = rate_in_words(start, history)
    return settings
