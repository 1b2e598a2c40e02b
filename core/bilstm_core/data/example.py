"""A sequence that is shown while a run trains, as its log holds it; without torch."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, MaxLen
from pydantic import Field

from .spec import Count, Fraction

MOST_EXAMPLES, MOST_SHARES = 8, 4
MOST_ROWS, MOST_COLUMNS = 28, 64
Shares = Annotated[tuple[tuple[Count, Fraction], ...], MaxLen(MOST_SHARES), Field(fail_fast=True)]
"""Some classes, as positions, and their probabilities."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sequence that is shown while a run trains, reduced to a small picture.

    Attributes:
        index: Its position in the split.
        label: Its class, as a position in the classes.
        rows: Of the picture: an image's own, or a series' features, the first of many.
        columns: Of the picture: an image's own, or pieces of a series' time.
        values: A byte for each row and column, row by row, in base64: brightness, or the value
            between the lowest (0) and the highest (255) of that feature in all examples.
    """

    index: Count
    label: Count
    rows: Annotated[int, Ge(1), Le(MOST_ROWS)]
    columns: Annotated[int, Ge(1), Le(MOST_COLUMNS)]
    values: Annotated[str, MaxLen(4 * -(-MOST_ROWS * MOST_COLUMNS // 3))]

    def picture(self) -> list[list[float]]:
        """The rows of the picture, from 0 to 1; 0 where a log holds something else."""
        try:
            content = b64decode(self.values, validate=True)
        except ValueError:
            content = b""
        content = content[: self.rows * self.columns].ljust(self.rows * self.columns, b"\0")
        return [
            [value / 255 for value in content[start : start + self.columns]]
            for start in range(0, len(content), self.columns)
        ]
