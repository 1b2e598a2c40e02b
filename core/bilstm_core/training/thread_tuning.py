"""How many processor threads a run's arithmetic uses: measured once, remembered per machine.

The best number depends on the network: small ones are faster on few threads, large ones on many. A
run also uses fewer while other programs need the cores: threads that wait for one that was
descheduled cost far more than they gain. Measured on two cores, one of them busy elsewhere: digits
at 513 images a second on two threads, 13,400 on one.
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
from ..data.batches import Batch
from ..data.sources.registry import describe as describe_data
from ..data.sources.registry import forget as forget_data
from ..data.spec import DataSpec
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
"""More threads must be faster by this factor to be worth their cores."""
_MOST_ENTRIES = 200
_OTHERS = 0.2
"""Cores that other programs may use during a measurement that is remembered."""
_SAMPLE_SECONDS = 0.2
_CROWDED = 0.5
"""Cores that are asked for but not free, from which on a run is warned."""
_WINDOW_SECONDS, _WINDOW_STEPS = 1.0, 3
_COLLAPSE = 3.0
"""How many times slower than on fewer threads a step must be for a run to use fewer."""
_RETRY_SECONDS = 30.0
_LONGEST_RETRY_SECONDS = 600.0

Times = dict[Annotated[int, Field(gt=0)], Annotated[float, Field(gt=0, allow_inf_nan=False)]]
"""Seconds of a step by number of threads."""

_MEMORY = TypeAdapter(dict[str, Times])


def best_of(times: Times) -> int:
    """The fewest threads that are as good as the fastest."""
    return min(n for n, seconds in times.items() if seconds <= _NEGLIGIBLE * min(times.values()))


class ThreadTuner:
    """Sets the number of threads of one run: the best number, fewer while cores are scarce.

    Args:
        times: Seconds of a step by number of threads; empty to keep the number fixed.
        warn: Takes a message when the run first uses fewer.
        number: The best number of a resumed run: only with as many threads the bits are the same.
        measure_again: Returns better times, where these were measured beside other programs.
    """

    def __init__(
        self,
        times: Times,
        warn: Callable[[str], None] = lambda _: None,
        number: int = 0,
        measure_again: Callable[[], "Times"] | None = None,
    ) -> None:
        self._times = times
        self._warn = warn
        self._measure_again = measure_again
        self._has_warned = False
        self._wait = _RETRY_SECONDS
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self._window: list[float] = []
        self._window_seconds = 0.0
        self.best = number or (best_of(times) if times else torch.get_num_threads())
        torch.set_num_threads(self.best)

    def record_step(self, seconds: float) -> None:
        """Record the time of a step, and change the number of threads if necessary."""
        if not self._times:
            return
        self._window.append(seconds)
        self._window_seconds += seconds
        if self._window_seconds < _WINDOW_SECONDS or len(self._window) < _WINDOW_STEPS:
            return
        usual = statistics.median(self._window)  # a single long step does not count
        self._window, self._window_seconds = [], 0.0
        number = torch.get_num_threads()
        fewer = max((n for n in self._times if n < number), default=0)
        if fewer and usual > _COLLAPSE * self._times[fewer]:
            self._use_fewer(fewer, number)
        elif time.monotonic() >= self._retry_at:
            self._retry(number)

    def _use_fewer(self, fewer: int, number: int) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"Other programs need the processor: training uses {fewer} instead of {number} "
                "threads until cores are free again."
            )
        torch.set_num_threads(fewer)
        self._retry_at = time.monotonic() + self._wait

    def _retry(self, number: int) -> None:
        """Try more threads again, in case the machine is idle by now."""
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        if self._measure_again:
            self._times, self._measure_again = self._measure_again(), None
            self.best = best_of(self._times)
            torch.set_num_threads(self.best)
        elif number < self.best:
            self._wait = min(2 * self._wait, _LONGEST_RETRY_SECONDS)
            torch.set_num_threads(min(n for n in {*self._times, self.best} if n > number))
        else:
            self._wait = _RETRY_SECONDS


def choose_threads(
    config: RunConfig,
    spec: DataSpec,
    device: torch.device,
    warn: Callable[[str], None] = lambda _: None,
    previous: int = 0,
) -> ThreadTuner:
    """Set the number of threads for a run; measure it unless it is set or known.

    The user's choice comes first: the setting, then OpenMP's own variables. With `deterministic`
    it is PyTorch's default, which does not depend on a measurement. `previous` is how many a
    resumed run used on a processor; 0 on a GPU, where the threads do not matter.
    """
    if config.threads:
        cores = psutil.cpu_count() or config.threads
        if config.threads > cores:
            warn(f"This machine has {cores} cores: training uses {cores} threads.")
        number = min(config.threads, cores)
        if device.type == "cpu":
            _warn_where_crowded(number, warn)
        return ThreadTuner({}, number=number)
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    is_set = any(os.environ.get(name, "").strip()[:1].isdigit() for name in variables)
    if config.deterministic and not is_set and device.type == "cpu":
        _warn_where_crowded(torch.get_num_threads(), warn)
    if is_set or config.deterministic or device.type != "cpu":
        return ThreadTuner({})
    most = usable_cores()
    if most == 1 or operations_per_step(config, spec) > _LARGE_OPERATIONS:
        return ThreadTuner({}, number=most)
    number = previous if previous <= torch.get_num_threads() else 0
    key = _key(config, spec, most)
    times, measure_again = _remembered().get(key), None
    if not times:
        times, is_undisturbed = _measured(config, spec, most)
        if is_undisturbed:
            _remember(key, times)
        elif not number:
            measure_again = lambda: _measured(config, spec, most)[0]  # noqa: E731
    return ThreadTuner(times, warn, number, measure_again)


def measure_in_advance(config: RunConfig) -> None:
    """Measure for a run that is likely to come; the present number of threads stays."""
    before, spec = torch.get_num_threads(), describe_data(config)
    device = resolve_device(config.device)
    require_memory(summarise(config, spec).parameters, device)
    try:
        choose_threads(config, spec, device)
    finally:
        torch.set_num_threads(before)
        forget_data()


def _warn_where_crowded(number: int, warn: Callable[[str], None]) -> None:
    """Warn where several threads will wait for one another because others use the cores."""
    cores = psutil.cpu_count() or number
    if number == 1:
        return
    others = psutil.cpu_percent(_SAMPLE_SECONDS) / 100 * cores  # this process is idle meanwhile
    if others + number > cores + _CROWDED:
        warn(
            f"Other programs use {others:.1f} of {cores} cores: {number} threads that wait for one "
            "another may be many times slower. With threads = 0 and without deterministic, a run "
            "uses as many as there is room for."
        )


def usable_cores() -> int:
    """Cores that PyTorch would use, or as many as this container's quota allows."""
    cores = torch.get_num_threads()
    with suppress(OSError, ValueError):  # no such quota
        quota, period = read_text(_QUOTA_FILE).split()
        cores = min(cores, max(1, round(int(quota) / int(period))))
    return cores


def _measured(config: RunConfig, spec: DataSpec, most: int) -> tuple[Times, bool]:
    """Step times of such a run here, and whether no other program was at work meanwhile."""
    since, busy, own = time.perf_counter(), _busy_seconds(), time.process_time()
    times = measure(config, spec, most)
    seconds = time.perf_counter() - since
    others = _busy_seconds() - busy - (time.process_time() - own)
    return times, others < max(_OTHERS, most / 50) * seconds


def measure(config: RunConfig, spec: DataSpec, most: int) -> Times:
    """Train on noise with one thread, two, four and so on up to `most`, while more are faster.

    Upwards, because too many may be slower by orders of magnitude. PyTorch's global generators
    and number of threads are left as they were.
    """
    before = torch.get_num_threads()
    numbers = [2**power for power in range(most.bit_length()) if 2**power < most] + [most]
    times: Times = {}
    try:
        with torch.random.fork_rng(devices=[]):
            step = _step_on_noise(config, spec)
            for number in numbers:
                torch.set_num_threads(number)
                times[number] = _seconds_of(step)
                # two in a row: one alone may have been disturbed
                if list(times).index(min(times, key=times.__getitem__)) < len(times) - 2:
                    break
    finally:
        torch.set_num_threads(before)
    return times


def _step_on_noise(config: RunConfig, spec: DataSpec) -> Callable[[], object]:
    model = SequenceClassifier.from_config(config, spec)
    step = Step(config, model, None, resolve_precision(config, _CPU))
    inputs = torch.rand(config.batch_size, spec.longest, spec.num_features)
    lengths = torch.full((config.batch_size,), spec.longest) if spec.has_lengths else None
    batch = Batch(inputs, lengths, torch.randint(spec.num_classes, (config.batch_size,)))
    return lambda: step(batch, config.learning_rate, is_first=True)


def _seconds_of(step: Callable[[], object]) -> float:
    """The median time of a step, after some that allocate buffers and start threads."""
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
    except (OSError, ValueError):  # none yet, or damaged: measured again
        return {}


def _remember(key: str, times: Times) -> None:
    kept = list({**_remembered(), key: times}.items())[-_MOST_ENTRIES:]
    with suppress(OSError):  # measured again next time
        threads_file().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(threads_file(), _MEMORY.dump_json(dict(kept), indent=1))


def _key(config: RunConfig, spec: DataSpec, most: int) -> str:
    """The machine, and what the time of a step mainly depends on."""
    directions = "two directions" if config.bidirectional else "one direction"
    return (
        f"{describe(_CPU)}, {most} cores, PyTorch {torch.__version__}: "
        f"{config.cell} {config.num_layers}×{config.hidden_size}, {directions}, "
        f"{config.readout}, {resolve_precision(config, _CPU)}, {config.batch_size} "
        f"sequences of {spec.longest}×{spec.num_features}"
    )


def _busy_seconds() -> float:
    """Core-seconds that this machine has been busy since it started; 0 where that is unknown."""
    try:
        times = psutil.cpu_times()
    except OSError:
        return 0.0
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
