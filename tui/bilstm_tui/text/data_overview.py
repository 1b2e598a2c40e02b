"""What is in a data set, as lines of text: for a terminal, a pipe, or the app."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, zip_longest
from textwrap import wrap

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from bilstm_core.data.data_overview import DataOverview, Example, FeatureSummary
from bilstm_core.data.spec import SPLIT_TITLES, DataSpec

from .names import shortened

Picture = Sequence[Sequence[int]]
"""Rows of brightness from 0 to 255."""

MOST_CLASSES, MOST_FEATURES = 100, 20
"""So many are listed; of more, their number."""
_SHORTEST_NAME, _LONGEST_NAME = 8, 24
_LONGEST_BAR = 30
_NARROWEST = 20  # columns; where there are fewer, lines are cut
_COUNT = 11
"""Columns of a number in a table."""
_TILE = 36
"""Columns that an example needs beside another one."""
_GAP = 3
_CURVE_HEIGHT = 4
_SHADES = " ░▒▓█"
_LEVELS = "▁▂▃▅▆▇█"
_CLASSES, _FEATURES = ("class", "classes"), ("feature", "features")


def shaded(picture: Picture) -> list[Text]:
    """A picture in shades, two characters a pixel."""
    last = len(_SHADES) - 1
    return [
        Text("".join(2 * _SHADES[round(last * pixel / 255)] for pixel in row)) for row in picture
    ]


def overview_lines(
    overview: DataOverview,
    width: int,
    draw_picture: Callable[[Picture], list[Text]] = shaded,
) -> Iterator[Text]:
    """Everything in an overview, in lines of at most `width` columns."""
    for line in _lines(overview, max(width, _NARROWEST), draw_picture):
        line.truncate(width, overflow="ellipsis")
        yield line


def _lines(
    overview: DataOverview, width: int, draw_picture: Callable[[Picture], list[Text]]
) -> Iterator[Text]:
    spec = overview.spec
    yield Text(spec.title, "bold").append(f"  {spec.origin}", "not bold dim")
    yield from _wrapped(f"{spec.words()}, {spec.num_classes:,} classes", width)
    if os.sep in spec.name:
        yield from _wrapped(spec.name, width, style="dim")
    for problem in overview.problems:
        yield from _wrapped(problem, width, "⚠ ", "bold yellow")
    for note in spec.notes:
        yield from _wrapped(note, width, "· ", "dim")
    for section in (_classes, _lengths, _features):
        yield Text()
        yield from section(overview, width)
    yield Text()
    yield from _examples(overview, width, draw_picture)


def _wrapped(text: str, width: int, mark: str = "", style: str = "") -> Iterator[Text]:
    """A sentence in lines, with a mark before the first."""
    for number, line in enumerate(wrap(text, max(10, width - len(mark)))):
        yield Text((" " * len(mark) if number else mark) + line, style)


def _classes(overview: DataOverview, width: int) -> Iterator[Text]:
    spec = overview.spec
    sizes = [(SPLIT_TITLES[split], of) for split, of in spec.class_sizes.items() if any(of)]
    totals = [sum(counts) for counts in zip(*(counts for _, counts in sizes), strict=True)]
    names = _column(spec.classes[:MOST_CLASSES], width // 3)
    count = min(_COUNT, (width - cell_len(names[0])) // (len(sizes) + 1))
    titles = (f"{title[: count - 1]:>{count}}" for title, _ in sizes)
    yield Text(set_cell_size("Classes", cell_len(names[0])), "bold").append("".join(titles), "dim")
    room = min(_LONGEST_BAR, width - cell_len(names[0]) - count * len(sizes) - 2)
    for number, name in enumerate(names):
        line = Text(name)
        for _, counts in sizes:
            line.append(f"{counts[number]:>{count},}", "" if counts[number] else "bold yellow")
        yield line.append("  ").append(_bar(totals[number], max(totals), room), "cyan")
    yield from _more(len(spec.classes) - MOST_CLASSES, _CLASSES)


def _lengths(overview: DataOverview, width: int) -> Iterator[Text]:
    spec, bars = overview.spec, overview.lengths
    yield Text("Lengths", "bold")
    if not spec.has_lengths:
        yield Text(f"All {spec.items} have {spec.longest:,} {spec.steps}.")
        return
    texts = [
        f"{bar.shortest:,}" + f" to {bar.longest:,}" * (bar.longest > bar.shortest) for bar in bars
    ]
    names = _column([f"{text} {spec.steps}" for text in texts], width // 2, is_right=True)
    most = max(bar.sequences for bar in bars)
    room = min(_LONGEST_BAR, width - cell_len(names[0]) - _COUNT - 2)
    for name, bar in zip(names, bars, strict=True):
        line = Text(name).append(f"{bar.sequences:>{_COUNT},}  ")
        yield line.append(_bar(bar.sequences, most, room), "cyan")


def _features(overview: DataOverview, width: int) -> Iterator[Text]:
    """A row for each feature; the columns of images have the same meaning, and one row."""
    features = overview.features
    if overview.spec.kind == "images":
        yield Text("Pixels", "bold")
        lowest = min(feature.minimum for feature in features)
        highest = max(feature.maximum for feature in features)
        mean = sum(feature.mean for feature in features) / len(features)
        yield Text(f"From {lowest:g} to {highest:g}, {mean:.3g} on average.")
        return
    is_missing = any(feature.missing for feature in features)
    titles = ["minimum", "mean", "maximum", *["missing"] * is_missing]
    names = _column([feature.name for feature in features[:MOST_FEATURES]], width // 3)
    count = min(_COUNT, (width - cell_len(names[0])) // len(titles))
    heading = Text(set_cell_size("Features", cell_len(names[0])), "bold")
    yield heading.append("".join(f"{title:>{count}}" for title in titles), "dim")
    for name, feature in zip(names, features, strict=False):
        line = Text(name)
        for cell in _numbers(feature):
            line.append(f"{cell:>{count}}")
        if is_missing:
            share = f"{feature.missing:.1%}" if feature.missing else "none"
            line.append(f"{share:>{count}}", "bold yellow" if feature.missing else "dim")
        yield line
    yield from _more(len(features) - MOST_FEATURES, _FEATURES)


def _numbers(feature: FeatureSummary) -> list[str]:
    """Minimum, mean and maximum, with as many decimals as their range needs."""
    numbers = (feature.minimum, feature.mean, feature.maximum)
    size = max(map(abs, numbers)) or 1.0
    if not 1e-3 <= size < 1e6:
        return [f"{number:.3g}" for number in numbers]
    decimals = max(0, 3 - math.ceil(math.log10(size) + 1e-9))
    return [f"{round(number, decimals) + 0.0:,.{decimals}f}" for number in numbers]


def _examples(
    overview: DataOverview, width: int, draw_picture: Callable[[Picture], list[Text]]
) -> Iterator[Text]:
    """An example of each class, as many beside one another as there is space for."""
    spec, examples = overview.spec, overview.examples
    yield Text("An example of each class", "bold")
    if not examples:
        return
    if spec.kind == "images":
        tile = max(draw_picture(examples[0].picture)[0].cell_len, min(16, width))
        columns = max(1, (width + _GAP) // (tile + _GAP))
    else:
        columns = max(1, min(3, (width + _GAP) // (_TILE + _GAP)))
        tile = min(80, (width + _GAP) // columns - _GAP)
    names = [feature.name for feature in overview.features]
    for first in range(0, len(examples), columns):
        if first:
            yield Text()
        tiles = []
        for example in examples[first : first + columns]:
            drawn = draw_picture(example.picture) if example.picture else []
            drawn += _curves(example, names, tile) if example.curves else []
            tiles.append([_caption(example, spec, tile), *drawn])
        for row in zip_longest(*tiles, fillvalue=Text()):
            line = Text()
            for piece in row:
                if piece.cell_len < tile:
                    piece.append(" " * (tile - piece.cell_len))
                line.append_text(piece).append(" " * _GAP)
            line.rstrip()
            yield line
    yield from _more(len(spec.classes) - len(examples), _CLASSES)
    more = spec.num_features - len(examples[0].curves) if examples[0].curves else 0
    yield from _more(more, _FEATURES)


def _caption(example: Example, spec: DataSpec, width: int) -> Text:
    caption = Text(shortened(example.label, width), "bold")
    length = f"{example.steps:,} {spec.steps}, " if spec.has_lengths else ""
    caption.append(f"  {length}id ", "not bold dim")
    room = max(_SHORTEST_NAME, width - caption.cell_len)
    caption.append(shortened(example.id, room), "not bold dim")
    caption.truncate(width, overflow="ellipsis")
    return caption


def _curves(example: Example, names: Sequence[str], width: int) -> list[Text]:
    """One curve in braille; of several features, a line each."""
    if len(example.curves) == 1:
        from .braille import draw_curve

        return [Text(row, "cyan") for row in draw_curve(example.curves[0], width, _CURVE_HEIGHT)]
    labels = _column(names[: len(example.curves)], width // 3)
    room = width - cell_len(labels[0]) - 1
    return [
        Text(label, "dim").append(" ").append(_sparkline(curve, room), "cyan")
        for label, curve in zip(labels, example.curves, strict=True)
    ]


def _sparkline(curve: Sequence[float], width: int) -> str:
    """A curve in one line; each character is the mean of a stretch."""
    width = min(width, len(curve))
    low, high = min(curve), max(curve)
    if low == high:
        return _LEVELS[0] * width
    bounds = [round(number * len(curve) / width) for number in range(width + 1)]
    stretches = (curve[start:end] for start, end in pairwise(bounds))
    means = (sum(stretch) / len(stretch) for stretch in stretches)
    last = len(_LEVELS) - 1
    return "".join(_LEVELS[round(last * (mean - low) / (high - low))] for mean in means)


def _column(texts: Sequence[str], most: int, *, is_right: bool = False) -> list[str]:
    """Texts of equal width, the longest ones shortened."""
    most = max(_SHORTEST_NAME, min(_LONGEST_NAME, most))
    cut = [shortened(text, most) for text in texts]
    width = max(_SHORTEST_NAME, *map(cell_len, cut))
    gaps = (" " * (width - cell_len(text)) for text in cut)
    return [gap + text if is_right else text + gap for text, gap in zip(cut, gaps, strict=True)]


def _bar(count: int, most: int, room: int) -> str:
    return "━" * max(bool(count), round(count / most * max(1, room)))


def _more(count: int, what: tuple[str, str]) -> Iterator[Text]:
    if count > 0:
        yield Text(f"and {count:,} more {what[0 if count == 1 else 1]}", "dim")
