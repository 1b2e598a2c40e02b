"""A helper: the processes on this machine that train a sweep's trials.

`python -m bilstm_core.sweeps.helper FOLDER DEVICES PARALLEL DATA_DIR STOPS` is one without a
terminal; DATA_DIR is `-` for the default, STOPS how often the sweep has been stopped.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import IO

from ..errors import BilstmError, InstallationError, OutputError, RelayedError
from ..events import Failed
from ..files import has_no_space, read_bytes, size_of
from ..processes.signals import STOP_CODES, StopRequest
from ..processes.worker_client import answer_pipe, error_from_event, no_process_error, parse_answer
from .slots import Slot, find_slots
from .study import Study

_POLL_SECONDS = 0.5
_MOST_RESTARTS = 5
"""Of one slot whose process is killed, until a trial has ended."""
_WORKER_LOG = "workers.log"
_TAIL_BYTES = 1 << 12
_LAST_LINES = 8


class SweepWorker:
    """A slot and the process that trains on it; see `worker`.

    The process is in a session of its own: neither Ctrl-C nor the end of the terminal reach it.
    """

    def __init__(self, study: Study, slot: Slot, data_dir: Path | None, stops: int) -> None:
        self._study = study
        self._stops = stops
        self._slot = slot
        self._data_dir = data_dir
        self._start()

    def _start(self) -> None:
        where = str(self._data_dir.absolute()) if self._data_dir else "-"
        slot, folder = self._slot, str(self._study.folder)
        with answer_pipe() as (self._answers, writable), _opened_log(self._study.folder) as log:
            try:
                self._process = subprocess.Popen(
                    # -P: a file torch.py in the working directory is not imported
                    [
                        *(sys.executable, "-P", "-m", "bilstm_core.sweeps.worker"),
                        *(folder, slot.device, str(slot.threads), where),
                        *(str(self._stops), str(writable)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(writable,),
                    start_new_session=True,
                )
            except OSError as error:
                raise no_process_error(error) from None

    @property
    def has_ended(self) -> bool:
        """Whether its process has ended."""
        return self._process.poll() is not None

    @property
    def killed_by(self) -> int:
        """The signal that ended it, which it does not handle, as where memory runs out; or 0."""
        return max(0, -(self._process.poll() or 0))

    def restart(self) -> None:
        """Start a process in place of one that has ended."""
        self._answers.close()
        self._start()

    def stop(self) -> None:
        """Ask the process to stop; the second time at once."""
        if not self.has_ended:
            self._process.terminate()

    def failure(self) -> BilstmError | None:
        """What ended the process, if that was an error."""
        code = self._process.wait()
        line = self._answers.readline()
        self._answers.close()
        if line:
            return error_from_event(parse_answer(line, Failed))
        if code < 0:
            return RelayedError(
                f"A process on {self._slot.device} was killed by signal {-code} again and again.",
                "Start it again with fewer trials at once; its trials are resumed.",
                title="The process was killed",
                exit_code=128 - code,
            )
        if code == 0 or code in STOP_CODES:
            return None
        log = self._study.folder / _WORKER_LOG
        last = read_bytes(log, max(0, size_of(log) - _TAIL_BYTES), _TAIL_BYTES)
        lines = last.decode(errors="replace").splitlines()[-_LAST_LINES:]
        if has_no_space(log.parent):  # it could not say so
            return OutputError(
                f"No space is left on the disk of {log.parent}.",
                "Make space, and start it again; its trials are resumed.",
                title="The disk is full",
            )
        return InstallationError(
            "A process of the sweep exited without reporting why.\n" + "\n".join(lines),
            f"What it printed: {log}",
        )


def _opened_log(folder: Path) -> IO[bytes]:
    try:
        return (folder / _WORKER_LOG).open("ab")
    except OSError:
        return Path(os.devnull).open("wb")


def help_sweep(
    study: Study,
    slots: list[Slot],
    data_dir: Path | None,
    stop: StopRequest,
    stops: int,
    on_poll: Callable[[], None] = lambda: None,
    on_restart: Callable[[int], None] = lambda _: None,
) -> list[BilstmError]:
    """Train trials on all slots until every trial that is wanted has ended, or a signal comes.

    Args:
        study: The sweep.
        slots: Where.
        data_dir: Folder of the data sets; None for the user's own.
        stop: The first signal stops the processes in good order, the second at once.
        stops: How often the sweep had been stopped when this was asked for.
        on_poll: Called a few times a second, and once at the end.
        on_restart: Called with the signal that killed a process, which is started again.

    Returns:
        The errors of processes that have ended early, while others have trained all trials.

    Raises:
        BilstmError: All processes have ended because of errors; the first one's error.
    """
    if study.is_over:  # which a process would find out after seconds
        slots = []
    workers = [SweepWorker(study, slot, data_dir, stops) for slot in slots]
    try:
        _supervise(study, workers, stop, on_poll, on_restart)
    finally:
        for worker in workers:
            worker.stop()
    failures = [failure for worker in workers if (failure := worker.failure())]
    on_poll()
    if failures and not study.is_over and not stop.is_requested():
        raise failures[0]
    return failures


def _supervise(
    study: Study,
    workers: list[SweepWorker],
    stop: StopRequest,
    on_poll: Callable[[], None],
    on_restart: Callable[[int], None],
) -> None:
    restarts, ended_trials = 0, -1
    is_asked = False
    while True:
        if stop.is_requested() and not is_asked:
            is_asked = True
            for worker in workers:
                worker.stop()
        on_poll()
        ended = sum(trial.state.is_finished() for trial in study.trials)
        if ended != ended_trials:
            restarts, ended_trials = 0, ended
        idle = [worker for worker in workers if worker.has_ended]
        killed = [worker for worker in idle if worker.killed_by]
        if killed and not is_asked and restarts < _MOST_RESTARTS * len(workers):
            restarts += len(killed)
            for worker in killed:
                on_restart(worker.killed_by)
                worker.restart()
        elif len(idle) == len(workers):
            return
        time.sleep(_POLL_SECONDS)


def start_in_background(study: Study, devices: str, parallel: int, data_dir: Path | None) -> None:
    """Start a helper that outlives this process and its terminal; see `help_sweep`.

    Raises:
        InstallationError: The system cannot start a process.
    """
    where = str(data_dir.absolute()) if data_dir else "-"
    words = (str(study.folder), devices, str(parallel), where, str(study.stops))
    try:
        with _opened_log(study.folder) as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bilstm_core.sweeps.helper", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        raise no_process_error(error) from None
    Thread(target=process.wait, daemon=True).start()  # or the system would keep an ended child


def main() -> int:
    """Help with a sweep; the result is the process's exit code."""
    folder, devices, parallel, data_dir, stops = sys.argv[1:]
    stop = StopRequest()
    stop.listen()
    try:
        with stop.before_training():
            study = Study(Path(folder))
            slots = find_slots(devices, int(parallel), study.trials_wanted)
        where = None if data_dir == "-" else Path(data_dir)
        help_sweep(study, slots, where, stop, int(stops))
    except BilstmError as error:
        sys.stderr.write(f"{error.title}\n{error.message}\n{error.advice}\n")
        return error.exit_code
    return stop.exit_code


if __name__ == "__main__":
    sys.exit(main())
