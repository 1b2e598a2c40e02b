"""Numbers as text."""


def percent(fraction: float) -> str:
    """A fraction as percent with two decimals, as in the notebook."""
    return f"{fraction * 100:.2f}"
