"""Sequences that stand in two splits, or in two classes, value for value."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..spec import SPLIT_TITLES, DataSpec, Split

if TYPE_CHECKING:
    from .assemble import Part, Values

_PAIRS: tuple[tuple[Split, Split], ...] = (
    ("validation", "train"),
    ("test", "train"),
    ("test", "validation"),
)


def warnings_of_repeats(parts: Mapping[Split, "Part"], spec: DataSpec) -> Iterator[str]:
    """What may be wrong, one sentence each."""
    keys = {split: [*map(_key, part.values)] for split, part in parts.items()}
    for split, other in _PAIRS:
        known = {*keys[other]}
        if count := sum(key in known for key in keys[split]):
            yield (
                f"{count:,} {SPLIT_TITLES[split]} {_items(spec, count)} also in the "
                f"{SPLIT_TITLES[other]} part: exact copies, which make the accuracy look better "
                "than it is."
            )
    first: dict[int, int] = {}
    contradicted: set[int] = set()
    for split, part in parts.items():
        for key, label in zip(keys[split], part.labels.tolist(), strict=True):
            if first.setdefault(key, label) != label:
                contradicted.add(key)
    if contradicted:
        count = len(contradicted)
        yield f"{count:,} {_items(spec, count)} in more than one class, value for value."


def _items(spec: DataSpec, count: int) -> str:
    return f"{spec.items[:-1]} is" if count == 1 else f"{spec.items} are"


def _key(values: "Values") -> int:
    """The same number for the same values.

    Python's hash of bytes takes a third of the time of BLAKE2, and has 64 bits: of a million
    sequences two different ones have the same with a probability of 3 in 100 million.
    """
    return hash((values.shape, values.tobytes()))
