"""The words around a chart."""

from dataclasses import replace

import numpy as np
import pytest

from bilstm_tui.app.widgets.charts.legend import heading, legend
from bilstm_tui.app.widgets.charts.series import Series

LOG = ("log scale", "log")
CUT = ("axis starts at 85", "axis from 85")


@pytest.mark.parametrize(
    ("scale", "room", "expected"),
    [
        (LOG, 46, "training loss by step, log scale, smoothed 0.9"),
        (LOG, 45, "training loss by step, log scale"),
        (LOG, 31, "training loss by step, log"),
        (LOG, 25, "training loss, log"),
        (LOG, 3, "training loss, log"),  # which is then cut
        (CUT, 54, "training loss by step, axis starts at 85, smoothed 0.9"),
        (CUT, 53, "training loss by step, axis starts at 85"),
        (CUT, 39, "training loss by step, axis from 85"),
        (CUT, 34, "training loss, axis from 85"),
        ((), 35, "training loss by step, smoothed 0.9"),
        ((), 34, "training loss by step"),
        ((), 3, "training loss by step"),
    ],
)
def test_a_heading_says_in_any_case_what_is_unusual_about_the_scale(
    scale: tuple[str, ...], room: int, expected: str
) -> None:
    words = heading("training loss", "step", ["smoothed 0.9"], scale, room)
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
