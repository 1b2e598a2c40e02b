"""Whether a run that nobody trains is in good order: nothing was lost, each file is whole."""

import json
from contextlib import suppress
from itertools import pairwise

from bilstm_core import events
from bilstm_core.errors import UsageError
from bilstm_core.network.weights import load
from bilstm_core.processes.session import resume_run
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.training.checkpoints import Checkpoint, load_checkpoint


def check(run: Run, epochs: int, kills: int) -> None:
    """Look at everything that a run left.

    Args:
        run: The run, which is over for now.
        epochs: How many it was to train.
        kills: How often its process was killed.

    Raises:
        AssertionError: Something is not as it should be.
    """
    seen = read_overview(run)
    assert not seen.problem, seen.problem
    assert seen.status in {"finished", "stopped", *(["lost"] if kills else [])}, seen.status
    assert run.config.num_epochs == epochs
    checkpoint = _checkpoint(run)
    reported = _events(run, kills)
    _check_order(reported)
    furthest = max((e.step for e in reported if isinstance(e, events.Progress)), default=0)
    saved = checkpoint.step if checkpoint else 0
    if not kills:
        assert saved <= furthest, f"the checkpoint is of step {saved}, the log ends at {furthest}"
    if seen.status != "lost":
        ending = reported[-1]
        assert isinstance(ending, events.Finished | events.Stopped)
        assert saved == ending.step, f"the checkpoint is of step {saved}, the end of {ending.step}"
        summary = json.loads(run.summary_file.read_text(encoding="utf-8"))
        assert summary["status"] == ending.type == seen.status
        assert summary["ending"]["step"] == ending.step
    if seen.status == "finished":
        asked = [e.config["num_epochs"] for e in reported if isinstance(e, events.RunStarted)][-1]
        assert seen.epochs == asked, f"{seen.epochs} epochs of {asked}"
        # the process that extends it may be killed before its first event
        assert asked == epochs or kills, f"{asked} epochs instead of {epochs}"
        load(run.model_file)
    is_finished = seen.status == "finished" and seen.epochs == epochs
    _check_that_it_can_go_on(run, is_finished=is_finished)


def _checkpoint(run: Run) -> Checkpoint | None:
    assert not run.damaged_checkpoint_file.exists()
    with suppress(FileNotFoundError):
        load_checkpoint(run.previous_checkpoint_file)
    try:
        return load_checkpoint(run.checkpoint_file)
    except FileNotFoundError:
        return None


def _events(run: Run, kills: int) -> list[events.Event]:
    """The log; each kill may have cut a line, and nothing else may have."""
    reported, cut = [], 0
    for line in run.log_file.read_bytes().split(b"\n"):
        if line:
            try:
                reported.append(events.from_json(line))
            except ValueError:
                cut += 1
    assert cut <= kills, f"{cut} lines of the log are no events, after {kills} kills"
    return reported


def _check_order(reported: list[events.Event]) -> None:
    """Steps are consecutive; a resumed run continues where it was, or at a checkpoint."""
    for before, event in pairwise(e for e in reported if not isinstance(e, events.RunWarning)):
        if isinstance(event, events.RunStarted) and isinstance(
            before, events.Stopped | events.Finished
        ):
            assert event.step == before.step, f"stopped at {before.step}, resumed at {event.step}"
    step = furthest = 0
    for event in reported:
        if isinstance(event, events.RunStarted):
            assert event.step <= furthest, f"resumed at {event.step}, after reporting {furthest}"
            step = event.step
        elif isinstance(event, events.Progress):
            assert event.step - len(event.losses) == step, f"after {step} came {event.step}"
            step = event.step
            furthest = max(furthest, step)


def _check_that_it_can_go_on(run: Run, *, is_finished: bool) -> None:
    refusal = ""
    try:
        resume_run(run, {}).release()
    except UsageError as error:
        refusal = error.title
    assert refusal == ("The run is finished" if is_finished else "")
