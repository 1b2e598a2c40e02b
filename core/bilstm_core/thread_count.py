"""How many processor threads a run's arithmetic takes: measured once, remembered per machine.

Neither all cores nor one is right: small networks are faster on few, large ones on many, and
containers may use fewer than they see. A run takes fewer, too, while something else needs the
cores: threads that wait for one that was put aside cost far more than they give. Measured on
two cores, one of them busy elsewhere: digits at 513 images a second on two threads, 13,400 on one.
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import torch
from pydantic import TypeAdapter, ValidationError

from .catalog import CATALOG
from .config import RunConfig
from .devices import describe, resolve_precision
from .files import read_text, write_atomically
from .model import SequenceClassifier
from .paths import threads_file
from .steps import Step

_CPU = torch.device("cpu")
_WARM_UP_STEPS = 2
_LEAST_STEPS = 3
_LEAST_SECONDS = 0.1
_LONG_SECONDS = 1.0
"""A step this long is no matter of a few threads: all cores are right."""
_REMEMBERED = 200
_OTHERS = 0.2
"""Cores that others may use while it is measured; with more, the result is not remembered."""
_WINDOW_SECONDS = 1.0
_COLLAPSE = 3.0
"""How many times slower than on fewer threads a step must be for a run to take fewer."""
_AGAIN_SECONDS = 30.0
_LONGEST_WAIT_SECONDS = 600.0

Times = dict[int, float]
"""Seconds of a step by number of threads."""

_MEMORY = TypeAdapter(dict[str, Times])


class Threads:
    """The threads of one run: the fastest number, fewer where they stand in one another's way.

    Args:
        times: What a step takes with some numbers of threads; empty to leave them alone.
        tell: Takes a message when the run begins to take fewer.
        number: To begin with, where it shall not be the fastest: a run that goes on computes
            the same to the bit only on as many threads as before.
    """

    def __init__(
        self, times: Times, tell: Callable[[str], None] = lambda _: None, number: int = 0
    ) -> None:
        self._times = times
        self._tell = tell
        self._fastest = min(times, key=times.__getitem__, default=0)
        self._wait = _AGAIN_SECONDS
        self._again_at = 0.0
        self._steps, self._seconds = 0, 0.0
        if number or self._fastest:
            torch.set_num_threads(number or self._fastest)

    @property
    def number(self) -> int:
        """How many there are now."""
        return torch.get_num_threads()

    def note(self, seconds: float) -> None:
        """Take note of a step's time, and take fewer or more threads if that is called for."""
        if self.number not in self._times:
            return
        self._steps += 1
        self._seconds += seconds
        if self._seconds < _WINDOW_SECONDS:
            return
        mean = self._seconds / self._steps
        self._steps, self._seconds = 0, 0.0
        fewer = max((number for number in self._times if number < self.number), default=0)
        if fewer and mean > _COLLAPSE * self._times[fewer]:
            self._take_fewer(fewer)
        elif self.number < self._fastest and time.monotonic() >= self._again_at:
            more = min(number for number in self._times if number > self.number)
            torch.set_num_threads(more)

    def _take_fewer(self, number: int) -> None:
        if not self._again_at:
            self._tell(
                f"Something else needs the processor: {number} instead of {self.number} threads, "
                "until there is room again."
            )
        torch.set_num_threads(number)
        self._again_at = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT_SECONDS)


def choose_threads(
    config: RunConfig,
    device: torch.device,
    tell: Callable[[str], None] = lambda _: None,
    before: int = 0,
) -> Threads:
    """Set the number of threads for a run, measuring it where nobody has said or measured it.

    What the user says comes first: the setting, then OpenMP's own variables. With
    `deterministic` it is PyTorch's default, for it must not depend on a measurement.

    Args:
        config: The run's configuration.
        device: Where it trains; the question is the processor's alone.
        tell: Takes a message when the run begins to take fewer.
        before: How many the run took before, if it goes on.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
        return Threads({})
    is_said = any(os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"))
    if is_said or config.deterministic or device.type != "cpu" or torch.get_num_threads() == 1:
        return Threads({})
    times = _known_times(config)
    return Threads(times, tell, before if before in times else 0)


def _known_times(config: RunConfig) -> Times:
    """What steps like this run's take here, from memory or measured now."""
    memory, key = _remembered(), _key(config)
    if memory.get(key):
        return memory[key]
    since, busy_before = time.perf_counter(), _busy_seconds()
    own_before = time.process_time()
    times = measure(config, torch.get_num_threads())
    seconds = time.perf_counter() - since
    others = _busy_seconds() - busy_before - (time.process_time() - own_before)
    if others < _OTHERS * seconds:
        kept = list({**memory, key: times}.items())[-_REMEMBERED:]
        with suppress(OSError):  # measured anew next time
            path = threads_file()
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, _MEMORY.dump_json(dict(kept), indent=1))
    return times


def measure(config: RunConfig, most: int) -> Times:
    """Train on noise with `most` threads, half of them and so on, until fewer are slower.

    PyTorch's global generators and number of threads are left as they were.
    """
    threads_before = torch.get_num_threads()
    times: Times = {}
    try:
        with torch.random.fork_rng(devices=[]):
            step = _step_on_noise(config)
            number = most
            while number and (not times or times[min(times)] == min(times.values())):
                torch.set_num_threads(number)
                times[number] = _seconds_of(step)
                if times[number] > _LONG_SECONDS:
                    break
                number //= 2
    finally:
        torch.set_num_threads(threads_before)
    return times


def _step_on_noise(config: RunConfig) -> Callable[[], object]:
    facts = CATALOG[config.dataset]
    model = SequenceClassifier.from_config(config)
    step = Step(config, model, None, resolve_precision(config.precision, _CPU))
    rows = torch.rand(config.batch_size, facts.sequence_length, facts.input_size)
    labels = torch.randint(facts.num_classes, (config.batch_size,))
    return lambda: step(rows, labels, config.learning_rate, is_first=True)


def _seconds_of(step: Callable[[], object]) -> float:
    """The median time of a step, once it runs smoothly."""

    def seconds() -> float:
        since = time.perf_counter()
        step()
        return time.perf_counter() - since

    for _ in range(_WARM_UP_STEPS):
        if (long := seconds()) > _LONG_SECONDS:
            return long
    times: list[float] = []
    while len(times) < _LEAST_STEPS or sum(times) < _LEAST_SECONDS:
        times.append(seconds())
    return statistics.median(times)


def _remembered() -> dict[str, Times]:
    try:
        return _MEMORY.validate_json(read_text(threads_file()))
    except (OSError, ValueError, ValidationError):
        return {}


def _key(config: RunConfig) -> str:
    """The machine, and what the time of a step depends on."""
    facts = CATALOG[config.dataset]
    directions = "two directions" if config.bidirectional else "one direction"
    return (
        f"{describe(_CPU)}, {torch.get_num_threads()} cores, PyTorch {torch.__version__}: "
        f"{config.cell} {config.num_layers}×{config.hidden_size}, {directions}, "
        f"{config.readout}, {resolve_precision(config.precision, _CPU)}, {config.batch_size} "
        f"images of {facts.sequence_length}×{facts.input_size}"
    )


def _busy_seconds() -> float:
    """Core-seconds that this machine has been busy, since it started."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
