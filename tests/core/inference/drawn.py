"""Pictures of digits as people make them: drawn with a pen or set in a font, then disturbed.

Everything follows from a seed. A picture is first a map of where ink is, from 0 to 1, and then
whatever paper, light, scanner and file format make of it.
"""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

Map = NDArray[np.float64]
Points = list[tuple[float, float]]
Disturbance = Callable[[int, np.random.Generator], bytes]


def _arc(x: float, y: float, across: float, down: float, start: float, end: float) -> Points:
    """Points of an ellipse; angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 24))
    return [(x + across * np.cos(a), y + down * np.sin(a)) for a in angles]


_STROKES: dict[int, list[Points]] = {
    0: [_arc(0.5, 0.5, 0.42, 0.5, -80, 285)],
    1: [[(0.38, 0.16), (0.52, 0.0), (0.5, 1.0)]],
    2: [[*_arc(0.48, 0.27, 0.38, 0.27, 190, 390), (0.1, 1.0), (0.92, 0.98)]],
    3: [[*_arc(0.45, 0.24, 0.36, 0.24, 200, 440), *_arc(0.45, 0.73, 0.42, 0.27, -85, 150)]],
    4: [[(0.35, 0.0), (0.08, 0.6), (0.95, 0.58)], [(0.72, 0.15), (0.66, 1.0)]],
    5: [
        [(0.22, 0.02), (0.18, 0.45), *_arc(0.45, 0.69, 0.4, 0.31, 225, 500)],
        [(0.22, 0.02), (0.85, 0.0)],
    ],
    6: [[(0.68, 0.0), (0.3, 0.32), *_arc(0.48, 0.7, 0.36, 0.3, 195, 560)]],
    7: [[(0.08, 0.03), (0.9, 0.0), (0.42, 1.0)]],
    8: [_arc(0.5, 0.24, 0.3, 0.24, 90, 450), _arc(0.5, 0.73, 0.38, 0.27, -90, 270)],
    9: [[*_arc(0.48, 0.28, 0.34, 0.28, -20, 340), (0.82, 0.25), (0.74, 1.0)]],
}
"""Handwriting in a box of 1×1, y downwards."""

_FONT_FOLDERS = ("/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu-sans-fonts")


@cache
def fonts() -> list[str]:
    """Pillow's own font, as an empty name, and those of DejaVu that the machine has."""
    names = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf")
    paths = [Path(folder, name) for folder in _FONT_FOLDERS for name in names]
    return ["", *(str(path) for path in paths if path.exists())]


def write(digit: int, height: int, pen: float, rng: np.random.Generator) -> Map:
    """A digit written by hand, cut out; `pen` is its width as a part of the height."""
    slant, turn = rng.uniform(-0.15, 0.25), np.radians(rng.uniform(-6, 6))
    aspect = rng.uniform(0.55, 0.8)
    scale, width = 2 * height, max(1.0, 2 * height * pen)
    image = Image.new("L", (3 * scale, 3 * scale))
    draw = ImageDraw.Draw(image)
    for stroke in _STROKES[digit]:
        points = np.array(stroke) - 0.5
        x = points[:, 0] * aspect - slant * points[:, 1]
        y = points[:, 1]
        x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        line = [
            (1.5 * scale + scale * a, 1.5 * scale + scale * b) for a, b in zip(x, y, strict=True)
        ]
        draw.line(line, 255, round(width), joint="curve")
        for a, b in line:
            draw.ellipse((a - width / 2, b - width / 2, a + width / 2, b + width / 2), 255)
    return _cut_out(image.reduce(2))


def typeset(digit: int, height: int, font: str) -> Map:
    """A digit of a font, cut out."""
    size = round(height * 1.35)
    face = ImageFont.truetype(font, size) if font else ImageFont.load_default(size)
    image = Image.new("L", (3 * height, 3 * height))
    ImageDraw.Draw(image).text((height, height // 2), str(digit), 255, face)
    return _cut_out(image)


def _cut_out(image: Image.Image) -> Map:
    return np.asarray(image.crop(image.getbbox()), np.float64) / 255


def place(ink: Map, size: tuple[int, int], at: tuple[float, float]) -> Map:
    """The ink in an empty picture (height, width); `at` is from 0 to 1, down and to the right."""
    whole = np.zeros(size)
    top, left = (round(at[i] * (size[i] - ink.shape[i])) for i in (0, 1))
    whole[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return whole


def drawing(
    digit: int,
    rng: np.random.Generator,
    *,
    pen: tuple[float, float] | None = None,
    size: tuple[int, int] = (300, 300),
    height: tuple[int, int] = (140, 220),
    at: tuple[float, float] = (0.5, 0.5),
) -> Map:
    """A digit in a picture: written with a pen of some width, otherwise as often set in a font."""
    tall = int(rng.integers(*height))
    if pen is None and rng.random() < 0.5:
        ink = typeset(digit, tall, str(rng.choice(fonts())))
    else:
        ink = write(digit, tall, rng.uniform(*(pen or (0.07, 0.14))), rng)
    return place(ink, size, at)


def shaded(ink: Map, paper: float | Map = 0.97, colour: float | Map = 0.08) -> Map:
    """Brightness of ink on paper."""
    return paper + (colour - paper) * ink


def as_file(brightness: Map, name: str = "PNG", **options: object) -> bytes:
    return saved(
        Image.fromarray(np.round(brightness.clip(0, 1) * 255).astype(np.uint8)), name, **options
    )


def saved(image: Image.Image, name: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)  # pyright: ignore
    return file.getvalue()


def _slope(size: tuple[int, ...], rng: np.random.Generator) -> Map:
    """From 0 to 1 across the picture, in any direction."""
    down, right = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    return 0.5 + (down * np.sin(angle) + right * np.cos(angle)) / (2 * 2**0.5)


def _plain(digit: int, rng: np.random.Generator) -> bytes:
    return as_file(shaded(drawing(digit, rng)))


def _light_on_dark(digit: int, rng: np.random.Generator) -> bytes:
    return as_file(shaded(drawing(digit, rng), 0.05, 0.95))


def _thin_pen(digit: int, rng: np.random.Generator) -> bytes:
    ink = drawing(digit, rng, pen=(0.01, 0.02), size=(400, 400), height=(200, 300))
    return as_file(shaded(ink))


def _thick_pen(digit: int, rng: np.random.Generator) -> bytes:
    return as_file(shaded(drawing(digit, rng, pen=(0.18, 0.22))))


def _in_a_corner(digit: int, rng: np.random.Generator) -> bytes:
    at = (float(rng.choice([0.08, 0.92])), float(rng.choice([0.08, 0.92])))
    return as_file(shaded(drawing(digit, rng, size=(800, 1000), height=(90, 140), at=at)))


def _cropped_tightly(digit: int, rng: np.random.Generator) -> bytes:
    ink = drawing(digit, rng)
    rows, columns = np.nonzero(ink.max(axis=1))[0], np.nonzero(ink.max(axis=0))[0]
    return as_file(shaded(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))


def _wide(digit: int, rng: np.random.Generator) -> bytes:
    at = (0.5, rng.uniform(0.1, 0.9))
    return as_file(shaded(drawing(digit, rng, size=(180, 1500), height=(110, 150), at=at)))


def _grey_paper(digit: int, rng: np.random.Generator) -> bytes:
    return as_file(shaded(drawing(digit, rng), 0.45, 0.25))


def _uneven_light(digit: int, rng: np.random.Generator) -> bytes:
    ink = drawing(digit, rng, at=(rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8)))
    light = 0.3 + 0.7 * _slope(ink.shape, rng) ** 1.5
    return as_file(shaded(ink) * light + rng.normal(0, 0.01, ink.shape), "JPEG", quality=85)


def _shadow(digit: int, rng: np.random.Generator) -> bytes:
    ink = drawing(digit, rng)
    edge = (_slope(ink.shape, rng) - rng.uniform(0.4, 0.6)) * 25
    return as_file(shaded(ink, colour=0.15) * (0.55 + 0.45 / (1 + np.exp(-edge))))


def _noise(digit: int, rng: np.random.Generator) -> bytes:
    ink = drawing(digit, rng)
    return as_file(shaded(ink, 0.8, 0.25) + rng.normal(0, 0.07, ink.shape))


def _specks(digit: int, rng: np.random.Generator) -> bytes:
    ink = drawing(digit, rng)
    image = Image.fromarray((ink * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for x, y, r in rng.uniform((0, 0, 0.5), (300, 300, 2.5), (25, 3)):
        draw.ellipse((x - r, y - r, x + r, y + r), 255)
    return as_file(shaded(np.asarray(image) / 255))


def _compressed(digit: int, rng: np.random.Generator) -> bytes:
    return as_file(shaded(drawing(digit, rng), 0.85, 0.3), "JPEG", quality=8)


def _transparent(digit: int, rng: np.random.Generator, colour: float, name: str) -> bytes:
    ink = drawing(digit, rng)
    bands = [np.full(ink.shape, colour)] * 3 + [ink]
    pixels = np.round(np.stack(bands, axis=2) * 255).astype(np.uint8)
    return saved(Image.fromarray(pixels), name)


def _dark_on_transparent(digit: int, rng: np.random.Generator) -> bytes:
    return _transparent(digit, rng, 0.0, "PNG")


def _light_on_transparent(digit: int, rng: np.random.Generator) -> bytes:
    return _transparent(digit, rng, 1.0, "WEBP")


def _palette(digit: int, rng: np.random.Generator) -> bytes:
    image = Image.fromarray((drawing(digit, rng) * 255).astype(np.uint8)).convert("P")
    image.putpalette([value for i in range(256) for value in (255 - i // 2, 255 - i, 200)])
    return saved(image, "GIF")


def _colours(digit: int, rng: np.random.Generator) -> bytes:
    pairs = [("cornsilk", "firebrick"), ("darkgreen", "khaki"), ("white", "royalblue")]
    paper, pen = (np.array(ImageColor.getrgb(it)) / 255 for it in pairs[rng.integers(3)])
    ink = drawing(digit, rng)[:, :, None]
    return as_file(paper + (pen - paper) * ink, "BMP")


def _turned_by_exif(digit: int, rng: np.random.Generator) -> bytes:
    image = Image.fromarray((shaded(drawing(digit, rng)) * 255).astype(np.uint8))
    exif = Image.Exif()
    orientation, turn = [(3, 180), (6, 90), (8, -90)][rng.integers(3)]
    exif[0x0112] = orientation
    return saved(image.rotate(turn, expand=True), "JPEG", exif=exif)


def _sixteen_bits(digit: int, rng: np.random.Generator) -> bytes:
    deep = np.round(shaded(drawing(digit, rng)) * 4095).astype(np.uint16)
    return saved(Image.fromarray(deep))


def _thirty_two_bits(digit: int, rng: np.random.Generator) -> bytes:
    deep = np.round(shaded(drawing(digit, rng), 0.05, 0.9) * 2**30).astype(np.int32)
    return saved(Image.fromarray(deep), "TIFF")


def _floats(digit: int, rng: np.random.Generator) -> bytes:
    deep = (shaded(drawing(digit, rng)) * 7).astype(np.float32)
    deep[0, :3] = np.nan, np.inf, -np.inf
    return saved(Image.fromarray(deep), "TIFF")


DISTURBANCES: dict[str, Disturbance] = {
    "dark on white": _plain,
    "light on dark": _light_on_dark,
    "a thin pen": _thin_pen,
    "a thick pen": _thick_pen,
    "small, in a corner": _in_a_corner,
    "cropped tightly": _cropped_tightly,
    "a wide picture": _wide,
    "grey paper": _grey_paper,
    "uneven light, JPEG": _uneven_light,
    "a shadow": _shadow,
    "noise": _noise,
    "specks": _specks,
    "strong JPEG compression": _compressed,
    "dark ink, transparent ground": _dark_on_transparent,
    "light ink, transparent ground": _light_on_transparent,
    "palette, GIF": _palette,
    "colours, BMP": _colours,
    "turned by EXIF": _turned_by_exif,
    "16 bits, dim": _sixteen_bits,
    "32 bits, TIFF": _thirty_two_bits,
    "floats with nan, TIFF": _floats,
}
"""What happens to a picture, by name: a digit and random numbers -> the bytes of its file."""


def draw(disturbance: str, digit: int, seed: int = 0) -> bytes:
    """A file with a picture of a digit."""
    kind = list(DISTURBANCES).index(disturbance)
    return DISTURBANCES[disturbance](digit, np.random.default_rng((seed, kind, digit)))
