"""Names that do not fit."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

_LEAST_WITH_MARK = 2
"""Columns from which on a mark says that something is left out: alone it would say nothing."""


def shortened(text: str, most: int) -> str:
    """A name without its middle, if it is too long: the end often tells it from others."""
    if cell_len(text) <= most:
        return text
    if most < _LEAST_WITH_MARK:
        return set_cell_size(text, max(0, most)).rstrip()
    end = text[len(text) - most // 3 :]
    return set_cell_size(text, max(0, most - 1 - cell_len(end))) + "…" + end


def shortened_together(names: Sequence[str], most: int) -> list[str]:
    """Names that fit: whole words of their beginnings, or any part, as long as they differ.

    '0 - zero' and '1 - one' become '0' and '1' where there is no space for more; 'activity 57' and
    'activity 58', whose beginnings are the same, become '57' and '58'.
    """
    if all(cell_len(name) <= most for name in names):
        return [*names]
    cut = [set_cell_size(name, min(cell_len(name), most)) for name in names]
    first, last = min(names), max(names)
    differs = (at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1])
    start = next(differs, len(first))
    rest = [name[start:].strip() or name for name in names]
    for parts in (
        [*map(_whole_words, names, cut)],
        [name.rstrip() for name in cut],
        [shortened(name, most) for name in names],
        [set_cell_size(name, min(cell_len(name), most)) for name in rest],
    ):
        if len({*parts}) == len({*names}):
            return parts
    return [shortened(name, most) for name in names]


def _whole_words(name: str, cut: str) -> str:
    """What is left of a name without the word that is cut in two."""
    if len(cut) < len(name) and name[len(cut)].isalnum():
        cut = cut.rstrip("".join(filter(str.isalnum, cut))) or cut
    return cut.rstrip(" -_:")


def with_article(cell: str) -> str:
    """'an LSTM', 'an RNN', 'a GRU', 'a BiLSTM': as they are spoken."""
    return f"{'an' if cell[:1] in {'L', 'R'} else 'a'} {cell}"
