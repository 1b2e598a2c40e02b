"""`bilstm-tui data PATH`: what is in a data set, before it is trained with."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.config.settings import DATA_SETTINGS

from ..text.advice import with_options
from ..text.console import make_console
from .options import DataDir, given, switch
from .train import resolve_typed

if TYPE_CHECKING:
    from bilstm_core.data.data_overview import DataOverview


def data(
    path: Annotated[str, Parameter(help="a file or folder, or a data set by name", metavar="PATH")],
    /,
    *,
    json: Annotated[bool, switch("print everything as one JSON object")] = False,
    data_dir: DataDir = None,
    **settings: str | bool | None,
) -> int:
    """Show what is in a file, a folder or a built-in data set, and what may be wrong with it."""
    config = resolve_typed({**given(settings), "dataset": path}, None, None)
    from bilstm_core.data.look import look_at  # they import NumPy
    from bilstm_core.data.sources.registry import read_present

    overview = look_at(read_present(config, paths.data_dir(data_dir)))
    if json:
        _print_json(overview)
        return 0
    problems = (with_options(problem, DATA_SETTINGS) for problem in overview.problems)
    _print(replace(overview, problems=tuple(problems)))
    return 0


def _print_json(overview: "DataOverview") -> None:
    from pydantic import TypeAdapter

    from bilstm_core.data.data_overview import DataOverview

    sys.stdout.write(TypeAdapter(DataOverview).dump_json(overview).decode() + "\n")


def _print(overview: "DataOverview") -> None:
    from ..text.data_overview import overview_lines

    console = make_console()
    is_ascii = not sys.stdout.encoding.lower().startswith("utf")
    for line in overview_lines(overview, console.width):
        if is_ascii:
            from ..text.ascii import in_ascii

            line.plain = in_ascii(line.plain)
        console.print(line, soft_wrap=True)
