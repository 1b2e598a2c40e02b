"""What `bilstm-tui sweep` prints: a line for each trial, JSON lines, the best settings."""

import json
import signal
import sys
from pathlib import Path

from bilstm_core.config.resolve import to_toml
from bilstm_core.errors import TrainingError, UsageError
from bilstm_core.processes.signals import StopRequest
from bilstm_core.sweeps.folders import JOURNAL
from bilstm_core.sweeps.helper import help_sweep, start_in_background
from bilstm_core.sweeps.leaderboard import (
    ENDED,
    Leaderboard,
    LeaderboardReader,
    Row,
    best_config,
    read_leaderboard,
)
from bilstm_core.sweeps.slots import Slot, find_slots
from bilstm_core.sweeps.study import Study
from bilstm_core.wording import counted

from ..text.console import make_console, sanitize, say, show_warning
from ..text.sweep_lines import (
    plan_lines,
    summary_line,
    trial_line,
    value_text,
)
from .sweep_table import trials_table


def train(
    study: Study, devices: str, parallel: int, data_dir: Path | None, *, as_json: bool
) -> int:
    """Train trials until the sweep is over; return the exit code.

    The end of the terminal does not end the sweep: nothing is printed any more.
    """
    slots = find_slots(devices, parallel, study.trials_wanted)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = StopRequest()
    stop.listen()
    reporter = _Reporter(study, as_json=as_json)
    with stop.before_training():
        reporter.start(slots)
    polled = (reporter.poll, reporter.tell_restart)
    for error in help_sweep(study, slots, data_dir, stop, study.stops, *polled):
        show_warning(f"A process ended early: {error.message}")
    is_stopped = not study.is_over
    has_result = reporter.end(is_stopped=is_stopped)
    return stop.exit_code or (0 if has_result or is_stopped else TrainingError.exit_code)


def train_in_background(
    study: Study, devices: str, parallel: int, data_dir: Path | None, *, as_json: bool
) -> int:
    """Start a helper in the background, and print the sweep's name."""
    start_in_background(study, devices, parallel, data_dir)
    if study.is_paused and not study.is_over:
        say(paused_line(study), stderr=True)
    if as_json:
        sys.stdout.write(json.dumps({"type": "sweep_started", "sweep": study.name}) + "\n")
        return 0
    sys.stdout.write(study.name + "\n")
    if sys.stdout.isatty():
        say(f"Look at it: bilstm-tui sweep {study.name} --status")
        say(f"Stop it:    bilstm-tui sweep {study.name} --stop")
    return 0


class _Reporter:
    """Prints what becomes of the trials, on all machines."""

    def __init__(self, study: Study, *, as_json: bool) -> None:
        self._study = study
        self._board = LeaderboardReader(study)
        self._as_json = as_json
        self._states: dict[int, tuple[str, str]] = {}
        self._is_paused = False
        self._is_terminal_gone = False

    def start(self, slots: list[Slot]) -> None:
        """Say what is searched, and where."""
        study = self._study
        for row in self._board.read().rows:
            self._states[row.number] = (row.state, row.run)
        if self._as_json:
            plan = study.plan.model_dump(mode="json")
            self._print_json(
                "sweep_started", sweep=study.name, trials=study.trials_wanted, plan=plan
            )
            return
        where = ", ".join(
            f"{slots.count(slot)} on {slot.device}"
            + (f" with {counted(slot.threads, 'thread')} each" if slot.threads else "")
            for slot in dict.fromkeys(slots)
        )
        self._print(f"Sweep {study.name}: {plan_lines(study.plan, study.trials_wanted)[0]}")
        self._print(plan_lines(study.plan, study.trials_wanted)[1])
        self._print(f"trials at once here: {where}")

    def poll(self) -> None:
        """Print what has changed."""
        board = self._board.read()
        self._tell_pause(board)
        for row in sorted(board.rows, key=lambda row: row.number):
            now = (row.state, row.run)
            if self._states.get(row.number) == now or (row.state == "training" and not row.run):
                continue
            self._states[row.number] = now
            if self._as_json:
                self._print_json("trial", **row_content(row))
            elif row.state in ENDED:
                self._print(trial_line(self._study.plan, row, board.best))

    def tell_restart(self, signal_number: int) -> None:
        """Say that a process was killed, and is started again."""
        if self._as_json:
            self._print_json("process_restarted", signal=signal_number)
        else:
            killed = f"A process was killed by signal {signal_number}"
            self._print(f"{killed}; its trial is resumed.")

    def _tell_pause(self, board: Leaderboard) -> None:
        """Say that the sweep is paused, or continues."""
        is_paused = board.is_paused and not board.is_over
        if is_paused == self._is_paused:
            return
        self._is_paused = is_paused
        if self._as_json:
            kind = "sweep_paused" if is_paused else "sweep_continued"
            self._print_json(kind, sweep=self._study.name)
        else:
            self._print(paused_line(self._study) if is_paused else f"{self._study.name} continues")

    def end(self, *, is_stopped: bool) -> bool:
        """Say what came out; returns whether any trial has finished."""
        study, board = self._study, self._board.read()
        best = board.best
        if self._as_json:
            content = row_content(best) if best else None
            self._print_json("sweep_ended", sweep=study.name, stopped=is_stopped, best=content)
            return best is not None
        self._print(summary_line(board))
        if best:
            value = value_text(study.plan, best.value)
            unit = "" if study.plan.objective == "loss" else " %"
            self._print(f"best: trial {best.number}, {value}{unit}, run {best.run}")
            self._print(f"Its settings: bilstm-tui sweep {study.name} --best > best.toml")
        if is_stopped:
            resume = f"Resume it: bilstm-tui sweep {study.name}"
            self._print(paused_line(study) if board.is_paused else resume)
        elif not best:
            self._print(f"Why no trial has finished: bilstm-tui sweep {study.name} --status")
        return best is not None

    def _print_json(self, kind: str, **content: object) -> None:
        self._print(json.dumps({"type": kind, **content}))

    def _print(self, line: str) -> None:
        if self._is_terminal_gone:
            return
        try:
            sys.stdout.write(sanitize(line) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:  # the sweep continues without it
            self._is_terminal_gone = True


def paused_line(study: Study) -> str:
    """What is to be done where a sweep is paused."""
    return f"Paused. Continue it: bilstm-tui sweep {study.name} --resume"


def row_content(row: Row) -> dict[str, object]:
    """A trial as JSON."""
    return {
        "trial": row.number,
        "state": row.state,
        "value": row.value,
        "settings": row.settings,
        "epoch": row.epoch,
        "seconds": round(row.seconds, 3),
        "run": row.run,
        "problem": row.problem,
    }


def print_status(study: Study, *, as_json: bool) -> int:
    """Print the trials, the best first."""
    board = read_leaderboard(study)
    if number := study.journal.passed_over:
        lines = counted(number, "damaged line")
        show_warning(f"{lines} of {study.folder / JOURNAL} passed over: a trial may be missing.")
    if as_json:
        for row in board.rows:
            sys.stdout.write(json.dumps(row_content(row)) + "\n")
        return 0
    for line in (f"Sweep {study.name}", *plan_lines(study.plan, board.wanted)):
        say(line)
    say(summary_line(board))
    if board.rows:
        console = make_console()
        console.print(trials_table(study.plan, board, console))
        number = board.rows[0].number
        say(f"Trial {number} is the run {study.name}-{number:03d}: bilstm-tui runs {study.name}-")
    return 0


def print_best(study: Study) -> int:
    """Print the settings of the best trial as TOML.

    Raises:
        UsageError: No trial has finished.
    """
    best = read_leaderboard(study).best
    if not best:
        raise UsageError(
            f"No trial of {study.name} has finished yet.",
            f"Look at it: bilstm-tui sweep {study.name} --status",
            title="There is no best trial",
        )
    sys.stdout.write(to_toml(best_config(study, best)))
    return 0
