"""What a whole sweep can be ordered to do, from any machine that sees its folder."""

from contextlib import suppress

from ..errors import OutputError, UsageError
from ..runs.orders import send_order
from .study import Study


def set_paused(study: Study, paused: bool) -> None:
    """Pause a sweep: its runs pause, and no trial is started; or end the pause.

    Raises:
        UsageError: All trials have ended: there is nothing to pause.
        OutputError: The sweep cannot be written.
    """
    if paused and study.is_over:
        raise UsageError(
            f"All trials of {study.name} have ended: there is nothing to pause.",
            title="There is nothing to pause",
        )
    study.set_paused(paused)
    for trial in study.trials:
        run = study.run_of(trial)
        if run and not trial.state.is_finished() and run.is_live:
            with suppress(OutputError):  # its folder was deleted meanwhile
                send_order(run.commands_file, "pause" if paused else "resume")


def stop(study: Study) -> None:
    """Stop the helpers on all machines; the trials that train keep their state.

    Raises:
        OutputError: The sweep cannot be written.
    """
    study.stop_helpers()
