"""`bilstm-tui export RUN --to FORMAT`: a run's curves, tables or network for other programs."""

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.exports.formats import FORMATS, FormatName
from bilstm_core.runs.store import find_run

from ..text.console import say, show_warning
from .options import DataDir, RunName, RunsDir, switch

_STOPPED = 130
_FORMATS_IN_WORDS = "; ".join(f"{name} = {it.help}" for name, it in FORMATS.items())


def export(
    run: RunName,
    /,
    *,
    to: Annotated[FormatName, Parameter(help=f"the format: {_FORMATS_IN_WORDS}", metavar="FORMAT")],
    output: Annotated[
        Path | None,
        Parameter(
            name=["--output", "-o"],
            help="the file to write, a folder for files named like the run, or for tensorboard "
            "its folder; default: in the working directory",
            metavar="PATH",
        ),
    ] = None,
    force: Annotated[bool, switch("replace files that exist")] = False,
    follow: Annotated[
        bool, switch("for tensorboard: write until the run ends; Ctrl-C stops writing only")
    ] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
) -> int:
    """Export a run: its network (onnx, script) or its curves (tensorboard, csv)."""
    from bilstm_core.exports.export import export_run  # not needed for --help

    found = find_run(paths.runs_dir(runs_dir), run)
    try:
        exported = export_run(
            found,
            to,
            output and paths.expand_home(output),
            data_dir=paths.data_dir(data_dir),
            force=force,
            follow=follow,
            warn=show_warning,
            on_start=lambda folder: say(f"Writing {folder} until the run ends"),
        )
    except KeyboardInterrupt:
        if follow:
            return _STOPPED
        raise
    for path in exported.paths:
        say(f"Wrote {path}")
    for note in exported.notes:
        say(note)
    if to == "tensorboard":
        folder = exported.paths[0] if output else exported.paths[0].parent
        say(f"Open it: tensorboard --logdir {shlex.quote(str(folder))}")
    if to == "script":
        say(f"Predict: python {shlex.quote(str(exported.paths[0]))} FILE.npy")
    return 0
