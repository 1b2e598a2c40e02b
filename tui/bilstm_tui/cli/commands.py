"""The commands on runs: runs, attach, stop, resume, rm, predict."""

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.compute.openmp import limit_spinning
from bilstm_core.errors import UsageError
from bilstm_core.runs.orders import send_order
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import find_run, list_runs, remove_run

from ..text.console import make_console, sanitize, show_warning

if TYPE_CHECKING:
    from bilstm_core.processes.protocol import ResumeRun, StartRun

_PATIENCE_SECONDS = 2.0

RunsDir = Annotated[
    Path | None,
    Parameter(help=f"folder of the runs; default: {paths.RUNS_DIR_VARIABLE} or ./runs"),
]
DataDir = Annotated[
    Path | None,
    Parameter(
        help="folder of the data sets in torchvision's layout; default: "
        f"{paths.DATA_DIR_VARIABLE} or the user's cache folder"
    ),
]
Which = Annotated[
    str, Parameter(help="its name, how that begins or ends, a path, or latest", metavar="RUN")
]


def switch(help_line: str) -> Parameter:
    """An option that is there or not."""
    return Parameter(help=help_line, negative="", show_default=False)


def runs(
    words: Annotated[str, Parameter(help="show only runs with this in their line")] = "",
    /,
    *,
    json: Annotated[bool, switch("print one JSON object a run")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """List the runs, oldest first."""
    from .runs_table import show_runs

    return show_runs(list_runs(paths.runs_dir(runs_dir)), words, as_json=json)


def attach(
    run: Which,
    /,
    *,
    json: Annotated[bool, switch("print its events as JSON lines")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Follow a run until it ends; Ctrl-C leaves it running."""
    from .attach import follow

    return follow(find_run(paths.runs_dir(runs_dir), run), as_json=json)


def stop(
    run: Which,
    /,
    *,
    at_once: Annotated[bool, switch("do not check the accuracy of what there is")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Stop a run in good order: finish the step, save a checkpoint, check the accuracy."""
    found = find_run(paths.runs_dir(runs_dir), run)
    if not found.is_live:
        raise UsageError(f"{found.name} is not being trained.", "`bilstm-tui runs` lists what is.")
    send_order(found.commands_file, "stop_at_once" if at_once else "stop")
    told_at = time.monotonic() + _PATIENCE_SECONDS
    while found.is_live:
        time.sleep(0.1)
        if time.monotonic() > told_at:
            told_at = math.inf
            check = "" if at_once else " and checks its accuracy"
            _say(f"Waiting: it finishes its step, saves{check} …")
    _say(f"Stopped {found.name}")
    _say(f"Go on with it: bilstm-tui resume {found.name}")
    return 0


def resume(
    run: Which,
    /,
    *,
    num_epochs: Annotated[
        str | None, Parameter(help="train for this many epochs in all", metavar="N")
    ] = None,
    patience: Annotated[
        str | None, Parameter(help="wait for this many epochs from now on", metavar="N")
    ] = None,
    device: Annotated[str | None, Parameter(help="go on there", metavar="NAME")] = None,
    threads: Annotated[
        str | None, Parameter(help="of the processor, 0 = as many as before", metavar="N")
    ] = None,
    cuda_graph: Annotated[
        bool | None, Parameter(help="launch a step at once on an NVIDIA GPU", show_default=False)
    ] = None,
    detach: Annotated[bool, switch("go on in a process that outlives this terminal")] = False,
    json: Annotated[bool, switch("print events as JSON lines on stdout")] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
) -> int:
    """Go on with a run from its last checkpoint, or with a finished one for more epochs."""
    found = find_run(paths.runs_dir(runs_dir), run)
    asked = {
        "num_epochs": num_epochs,
        "patience": patience,
        "device": device,
        "threads": threads,
        "cuda_graph": cuda_graph,
    }
    changes = {name: value for name, value in asked.items() if value is not None}
    if detach:
        from bilstm_core.processes.protocol import ResumeRun  # not needed for --help

        folder = data_dir and paths.expanded(data_dir).absolute()
        return launched(ResumeRun(run=found.path, changes=changes, data_dir=folder))
    from . import headless

    def resume_run() -> headless.TrainingSession:
        limit_spinning()
        from bilstm_core.processes import session  # imports torch: seconds

        return session.resume_run(found, changes, data_dir)

    return headless.run(resume_run, as_json=json)


def rm(
    *which: Which,
    yes: Annotated[bool, switch("do not ask")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Delete runs; refuses a live one."""
    if not which:
        raise UsageError("rm takes the runs to delete.", "`bilstm-tui runs` lists them.")
    folder = paths.runs_dir(runs_dir)
    found = list(dict.fromkeys(find_run(folder, word) for word in which))
    if not (yes or _agrees(found)):
        _say("Nothing was deleted")
        return 1
    for run in found:
        rest = remove_run(run)
        if rest:
            names = ", ".join(path.name for path in rest)
            show_warning(f"{run.path} stays, for it holds what is not ours: {names}")
        else:
            _say(f"Deleted {run.name}")
    return 0


def predict(
    run: Which,
    /,
    *images: Annotated[Path, Parameter(help="image files", metavar="IMAGE")],
    json: Annotated[bool, switch("print one JSON object an image")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Classify image files with a run's trained network."""
    if not images:
        raise UsageError("predict takes a run and the image files to classify.")
    from .predict import show_predictions

    return show_predictions(find_run(paths.runs_dir(runs_dir), run), images, as_json=json)


COMMANDS: tuple[Callable[..., int], ...] = (runs, attach, stop, resume, rm, predict)


def launched(order: "StartRun | ResumeRun") -> int:
    """Start a worker and print its run's name, alone on stdout for scripts."""
    from bilstm_core.processes.worker_client import WorkerClient

    run = WorkerClient().open_run(order)
    sys.stdout.write(run.name + "\n")
    if sys.stdout.isatty():
        _say(f"Follow it: bilstm-tui attach {run.name}")
        _say(f"Stop it:   bilstm-tui stop {run.name}")
    return 0


def _agrees(found: list[Run]) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "rm asks before it deletes, and stdin is no terminal.", "Say it beforehand: --yes"
        )
    for run in found:
        _say(run.name)
    sys.stdout.write(f"Delete {'this run' if len(found) == 1 else 'these runs'}? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _say(line: str) -> None:
    make_console().print(sanitize(line), soft_wrap=True)
