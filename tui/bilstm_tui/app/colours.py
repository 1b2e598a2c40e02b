"""The colours of the app: what the names of ANSI colours mean, and a theme of high contrast.

Widgets use the names (`green`, `cyan`, …). Where a theme has colours of its own, these tables say
which ones the names are, so that all of them can be read on its background; in the `ansi` themes
they are those of the terminal.
"""

from dataclasses import replace
from typing import Any, Literal

from rich.terminal_theme import TerminalTheme
from textual.app import App
from textual.theme import BUILTIN_THEMES, Theme

from .ascii import AsciiFilter
from .sixteen_colours import has_sixteen_colours

LinesBy = Literal["colours", "dashes", "letters"]
"""What distinguishes lines: colours, or where there are none dashes, or letters in ASCII."""


def lines_by(app: App[Any]) -> LinesBy:
    """What distinguishes lines on the terminal of this app."""
    if any(isinstance(it, AsciiFilter) for it in app.get_line_filters()):
        return "letters"
    are_alike = has_sixteen_colours(app) and not app.current_theme.dark
    return "dashes" if app.no_color or are_alike else "colours"


ON_DARK = TerminalTheme(
    (12, 12, 12),
    (217, 217, 217),
    [
        (26, 26, 26),
        (255, 122, 138),  # red
        (126, 217, 87),  # green
        (240, 200, 80),  # yellow
        (138, 180, 255),  # blue
        (238, 138, 248),  # magenta
        (88, 209, 235),  # cyan
        (200, 200, 190),
    ],
    [
        (150, 150, 140),
        (255, 150, 162),
        (156, 235, 120),
        (250, 220, 120),
        (165, 198, 255),
        (245, 170, 252),
        (130, 225, 245),
        (246, 246, 239),
    ],
)
"""On the backgrounds of dark themes."""

ON_LIGHT = TerminalTheme(
    (247, 247, 247),
    (0, 0, 0),
    [
        (0, 0, 0),
        (160, 0, 32),  # red
        (16, 88, 24),  # green
        (110, 72, 0),  # yellow
        (20, 70, 180),  # blue
        (124, 20, 130),  # magenta
        (0, 84, 104),  # cyan
        (80, 80, 80),
    ],
    [
        (90, 90, 90),
        (175, 20, 45),
        (24, 98, 30),
        (118, 80, 0),
        (30, 80, 195),
        (135, 30, 140),
        (0, 92, 112),
        (0, 0, 0),
    ],
)
"""On the backgrounds of light themes."""


def _changed(name: str, **variables: str) -> Theme:
    """A theme of Textual's with some other colours."""
    theme = BUILTIN_THEMES[name]
    changes = {variable.replace("_", "-"): colour for variable, colour in variables.items()}
    return replace(theme, variables={**theme.variables, **changes})


_HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#66ccff",
    secondary="#99ddff",
    accent="#ffd700",
    warning="#ffd700",
    error="#ff8080",
    success="#80ff80",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    boost="#000000",
    variables={
        "block-cursor-background": "#ffffff",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#404040",
        "primary-muted": "#002fa0",
        "error-muted": "#900000",
        "border": "#ffffff",
        "border-blurred": "#a0a0a0",
        "text": "#ffffff",
        "text-muted": "#d0d0d0",
        "button-color-foreground": "#000000",
        "input-selection-background": "#002fa0",
        "footer-key-foreground": "#ffd700",
    },
)
"""White and bright colours on black."""

THEMES = (
    _HIGH_CONTRAST,
    _changed(
        "textual-dark",
        primary="#0a7dda",
        block_cursor_background="#0061ad",
        primary_muted="#0c2f4c",
    ),
    _changed("textual-light", footer_key_foreground="#002f66", text_success="#1f6f2f"),
    _changed("ansi-light", input_selection_foreground="ansi_black"),
)
"""A theme besides those of Textual, and some of these, whose cursor or keys were hard to read.

All of them can be read without colours, too, and with 256: Rich rounds #30 to #5f, but #2f to #00.
"""
