"""How many processor threads a run's arithmetic takes: measured once, remembered per machine.

Neither all cores nor one is right: small networks are faster on few, large ones on many. A run
takes fewer, too, while something else needs the cores: threads that wait for one that was put
aside cost far more than they give. Measured on two cores, one of them busy elsewhere: digits at
513 images a second on two threads, 13,400 on one.
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import psutil
import torch
from pydantic import Field, TypeAdapter

from ..compute.devices import describe, resolve_device, resolve_precision
from ..config.schema import RunConfig
from ..data.catalog import CATALOG
from ..files import read_text, write_atomically
from ..network.classifier import SequenceClassifier
from ..network.cost import operations_per_step
from ..network.summary import summarise
from ..paths import threads_file
from .failures import require_memory
from .step import Step

_CPU = torch.device("cpu")
_QUOTA_FILE = Path("/sys/fs/cgroup/cpu.max")
_LARGE_OPERATIONS = 2e10
"""Arithmetic of a step that keeps any number of cores busy; measuring it would take seconds."""
_WARM_UP_STEPS = 3
_LEAST_STEPS, _LEAST_SECONDS = 2, 0.15
_NEGLIGIBLE = 1.05
"""More threads must be faster by this factor to be worth taking from others."""
_REMEMBERED = 200
_OTHERS = 0.2
"""Cores that others may use while it is measured; with more, the result is not remembered."""
_LOOK_SECONDS = 0.2
_CROWDED = 0.5
"""Cores that are asked for and not there, from which on a run is warned."""
_WINDOW_SECONDS, _WINDOW_STEPS = 1.0, 3
_COLLAPSE = 3.0
"""How many times slower than on fewer threads a step must be for a run to take fewer."""
_AGAIN_SECONDS = 30.0
_LONGEST_WAIT_SECONDS = 600.0

Times = dict[Annotated[int, Field(gt=0)], Annotated[float, Field(gt=0, allow_inf_nan=False)]]
"""Seconds of a step by number of threads."""

_MEMORY = TypeAdapter(dict[str, Times])


def best_of(times: Times) -> int:
    """The fewest threads that are as good as the fastest."""
    return min(n for n, seconds in times.items() if seconds <= _NEGLIGIBLE * min(times.values()))


class ThreadTuner:
    """The threads of one run: the best number, fewer where they stand in one another's way.

    Args:
        times: What a step takes with some numbers of threads; empty to leave them alone.
        tell: Takes a message when the run begins to take fewer.
        number: The best number, where it shall not be read from the times: a run that goes on
            computes the same to the bit only on as many threads as before.
        measure_again: Gives better times, where these were measured beside other work.
    """

    def __init__(
        self,
        times: Times,
        tell: Callable[[str], None] = lambda _: None,
        number: int = 0,
        measure_again: Callable[[], "Times"] | None = None,
    ) -> None:
        self._times = times
        self._tell = tell
        self._measure_again = measure_again
        self._has_told = False
        self._wait = _AGAIN_SECONDS
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        self._window: list[float] = []
        self._spent = 0.0
        self.best = number or (best_of(times) if times else torch.get_num_threads())
        torch.set_num_threads(self.best)

    def note(self, seconds: float) -> None:
        """Take note of a step's time, and take fewer or more threads if that is called for."""
        if not self._times:
            return
        self._window.append(seconds)
        self._spent += seconds
        if self._spent < _WINDOW_SECONDS or len(self._window) < _WINDOW_STEPS:
            return
        usual = statistics.median(self._window)  # a single long one says nothing
        self._window, self._spent = [], 0.0
        number = torch.get_num_threads()
        fewer = max((n for n in self._times if n < number), default=0)
        if fewer and usual > _COLLAPSE * self._times[fewer]:
            self._take_fewer(fewer, number)
        elif time.monotonic() >= self._again_at:
            self._try_again(number)

    def _take_fewer(self, fewer: int, number: int) -> None:
        if not self._has_told:
            self._has_told = True
            self._tell(
                f"Something else needs the processor: {fewer} instead of {number} threads, until "
                "there is room again."
            )
        torch.set_num_threads(fewer)
        self._again_at = time.monotonic() + self._wait

    def _try_again(self, number: int) -> None:
        """The machine may be quieter by now."""
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        if self._measure_again:
            self._times, self._measure_again = self._measure_again(), None
            self.best = best_of(self._times)
            torch.set_num_threads(self.best)
        elif number < self.best:
            self._wait = min(2 * self._wait, _LONGEST_WAIT_SECONDS)
            torch.set_num_threads(min(n for n in {*self._times, self.best} if n > number))
        else:
            self._wait = _AGAIN_SECONDS


def choose_threads(
    config: RunConfig,
    device: torch.device,
    tell: Callable[[str], None] = lambda _: None,
    before: int = 0,
) -> ThreadTuner:
    """Set the number of threads for a run, measuring it where nobody has said or measured it.

    What the user says comes first: the setting, then OpenMP's own variables. With
    `deterministic` it is PyTorch's default, for it must not depend on a measurement.

    Args:
        config: The run's configuration.
        device: Where it trains; the question is the processor's alone.
        tell: Takes a message when the run takes fewer than was said or than it did.
        before: How many the run took on a processor before, if it goes on.
    """
    if config.threads:
        cores = psutil.cpu_count() or config.threads
        if config.threads > cores:
            tell(f"This machine has {cores} cores: more threads would only wait for one another.")
        number = min(config.threads, cores)
        if device.type == "cpu":
            _warn_where_crowded(number, tell)
        return ThreadTuner({}, number=number)
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    is_said = any(os.environ.get(name, "").strip()[:1].isdigit() for name in variables)
    if config.deterministic and not is_said and device.type == "cpu":
        _warn_where_crowded(torch.get_num_threads(), tell)
    if is_said or config.deterministic or device.type != "cpu":
        return ThreadTuner({})
    most = usable_cores()
    if most == 1 or operations_per_step(config) > _LARGE_OPERATIONS:
        return ThreadTuner({}, number=most)
    number = before if before <= torch.get_num_threads() else 0
    times, measure_again = _remembered().get(_key(config, most)), None
    if not times:
        times, is_quiet = _measured(config, most)
        if is_quiet:
            _remember(_key(config, most), times)
        elif not number:
            measure_again = lambda: _measured(config, most)[0]  # noqa: E731
    return ThreadTuner(times, tell, number, measure_again)


def measure_in_advance(config: RunConfig) -> None:
    """Get to know the best number for a run that may come, and leave the present one as it is.

    Raises:
        BilstmError: This machine lacks the device or the memory for it.
    """
    before, device = torch.get_num_threads(), resolve_device(config.device)
    require_memory(summarise(config).parameters, device)
    try:
        choose_threads(config, device)
    finally:
        torch.set_num_threads(before)


def _warn_where_crowded(number: int, tell: Callable[[str], None]) -> None:
    """Say where several threads will wait for one another, since others use the cores."""
    cores = psutil.cpu_count() or number
    if number == 1:
        return
    others = psutil.cpu_percent(_LOOK_SECONDS) / 100 * cores  # we do nothing meanwhile
    if others + number > cores + _CROWDED:
        tell(
            f"Other programs use {others:.1f} of {cores} cores: {number} threads that wait for one "
            "another may be many times slower. Neither `threads` nor `deterministic` said, a run "
            "takes as many as there is room for."
        )


def usable_cores() -> int:
    """Cores that PyTorch would use, or as many as this container's quota allows."""
    cores = torch.get_num_threads()
    with suppress(OSError, ValueError):  # no such quota
        quota, period = read_text(_QUOTA_FILE).split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def _measured(config: RunConfig, most: int) -> tuple[Times, bool]:
    """What steps like this run's take here, and whether nobody else was at work meanwhile."""
    since, busy, own = time.perf_counter(), _busy_seconds(), time.process_time()
    times = measure(config, most)
    seconds = time.perf_counter() - since
    others = _busy_seconds() - busy - (time.process_time() - own)
    return times, others < max(_OTHERS, most / 50) * seconds


def measure(config: RunConfig, most: int) -> Times:
    """Train on noise with one thread, two, four and so on to `most`, while more are faster.

    Upwards, for too many may be slower by orders of magnitude. PyTorch's global generators and
    number of threads are left as they were.
    """
    before = torch.get_num_threads()
    numbers = [2**power for power in range(most.bit_length()) if 2**power < most] + [most]
    times: Times = {}
    try:
        with torch.random.fork_rng(devices=[]):
            step = _step_on_noise(config)
            for number in numbers:
                torch.set_num_threads(number)
                times[number] = _seconds_of(step)
                # two in a row: one alone may have been disturbed
                if list(times).index(min(times, key=times.__getitem__)) < len(times) - 2:
                    break
    finally:
        torch.set_num_threads(before)
    return times


def _step_on_noise(config: RunConfig) -> Callable[[], object]:
    facts = CATALOG[config.dataset]
    model = SequenceClassifier.from_config(config)
    step = Step(config, model, None, resolve_precision(config.precision, _CPU))
    rows = torch.rand(config.batch_size, facts.sequence_length, facts.input_size)
    labels = torch.randint(facts.num_classes, (config.batch_size,))
    return lambda: step(rows, labels, config.learning_rate, is_first=True)


def _seconds_of(step: Callable[[], object]) -> float:
    """The median time of a step, after some that make buffers, threads and choices."""
    for _ in range(_WARM_UP_STEPS):
        step()
    times: list[float] = []
    while len(times) < _LEAST_STEPS or sum(times) < _LEAST_SECONDS:
        since = time.perf_counter()
        step()
        times.append(time.perf_counter() - since)
    return statistics.median(times)


def _remembered() -> dict[str, Times]:
    try:
        return _MEMORY.validate_json(read_text(threads_file()))
    except (OSError, ValueError):  # none yet, or none of ours: made anew
        return {}


def _remember(key: str, times: Times) -> None:
    kept = list({**_remembered(), key: times}.items())[-_REMEMBERED:]
    path = threads_file()
    with suppress(OSError):  # measured anew next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _MEMORY.dump_json(dict(kept), indent=1))


def _key(config: RunConfig, most: int) -> str:
    """The machine, and what the time of a step depends on in the main."""
    facts = CATALOG[config.dataset]
    directions = "two directions" if config.bidirectional else "one direction"
    return (
        f"{describe(_CPU)}, {most} cores, PyTorch {torch.__version__}: "
        f"{config.cell} {config.num_layers}×{config.hidden_size}, {directions}, "
        f"{config.readout}, {resolve_precision(config.precision, _CPU)}, {config.batch_size} "
        f"images of {facts.sequence_length}×{facts.input_size}"
    )


def _busy_seconds() -> float:
    """Core-seconds that this machine has been busy since it started; 0 where it does not say."""
    try:
        times = psutil.cpu_times()
    except OSError:
        return 0.0
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
