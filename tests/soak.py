"""Random runs, started, paused, changed, stopped, killed and resumed: `make soak`.

First, calls of the operating system fail in short runs. After each round nothing may be lost: a
run is finished or can be resumed, each of its files is whole, no process is left. An app is open
all the time: it opens each run when that is over and trains one of its own, and has to need no
more files and threads in the end than in the beginning. Each round has a seed of its own; `--seed`
repeats it, as far as moments can be repeated.
"""

import argparse
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.orders import Command, send_order
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.runs.store import find_run, list_runs
from tests.e2e.outside import has_ended, holder, steps, wait_until
from tests.e2e.terminal import COMMAND, Terminal, environment
from tests.fault_injection import CALLS, ERRORS, Scenario
from tests.run_integrity import check

MANY_EPOCHS = 100_000
MOST_RUNS = 12
SPARE = (1, min(32, (os.cpu_count() or 1) + 4), 1)
"""Files, threads and children that the app may have more than after its first round: Python's pool
of threads grows to its size, and of a child that has ended the system may keep a trace."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


class Round:
    """One run and what happens to it.

    Args:
        home: Whose runs these are.
        seed: What everything random follows from.
    """

    def __init__(self, home: Path, seed: int) -> None:
        self.acts: list[str] = []
        self.kills = 0
        self._home = home
        self._env = environment(home)
        self._rng = random.Random(seed)
        self._epochs = self._rng.choice([2, 4, MANY_EPOCHS, MANY_EPOCHS])

    def play(self) -> None:
        """Start it and do something at random a few times; in the end it is in good order."""
        self._start()
        for _ in range(self._rng.randint(3, 8)):
            act = self._rng.choice(self._possible_acts())
            act()
            if not self.run.is_live:
                self.check()
        if not self.run.is_live and read_overview(self.run).status == "lost":
            self._resume()
        if self.run.is_live:
            self._stop()
        self.check()

    def check(self) -> None:
        """Nothing was lost."""
        check(Run(self.run.path), self._epochs, self.kills)

    def _start(self) -> None:
        settings = self._settings()
        words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        self._note("start", *words)
        name = self._bilstm("--no-ui", "--detach", "--name", "soak", *words).strip()
        self.run = find_run(self._home / "runs", name)

    def _settings(self) -> dict[str, object]:
        pick = self._rng.choice
        return {
            "dataset": "digits",
            "num-epochs": self._epochs,
            "hidden-size": pick([4, 8, 16, 32]),
            "num-layers": pick([1, 1, 2]),
            "cell": pick(["lstm", "gru", "rnn"]),
            "readout": pick(["all", "last", "final", "mean", "max"]),
            "batch-size": pick([16, 64, 256]),
            "augment": pick(["none", "shift"]),
            "ema-decay": pick([0, 0.9]),
            "validation-fraction": pick([0, 0.1]),
            "learning-rate": 0.001,
            "checkpoint-seconds": pick([0, 0.05, 1, 30]),
            "seed": self._rng.randrange(1000),
        }

    def _possible_acts(self) -> list[Callable[[], None]]:
        if not self.run.is_live:
            return [self._resume]
        running = [self._wait, self._wait, self._wait, self._pause, self._change, self._freeze]
        return [*running, self._stop, self._stop_at_once, self._signal, self._kill, self._kill]

    def _wait(self) -> None:
        self._note("wait")
        self._go_on_if_paused()
        before = steps(self.run)
        self._until(lambda: steps(self.run) > before)

    def _pause(self) -> None:
        self._order("pause")
        self._until(lambda: self._history().is_paused)
        if self._rng.random() < 0.5:  # else whatever comes next finds it paused
            before = steps(self.run)
            self._order("resume")
            self._until(lambda: steps(self.run) > before)

    def _change(self) -> None:
        self._go_on_if_paused()
        rate = self._rng.uniform(1e-4, 2e-3)
        self._order("change_learning_rate", learning_rate=rate)
        self._until(
            lambda: any(c.learning_rate == rate for c in self._history().learning_rate_changes)
        )

    def _go_on_if_paused(self) -> None:
        if self._history().is_paused:
            self._order("resume")

    def _freeze(self) -> None:
        self._hit(signal.SIGSTOP)
        self._a_moment()
        self._hit(signal.SIGCONT)

    def _stop(self) -> None:
        self._note("stop")
        self._bilstm("stop", self.run.name, may_be=(0, 2))  # 2: it has just finished
        self._until_over()

    def _stop_at_once(self) -> None:
        self._order("stop_at_once")
        self._until_over()

    def _signal(self) -> None:
        self._hit(self._rng.choice(SIGNALS))
        self._until_over()

    def _kill(self) -> None:
        self._a_moment()
        self._hit(signal.SIGKILL)
        self.kills += 1
        self._until_over()

    def _resume(self) -> None:
        words = []
        if read_overview(self.run).status == "finished":
            self._epochs += 2
            words = ["--num-epochs", str(self._epochs)]
        self._note("resume", *words)
        self._bilstm("resume", self.run.name, "--detach", *words)

    def _order(self, command: Command, learning_rate: float | None = None) -> None:
        self._note(command, *([str(learning_rate)] if learning_rate else []))
        send_order(self.run.commands_file, command, learning_rate)

    def _hit(self, number: signal.Signals) -> None:
        self._note(number.name)
        with suppress(ProcessLookupError):  # it has just finished
            os.kill(holder(self.run), number)

    def _a_moment(self) -> None:
        time.sleep(self._rng.uniform(0, 0.5))  # the moment is random

    def _until(self, condition: Callable[[], bool]) -> None:
        wait_until(lambda: condition() or not self.run.is_live)

    def _until_over(self) -> None:
        wait_until(lambda: not self.run.is_live)

    def _history(self) -> History:
        past = History()
        for event in open_log(self.run.log_file)[0]:
            past.add(event)
        return past

    def _note(self, *words: str) -> None:
        self.acts.append(" ".join(words))

    def _bilstm(self, *words: str, may_be: tuple[int, ...] = (0,)) -> str:
        result = subprocess.run(
            [COMMAND, *words], env=self._env, capture_output=True, text=True, check=False
        )
        assert result.returncode in may_be, f"{words}: {result.returncode}\n{result.stderr}"
        return result.stdout


class Watcher:
    """The app, open all the time: it opens each run, and trains some of its own.

    Args:
        home: Whose runs these are.
    """

    def __init__(self, home: Path) -> None:
        self._runs_dir = home / "runs"
        words = ["--dataset", "digits", "--num-epochs", "2", "--hidden-size", "8", "--name", "app"]
        self.terminal = Terminal(*words, env=environment(home), columns=120, rows=36)
        self.process = psutil.Process(self.terminal.process.pid)
        self.first: tuple[int, ...] | None = None
        self.terminal.wait_for("10 classes")

    def look(self, run: Run) -> None:
        """Open a run, train another, and count what is open afterwards."""
        app = self.terminal
        app.type("r")
        app.wait_for(r"\d of \d+, by run")
        app.type("/" + run.name)
        app.wait_for("1 of [0-9]+, by run")
        app.wait_for("To the runs")  # the footer of the filter, not yet that of the table
        app.type("\r")
        app.wait_for("space Mark")
        app.type("\r")
        app.wait_for(rf"{run.name}  (finished|stopped)")
        app.type("t")
        app.wait_for(r"_app_\w{3}  finished")
        trained = holder(list_runs(self._runs_dir)[-1])
        # its next worker is there, and the one that trained is not
        wait_until(lambda: bool(self._children()) and trained not in self._children())
        self.first = self.first or self.open
        most = [first + more for first, more in zip(self.first, SPARE, strict=True)]
        wait_until(lambda: all(now <= limit for now, limit in zip(self.open, most, strict=True)))
        assert self.terminal.process.poll() is None, "the app has ended"

    def leave(self) -> None:
        """Quit."""
        self.terminal.type("q")
        assert self.terminal.wait() == 0, "the app ended badly"

    @property
    def open(self) -> tuple[int, ...]:
        """How many files, threads and children it has."""
        if not self.process.is_running():
            return 0, 0, 0
        children = len(self.process.children())
        return self.process.num_fds(), self.process.num_threads(), children

    def _children(self) -> list[int]:
        """Those that have not ended."""
        return [child.pid for child in self.process.children() if not has_ended(child)]


def processes(home: Path) -> list[psutil.Process]:
    """All that belong to this home, but for those that have ended and wait for a parent."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_ours = process.environ().get("HOME") == str(home)
            if is_ours and not has_ended(process):
                found.append(process)
    return found


def strangers(home: Path, watcher: Watcher | None) -> list[psutil.Process]:
    """Processes that nobody needs any more."""
    known = {os.getpid()}
    if watcher:
        known |= {watcher.process.pid, *(child.pid for child in watcher.process.children())}
    return [process for process in processes(home) if process.pid not in known]


def remove(run: Run, home: Path) -> None:
    """Delete a run, so that there are not ever more of them."""
    command = [COMMAND, "rm", run.name, "--yes"]
    subprocess.run(command, env=environment(home), check=True, stdout=subprocess.DEVNULL)
    assert not run.path.exists()


def soak(home: Path, seconds: float, seed: int) -> int:
    """Rounds until the time is over; how many there were."""
    end, number = time.monotonic() + seconds, 0
    watcher: Watcher | None = None
    one = Round(home, seed)
    try:
        watcher = Watcher(home)
        while number == 0 or time.monotonic() < end:
            one = Round(home, seed + number)
            one.play()
            one.acts.append("the app opens it, and trains one of its own")
            watcher.look(one.run)
            one.acts.append("no process is left")
            wait_until(lambda: not strangers(home, watcher))
            print(f"seed {seed + number}: {'; '.join(one.acts)}\n", flush=True)
            number += 1
            for old in list_runs(home / "runs")[:-MOST_RUNS]:
                remove(old, home)
        print("The app had and has files, threads, children:", watcher.first, watcher.open)
        watcher.leave()
        wait_until(lambda: not strangers(home, None))
    except BaseException:
        print(f"seed {seed + number} failed:", *one.acts, sep="\n  ")
        print("Processes:", *map(_words, processes(home)), sep="\n  ")
        for run in list_runs(home / "runs")[-2:]:  # the round's, and maybe the app's own
            for file in (run.log_file, run.worker_log_file):
                print(f"{file} ends:", *_last_lines(file), sep="\n  ")
        if watcher:
            print("The app had and has files, threads, children:", watcher.first, watcher.open)
            print("The app shows:", watcher.terminal.dump(), sep="\n")
        raise
    finally:
        for process in processes(home):
            with suppress(psutil.Error):
                process.kill()
    return number


def inject_faults(seconds: float, seed: int) -> int:
    """Have calls of the operating system fail in short runs; how many were tried."""
    scenario, end, number = Scenario(), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        chosen = random.Random(seed + number)
        call, error = chosen.choice(CALLS), chosen.choice(ERRORS)
        try:
            scenario.play_once(call, error, seed + number)
        except BaseException:
            print(f"seed {seed + number} failed: {call}, {errno.errorcode[error]}")
            raise
        number += 1
    return number


def _last_lines(file: Path) -> list[str]:
    if not file.exists():
        return ["There is no such file."]
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line[:200] for line in lines[-10:]]


def _words(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.Error:
        return f"{process.pid} has just ended"


def main() -> int:
    """Soak; the result is an exit code."""
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup; a worker would inherit it
            signal.signal(number, lambda *_: None)  # and so it starts with what is usual
    parser = argparse.ArgumentParser(description="Random runs, until the time is over.")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=None, help="of the first round")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        faults = inject_faults(arguments.seconds / 6, seed)
        rounds = soak(home, arguments.seconds * 5 / 6, seed)
    except BaseException as error:
        traceback.print_exc()
        print(f"Wrong: {error!s:.2000}\nThe runs are kept: {home / 'runs'}")
        return 1
    shutil.rmtree(home)
    print(
        f"{faults} calls failed, {rounds} rounds, seeds {seed} to {seed + rounds - 1}: "
        "nothing was lost."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
