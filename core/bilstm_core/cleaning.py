"""Text from files and other processes, cleaned where it enters, so that everything may show it."""

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_LONGEST = 4000
_LONGEST_NAME = 200
_MOST_MARKS = 8
"""Most accents and the like on one character; languages need up to four."""


def escape(text: str, kept: str = "\n") -> str:
    r"""Replace each character that cannot be printed by its escape, such as `\x1b`.

    These are the characters that command a terminal, that are invisible, that turn the direction
    of the text, and halves of characters. Spaces of any width stay, and so do those in `kept`.
    Marks that combine with the character before them, such as accents, stay, too, but from the
    ninth on one character they are escaped: piled up, they would cover the lines around.
    """
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        is_shown = (char.isprintable() or category == "Zs") and marks <= _MOST_MARKS
        shown.append(char if is_shown or char in kept else ascii(char)[1:-1])
    return "".join(shown)


def clean(text: str, longest: int = _LONGEST, kept: str = "\n") -> str:
    """Text of one or more lines, escaped and, where it is too long, cut."""
    cleaned = escape(text[: longest + 1], kept)
    return cleaned if len(cleaned) <= longest else cleaned[: longest - 1] + "…"


def one_line(text: str, longest: int = _LONGEST_NAME) -> str:
    """A name, or other text that has to stay in one line: line breaks are escaped, too."""
    return clean(text, longest, kept="")


def _on_entry(function: Callable[[str], str]) -> BeforeValidator:
    def clean_if_text(value: Any) -> Any:
        return function(value) if isinstance(value, str) else value

    return BeforeValidator(clean_if_text)


_long_line = partial(one_line, longest=_LONGEST)

Text = Annotated[str, _on_entry(clean), PlainSerializer(clean, str)]
"""The type of a field whose text may have several lines; cleaned when it is read or written."""
Line = Annotated[str, _on_entry(_long_line), PlainSerializer(_long_line, str)]
"""The type of a field whose text is one line."""
Name = Annotated[str, _on_entry(one_line), PlainSerializer(one_line, str)]
"""The type of a field whose text is one short line."""
