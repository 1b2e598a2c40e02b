"""Names that do not fit."""

from rich.cells import cell_len, set_cell_size


def shortened(text: str, most: int) -> str:
    """A name without its middle, if it is too long: the end often tells it from others."""
    if cell_len(text) <= most:
        return text
    end = text[-(most // 3) :]
    return set_cell_size(text, most - 1 - cell_len(end)) + "…" + end
