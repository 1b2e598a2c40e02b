"""`bilstm-tui resume RUN`: continues a run from its last checkpoint."""

from typing import TYPE_CHECKING, Annotated

from bilstm_core import paths
from bilstm_core.compute.openmp import limit_spinning
from bilstm_core.runs.store import find_run

from .options import DataDir, RunName, RunsDir, given, switch
from .train import launch

if TYPE_CHECKING:
    from .headless import TrainingSession


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
    found, changes = find_run(paths.runs_dir(runs_dir), run), given(settings)
    data_dir = data_dir and paths.expand_home(data_dir)
    if detach:
        from bilstm_core.processes.protocol import ResumeRun  # not needed for --help

        folder = data_dir and data_dir.absolute()
        return launch(ResumeRun(run=found.path, changes=changes, data_dir=folder))
    from . import headless

    def resume_run() -> "TrainingSession":
        limit_spinning()
        from bilstm_core.processes import session  # imports torch: seconds

        return session.resume_run(found, changes, data_dir)

    return headless.run(resume_run, as_json=json)
