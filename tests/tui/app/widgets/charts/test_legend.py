"""The words around a chart."""

from dataclasses import replace

import numpy as np
import pytest

from bilstm_tui.app.widgets.charts.legend import heading, legend
from bilstm_tui.app.widgets.charts.series import Series


@pytest.mark.parametrize(
    ("is_log", "room", "expected"),
    [
        (True, 46, "training loss by step, log scale, smoothed 0.9"),
        (True, 45, "training loss by step, log scale"),
        (True, 31, "training loss by step, log"),
        (True, 25, "training loss, log"),
        (True, 3, "training loss, log"),  # which is then cut
        (False, 35, "training loss by step, smoothed 0.9"),
        (False, 34, "training loss by step"),
        (False, 3, "training loss by step"),
    ],
)
def test_a_heading_says_last_of_all_that_the_scale_is_logarithmic(
    is_log: bool, room: int, expected: str
) -> None:
    words = heading("training loss", "step", ["smoothed 0.9"], is_log=is_log, room=room)
    assert str(words) == expected


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (50, "● a ▲ b  ✕ not finite  a long note  short"),
        (35, "● a ▲ b  ✕ not finite  a long note"),
        (30, "● a ▲ b  ✕ not finite  short"),
        (15, "● a ▲ b  short"),
        (7, "● a ▲ b"),
    ],
)
def test_a_legend_has_as_many_notes_as_fit(room: int, expected: str) -> None:
    nothing = np.empty(0)
    a = Series("a", nothing, nothing, nothing, nothing, lambda _, steps: steps)
    b = replace(a, label="b", non_finite=[1])
    styled = [(a, "cyan", "●"), (b, "yellow", "▲")]
    assert str(legend(styled, ["a long note", "short"], room)) == expected


def curve(label: str, value: str = "") -> Series:
    nothing = np.empty(0)
    return Series(label, nothing, nothing, nothing, nothing, lambda _, steps: steps, value=value)


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (40, "⠤⠤⠤⠤● train 97.50 ⠤⠤ ⠠▲ test 96.00"),
        (33, "⠤⠤⠤● train 97.50 ⠤⠤ ▲ test 96.00"),
        (24, "⠤⠤⠤● train ⠤⠤ ▲ test"),
        (19, "⠤⠤⠤● tr…n ⠤⠤ ▲ test"),
        (17, "● tr…n 97.50 +1"),
    ],
)
def test_without_colours_a_legend_shows_how_lines_are_drawn(room: int, expected: str) -> None:
    train = curve("train", "97.50")
    styled = [(train, "cyan", "●"), (replace(train, label="test", value="96.00"), "yellow", "▲")]
    assert str(legend(styled, [], room, "dashes")) == expected


def test_in_ascii_a_legend_shows_the_letters_of_lines() -> None:
    a = curve("a")
    styled = [(a, "cyan", "●"), (replace(a, label="b"), "yellow", "▲")]
    assert str(legend(styled, [], 40, "letters")) == "⠤⠤⠤⠤● a ****▲ b"
