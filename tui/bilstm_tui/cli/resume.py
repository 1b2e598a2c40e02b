"""`bilstm-tui resume RUN`: resumes a run from its last checkpoint."""

from typing import Annotated

from bilstm_core import paths
from bilstm_core.runs.store import find_run

from .options import DataDir, RunName, RunsDir, given, switch
from .train import carry_out


def resume(
    run: RunName,
    /,
    *,
    detach: Annotated[bool, switch("train in a process that outlives this terminal")] = False,
    json: Annotated[bool, switch("print events as JSON lines on stdout")] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: str | bool | None,
) -> int:
    """Resume a run from its last checkpoint, or train a finished one for more epochs."""
    from bilstm_core.processes.protocol import ResumeRun  # not needed for --help

    path = find_run(paths.runs_dir(runs_dir), run).path
    data_dir = data_dir and paths.expand_home(data_dir).absolute()
    order = ResumeRun(run=path, changes=given(settings), data_dir=data_dir)
    return carry_out(order, detach=detach, as_json=json)
