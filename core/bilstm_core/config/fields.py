"""How a setting of the schema is declared."""

from collections.abc import Mapping
from typing import Any, Literal, cast

from pydantic import Field
from pydantic.config import JsonDict

from ..building_blocks.cells import Cell
from ..building_blocks.merges import Merge
from ..building_blocks.readouts import Readout

Steps = Literal["one", "doubling", "series", "twentieth", "nines"]
"""How forms change a number by a key: by 1; to the next power of 2; along 1, 2, 5, 10, 20 …;
by 0.05; along 0.9, 0.95, 0.98, 0.99, 0.995 …"""


def setting(
    default: Any,
    group: str,
    help_line: str,
    unit: str = "",
    *,
    resumable: bool = False,
    choice_help: Mapping[str, str | Cell | Merge | Readout] | None = None,
    others: str = "",
    text: str = "",
    steps: Steps = "series",
    least: float = 1,
    **bounds: Any,
) -> Any:
    """Define a field.

    Args:
        default: Its value where nothing else is said.
        group: A key of `GROUPS`.
        help_line: A line of help.
        unit: Of a number.
        resumable: Whether it may change when a run is resumed.
        choice_help: For each choice its line of help, or the entry that has it.
        others: What else than its examples is allowed, in words.
        text: What is allowed, in words, where that is any text.
        steps: How forms change a number by a key.
        least: The first number of a series after 0.
        bounds: Passed on to pydantic.
    """
    lines = {
        name: entry if isinstance(entry, str) else entry.help
        for name, entry in (choice_help or {}).items()
    }
    extra: JsonDict = {"group": group, "unit": unit, "resumable": resumable}
    extra |= {"others": others, "text": text, "steps": steps, "least": least}
    extra["choice_help"] = cast(JsonDict, lines)
    return Field(default, description=help_line, json_schema_extra=extra, **bounds)


def column(what: str) -> Any:
    """Define a field that names the column of a table."""
    help_line = f"tables: column with {what}; found by its name if empty"
    return setting("", "data", help_line, text="the name of a column, or nothing")
