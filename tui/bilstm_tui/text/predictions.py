"""Predictions as text, as CSV and as JSON lines."""

import csv
from collections.abc import Callable, Iterator
from itertools import chain, groupby, islice
from json import dumps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from .console import sanitize

if TYPE_CHECKING:
    from bilstm_core.inference.predict import Prediction

Format = Literal["text", "csv", "json"]

_FORMAT_OF_SUFFIX: dict[str, Format] = {".csv": "csv", ".json": "json", ".jsonl": "json"}
_FEW = 5
"""Predictions that are shown with the probabilities of all classes."""
_MOST_CLASSES = 10
_BAR_WIDTH = 30
_WIDEST_NAME = 40


def format_for(output: Path | None, *, as_csv: bool, as_json: bool) -> Format:
    """The format that was asked for, or else that of the file's ending."""
    if as_csv or as_json:
        return "csv" if as_csv else "json"
    return _FORMAT_OF_SUFFIX.get(output.suffix.lower(), "text") if output else "text"


def write_predictions(predictions: "Iterator[Prediction]", chosen: Format, stream: IO[str]) -> None:
    """Write predictions as they come; nothing where there are none."""
    writers: dict[Format, Callable[[Iterator[Prediction], IO[str]], None]] = {
        "text": _write_text,
        "csv": _write_csv,
        "json": _write_json,
    }
    writers[chosen](predictions, stream)


def _write_json(predictions: "Iterator[Prediction]", stream: IO[str]) -> None:
    for one in predictions:
        content = {
            "file": one.source,
            "id": one.id,
            "class": one.best,
            "probability": one.probability,
            "probabilities": one.probabilities,
        }
        content |= {"label": one.label} if one.label is not None else {}
        content |= {"scaling": one.scaling} if one.scaling else {}
        stream.write(dumps(content) + "\n")


def _write_csv(predictions: "Iterator[Prediction]", stream: IO[str]) -> None:
    rows = csv.writer(stream, lineterminator="\n")
    for number, one in enumerate(predictions):
        if number == 0:
            classes = (f"p_{name}" for name in one.probabilities)
            rows.writerow(["file", "id", "class", "probability", *classes])
        shares = (f"{share:.9g}" for share in (one.probability, *one.probabilities.values()))
        rows.writerow([sanitize(one.source), one.id, one.best, *shares])


def _write_text(predictions: "Iterator[Prediction]", stream: IO[str]) -> None:
    """A few with all probabilities, more in a line each."""
    few = [*islice(predictions, _FEW + 1)]
    in_words = _in_lines if len(few) > _FEW else _in_detail
    for source, group in groupby(chain(few, predictions), lambda one: one.source):
        for line in in_words(source, group):
            stream.write(sanitize(line) + "\n")


def _in_detail(source: str, group: "Iterator[Prediction]") -> "Iterator[str]":
    found = [*group]
    for one in found:
        name = source if len(found) == 1 else f"{source}, {one.id}"
        yield f"{name}: {one.best}{_label(one)}"
        if one.scaling:
            yield f"  {one.scaling}"
        shown = [*one.probabilities.items()]
        if len(shown) > _MOST_CLASSES:
            shown = sorted(shown, key=lambda it: -it[1])[:_MOST_CLASSES]
        width = max(len(name) for name, _ in shown)
        for name, share in shown:
            yield f"  {name:<{width}} {share:7.2%} {'█' * round(share * _BAR_WIDTH)}"
        if others := len(one.probabilities) - len(shown):
            rest = max(0.0, 1 - sum(share for _, share in shown))
            yield f"  {others:,} other class{'es' * (others > 1)} {rest:.2%}"


def _in_lines(source: str, group: "Iterator[Prediction]") -> "Iterator[str]":
    """A line for each sequence, below their file if it has several."""
    first, second = next(group), next(group, None)
    if second is None:
        yield f"{source}  {_in_a_line(first)}"
        return
    yield source
    width = 4
    for one in chain((first, second), group):
        width = min(_WIDEST_NAME, max(width, len(one.id)))
        yield f"  {one.id:<{width}}  {_in_a_line(one)}"


def _in_a_line(one: "Prediction") -> str:
    width = min(_WIDEST_NAME, max(map(len, one.probabilities)))
    return f"{one.best:<{width}} {one.probability:7.2%}{_label(one)}"


def _label(one: "Prediction") -> str:
    """What the file says, where that is something else."""
    return f"  (labelled {one.label})" if one.label not in {None, one.best} else ""
