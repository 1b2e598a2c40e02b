"""What is in a data set, in a few numbers, curves and sentences; without NumPy, for the app."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import MaxLen
from pydantic import Field

from ..cleaning import Line, Name
from .spec import Count, DataSpec, Size

MOST_EXAMPLES = 20
MOST_CURVES = 6
MOST_POINTS = 120
"""Of a curve."""
MOST_PIXELS = 16
"""Of a picture, in each direction."""
MOST_BARS = 12
"""Of the histogram of lengths."""

Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class FeatureSummary:
    """The values of a feature in all sequences, after missing ones were filled in.

    Attributes:
        name: Its name, or its number, from 1, where the data have no names.
        missing: Which part of the values was missing.
    """

    name: Name
    minimum: Finite
    maximum: Finite
    mean: Finite
    missing: Share = 0.0


@dataclass(frozen=True, kw_only=True)
class LengthBar:
    """How many sequences have from `shortest` to `longest` steps."""

    shortest: Size
    longest: Size
    sequences: Count


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sequence of a class, made small.

    Attributes:
        label: Its class.
        id: What the file calls it.
        steps: Its length.
        curves: Of series, a curve for each of the first features: at most `MOST_POINTS` values,
            with no peak lost.
        picture: Of images, rows of brightness, from 0 to 255 for the brightest; at most
            `MOST_PIXELS` by as many.
    """

    label: Name
    id: Name
    steps: Size
    curves: Annotated[tuple[tuple[Finite, ...], ...], MaxLen(MOST_CURVES)] = ()
    picture: Annotated[tuple[tuple[int, ...], ...], MaxLen(MOST_PIXELS)] = ()


@dataclass(frozen=True, kw_only=True)
class DataOverview:
    """What is in a data set, and what may be wrong with it.

    Attributes:
        spec: The whole description; its notes say how the splits came about.
        features: A summary of each feature, in order.
        lengths: How many sequences have which length, shortest first.
        examples: A sequence of each of the first classes.
        problems: What may be wrong, one sentence each.
    """

    spec: DataSpec
    features: Annotated[tuple[FeatureSummary, ...], Field(fail_fast=True)]
    lengths: Annotated[tuple[LengthBar, ...], MaxLen(MOST_BARS)]
    examples: Annotated[tuple[Example, ...], MaxLen(MOST_EXAMPLES)]
    problems: tuple[Line, ...] = ()
