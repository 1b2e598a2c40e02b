"""Numbers as text."""

from datetime import timedelta


def percent(fraction: float) -> str:
    """A fraction as percent with two decimals, as in the notebook."""
    return f"{fraction * 100:.2f}"


def distinct_percents(first: float, second: float) -> tuple[str, str]:
    """Two fractions as percent, with one decimal or with as many as tell them apart, up to four."""
    texts = ("", "")
    for digits in range(1, 5):
        texts = (f"{first:.{digits}%}", f"{second:.{digits}%}")
        if texts[0] != texts[1]:
            break
    return texts


def duration(seconds: float) -> str:
    """Hours, minutes and seconds; below an hour minutes and seconds."""
    return str(timedelta(seconds=round(seconds))).removeprefix("0:")


def bar(fraction: float, width: int) -> str:
    """A fraction of a width as a bar, to half a column."""
    whole, half = divmod(round(min(1.0, max(0.0, fraction)) * width * 2), 2)
    return "━" * whole + "╸" * half


def bar_and_track(fraction: float, width: int) -> tuple[str, str]:
    """A bar, and the rest of its track: where that ends is 100 %."""
    filled = bar(fraction, width)
    return filled, "─" * (width - len(filled))


def short(value: float) -> str:
    """A number in a few characters: 12,300 as 12.3k, and small ones with three digits."""
    for least, unit, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= least:
            return f"{value / unit:.3g}{letter}" if abs(value) < 1000 * unit else f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
