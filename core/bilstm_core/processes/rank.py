"""A process that torchrun has started: one of several that train one network together.

Rank 0 has the run: it alone reads orders, writes and prints. It sends the others the configuration
and the checkpoint. When torchrun restarts all of them after one was lost, rank 0 resumes the run
that it had started.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from ..compute.distributed import Group, LostRankError, joined, placed, started_run
from ..config.resolve import revise
from ..config.schema import RunConfig
from ..events import Emit
from ..runs.run import Run
from ..training.trainer import train
from .protocol import ResumeRun, StartRun
from .session import Session, open_session
from .signals import StopRequest

Output = Callable[[], AbstractContextManager[Emit]]


def train_as_rank(order: StartRun | ResumeRun, output: Output, stop: StopRequest) -> int:
    """Train with all ranks; returns the exit code.

    It is 0 also for a run that was stopped: after any other, torchrun would start all again.

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
                _follow(ranks, stop)
                return 0
            return LostRankError.exit_code
        session = _opened(order)
        try:
            ranks.send((session.config, session.checkpoint, session.data_dir))
        except BaseException:
            session.release()
            raise
        with output() as listener:
            session.train(listener, stop, ranks)
    return 0


def _follow(ranks: Group, stop: StopRequest) -> None:
    """Train what rank 0 says."""
    received: Any = ranks.send(None)
    config, checkpoint, data_dir = received
    train(
        config,
        should_stop=stop.is_requested,
        data_dir=data_dir,
        checkpoint=checkpoint,
        ranks=ranks,
    )


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
