"""A process that torchrun has started: one of several that train one network together.

Rank 0 has the run: it alone reads orders, writes and prints. It sends the others the configuration
and the checkpoint. When torchrun restarts all of them after one was lost, rank 0 resumes the run
that it had started.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from ..compute.distributed import Group, LostRankError, joined, placed, started_run
from ..config.resolve import revise
from ..config.schema import RunConfig
from ..events import Emit
from ..runs.run import Run
from ..training.trainer import train
from .protocol import ResumeRun, StartRun
from .session import STOPPED_BY_ORDER, Session, open_session
from .signals import StopRequest

Output = Callable[[], AbstractContextManager[Emit]]


def train_as_rank(order: StartRun | ResumeRun, output: Output, stop: StopRequest) -> int:
    """Train with all ranks; returns the exit code.

    Args:
        order: The run, the same on every rank.
        output: Opens what takes the events, on rank 0.
        stop: What signals ask of this process; a stop of one rank stops all.

    Raises:
        BilstmError: The run could not start, or failed.
    """
    with stop.before_training():
        device = placed(_config_of(order)).device
    with joined(device) as ranks:
        if ranks.rank:
            with suppress(LostRankError):  # rank 0 says so
                return _follow(ranks, stop)
            return LostRankError.exit_code
        session = _opened(order)
        try:
            ranks.send((session.config, session.checkpoint, session.data_dir))
        except BaseException:
            session.release()
            raise
        with output() as listener:
            return session.train(listener, stop, ranks)


def _follow(ranks: Group, stop: StopRequest) -> int:
    """Train what rank 0 says."""
    config, checkpoint, data_dir = ranks.send(None)
    result = train(
        config,
        should_stop=stop.is_requested,
        data_dir=data_dir,
        checkpoint=checkpoint,
        ranks=ranks,
    )
    return (stop.exit_code or STOPPED_BY_ORDER) if result.ended == "stopped" else 0


def _config_of(order: StartRun | ResumeRun) -> RunConfig:
    """The configuration that is ordered, for the device; the others get it from rank 0."""
    if isinstance(order, StartRun):
        return order.config
    return revise(Run(order.run).config, order.changes)


def _opened(order: StartRun | ResumeRun) -> Session:
    """Open the run: that of the order, or that which was started before torchrun restarted."""
    before = started_run()
    if before and isinstance(order, StartRun):
        order = ResumeRun(run=Path(before), data_dir=order.data_dir)
    session = open_session(order)
    started_run(str(session.run.path))
    return session
