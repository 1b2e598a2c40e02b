"""Draws a confusion matrix as a picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..cleaning import one_line
from ..inference.report import ExaminationReport

MOST_CLASSES = 100
_LARGEST_CELL, _SMALLEST_CELL, _MATRIX_SIZE = 48, 12, 960
_SMALLEST_WITH_NUMBERS = 30
_LONGEST_NAME = 20  # in characters
_GAP = 6
_TITLE_HEIGHT = 12
_DARK, _LIGHT = (8, 48, 107), (247, 251, 255)
_INK, _GROUND = (40, 40, 40), (255, 255, 255)


def confusion_picture(report: ExaminationReport) -> NDArray[np.uint8]:
    """A picture (height, width, 3): a row a class of the data, a column a predicted class.

    The darker a cell, the larger its part of the row.
    """
    counts = confusion_counts(report)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    size = len(counts)
    cell = max(_SMALLEST_CELL, min(_LARGEST_CELL, _MATRIX_SIZE // size))
    font = ImageFont.load_default()
    names = [_printable(name, number) for number, name in enumerate(report.spec.classes, 1)]
    left = top = _GAP * 3 + _TITLE_HEIGHT + round(max(map(font.getlength, names)))
    picture = Image.new("RGB", (left + size * cell + _GAP, top + size * cell + _GAP), _GROUND)
    draw = ImageDraw.Draw(picture)
    half = size * cell // 2
    draw.text((left + half, _GAP), "predicted", _INK, font, anchor="mt")
    half += round(font.getlength("true") / 2)
    _draw_upwards(picture, "true", (_GAP + _TITLE_HEIGHT // 2, top + half), font)
    for row, name in enumerate(names):
        middle = row * cell + cell // 2
        draw.text((left - _GAP, top + middle), name, _INK, font, anchor="rm")
        _draw_upwards(picture, name, (left + middle, top - _GAP), font)
        for column in range(size):
            at = (left + column * cell, top + row * cell)
            share = float(shares[row, column])
            draw.rectangle((*at, at[0] + cell - 2, at[1] + cell - 2), _shade(share))
            if cell >= _SMALLEST_WITH_NUMBERS and counts[row, column]:
                ink = _LIGHT if share > 0.5 else _INK
                centre = (at[0] + cell // 2, at[1] + cell // 2)
                draw.text(centre, f"{counts[row, column]}", ink, font, anchor="mm")
    return np.asarray(picture)


def confusion_counts(report: ExaminationReport) -> NDArray[np.int64]:
    """How often each class, by row, is predicted as each other, by column."""
    counts = np.diag([score.correct for score in report.scores]).astype(np.int64)
    for one in report.confusions:
        counts[one.actual, one.predicted] = one.count
    return counts


def _printable(name: str, number: int) -> str:
    """A name in characters that the font has; with others it is known by its number."""
    shown = one_line(name, _LONGEST_NAME)
    known = shown.encode("latin-1", "replace").decode("latin-1")
    return known if known == shown else f"{number}: {known}"


def _draw_upwards(
    picture: Image.Image,
    name: str,
    end: tuple[int, int],
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
) -> None:
    """Draw a name from below to above, centred at a column, ending above the matrix."""
    left, top, right, bottom = font.getbbox(name)
    size = (max(1, round(right - left)), max(1, round(bottom - top)))
    text = Image.new("RGB", size, _GROUND)
    ImageDraw.Draw(text).text((-left, -top), name, _INK, font)
    turned = text.rotate(90, expand=True)
    picture.paste(turned, (end[0] - turned.width // 2, end[1] - turned.height))


def _shade(share: float) -> tuple[int, int, int]:
    red, green, blue = (
        round(light + (dark - light) * share) for dark, light in zip(_DARK, _LIGHT, strict=True)
    )
    return red, green, blue
