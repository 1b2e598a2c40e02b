"""How a run's steps are laid out over the cores: measured once, remembered per machine.

The best layout depends on the network: small ones are faster in lanes of one thread each, large
ones with many threads. A run also uses fewer cores while other programs need them: threads that
wait for one that was descheduled cost far more than they gain. Measured on two cores, one of them
busy elsewhere: digits at 513 images a second on two threads, 13,400 on one.
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
from ..paths import layouts_file
from .failures import require_memory
from .lanes import ROWS_TOGETHER, Lanes, Layout
from .step import make_step

_CPU = torch.device("cpu")
_QUOTA_FILE = Path("/sys/fs/cgroup/cpu.max")
_LARGE_OPERATIONS = 2e10
"""Arithmetic of a step that keeps any number of cores busy; measuring it would take seconds."""
_WARM_UP_STEPS = 3
_LEAST_STEPS, _LEAST_SECONDS = 2, 0.15
_NEGLIGIBLE = 1.05
"""More cores, or lanes, must be faster by this factor to be worth it."""
_MOST_ENTRIES = 200
_OTHERS = 0.2
"""Cores that other programs may use during a measurement that is remembered."""
_SAMPLE_SECONDS = 0.2
_CROWDED = 0.5
"""Cores that are asked for but not free, from which on a run is warned."""
_WINDOW_SECONDS, _WINDOW_STEPS = 1.0, 3
_COLLAPSE = 3.0
"""How many times slower than on fewer cores a step must be for a run to use fewer."""
_RETRY_SECONDS = 30.0
_LONGEST_RETRY_SECONDS = 600.0

Times = dict[Layout, Annotated[float, Field(gt=0, allow_inf_nan=False)]]
"""Seconds of a step by layout."""

_MEMORY = TypeAdapter(
    dict[str, list[tuple[Layout, Annotated[float, Field(gt=0, allow_inf_nan=False)]]]]
)


def best_of(times: Times) -> Layout:
    """The fewest lanes on the fewest cores that are as good as the fastest layout."""
    enough = _NEGLIGIBLE * min(times.values())
    cores = min(layout.cores for layout, seconds in times.items() if seconds <= enough)
    return _fastest(times, cores)


def _fastest(times: Times, cores: int) -> Layout:
    """The layout on so many cores that is fastest, or one lane where that is as good."""
    layouts = sorted((it for it in times if it.cores == cores), key=times.__getitem__)
    enough = _NEGLIGIBLE * times[layouts[0]]
    return next((it for it in layouts if it.lanes == 1 and times[it] <= enough), layouts[0])


class LaneTuner:
    """Sets the layout of one run: the best one, one of fewer cores while they are scarce.

    Args:
        lanes: What it sets the layout of.
        times: Seconds of a step by layout; empty to keep the layout fixed.
        warn: Takes a message when the run first uses fewer cores.
        best: The layout of a resumed run: only with the same are the bits the same.
        measure_again: Returns better times, where these were measured beside other programs.
    """

    def __init__(
        self,
        lanes: Lanes,
        times: Times | None = None,
        warn: Callable[[str], None] = lambda _: None,
        best: Layout | None = None,
        measure_again: Callable[[], Times] | None = None,
    ) -> None:
        self.lanes = lanes
        self._times = times or {}
        self._warn = warn
        self._measure_again = measure_again
        self._has_warned = False
        self._wait = _RETRY_SECONDS
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self._window: list[float] = []
        self._window_seconds = 0.0
        self.best = best or (best_of(self._times) if self._times else lanes.layout)
        lanes.use(self.best)

    def record_step(self, seconds: float) -> None:
        """Record the time of a step, and change the layout if necessary."""
        if not self._times:
            return
        self._window.append(seconds)
        self._window_seconds += seconds
        if self._window_seconds < _WINDOW_SECONDS or len(self._window) < _WINDOW_STEPS:
            return
        usual = statistics.median(self._window)  # a single long step does not count
        self._window, self._window_seconds = [], 0.0
        cores = self.lanes.layout.cores
        fewer = max((it.cores for it in self._times if it.cores < cores), default=0)
        if fewer and usual > _COLLAPSE * self._times[smaller := _fastest(self._times, fewer)]:
            self._use_fewer(smaller, cores)
        elif time.monotonic() >= self._retry_at:
            self._retry(cores)

    def _use_fewer(self, smaller: Layout, cores: int) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"Other programs need the processor: training uses {smaller.cores} instead of "
                f"{cores} threads until cores are free again."
            )
        self.lanes.use(smaller)
        self._retry_at = time.monotonic() + self._wait

    def _retry(self, cores: int) -> None:
        """Try more cores again, in case the machine is idle by now."""
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        if self._measure_again:
            self._times, self._measure_again = self._measure_again(), None
            self.best = best_of(self._times)
            self.lanes.use(self.best)
        elif cores < self.best.cores:
            self._wait = min(2 * self._wait, _LONGEST_RETRY_SECONDS)
            more = min(it.cores for it in {*self._times, self.best} if it.cores > cores)
            is_best = more == self.best.cores
            self.lanes.use(self.best if is_best else _fastest(self._times, more))
        else:
            self._wait = _RETRY_SECONDS


def choose_layout(
    config: RunConfig,
    spec: DataSpec,
    device: torch.device,
    warn: Callable[[str], None] = lambda _: None,
    previous: Layout | None = None,
) -> LaneTuner:
    """Set the layout for a run; measure it unless it is set or known.

    The user's choice comes first: the settings, then OpenMP's own variables. With `deterministic`
    it is one lane with PyTorch's default of threads, which does not depend on a measurement.
    `previous` is what a resumed run used on a processor; None on a GPU, where it does not matter.
    """
    cores, is_fixed = _cores(config, device, warn)
    is_large = operations_per_step(config, spec) > _LARGE_OPERATIONS
    if device.type != "cpu" or ((config.deterministic or is_large) and not config.lanes):
        return LaneTuner(Lanes(Layout(threads=cores)))
    if config.lanes > cores:
        warn(f"Training uses {cores} instead of {config.lanes} lanes: one for each core or thread.")
    if previous and not _fits(previous, config, cores, is_fixed=is_fixed):
        previous = None
    first, *others = _candidates(config, cores, cores, Layout())
    if cores == 1 or config.deterministic or (is_fixed and not others):
        return LaneTuner(Lanes(previous or first))
    totals = [cores] if is_fixed else _totals(cores)
    key = _key(config, spec, totals)
    times, measure_again = _remembered().get(key), None
    if not times:
        times, is_undisturbed = _measured(config, spec, totals)
        if is_undisturbed:
            _remember(key, times)
        elif not previous and not is_fixed:
            measure_again = lambda: _measured(config, spec, totals)[0]  # noqa: E731
    if is_fixed:
        return LaneTuner(Lanes(previous or best_of(times)))
    return LaneTuner(Lanes(Layout()), times, warn, previous, measure_again)


def _cores(
    config: RunConfig, device: torch.device, warn: Callable[[str], None]
) -> tuple[int, bool]:
    """How many threads may compute at once, and whether the user has asked for as many."""
    if config.threads:
        here = psutil.cpu_count() or config.threads
        if config.threads > here:
            warn(f"This machine has {here} cores: training uses {here} threads.")
        cores = min(config.threads, here)
        if device.type == "cpu":
            _warn_where_crowded(cores, warn)
        return cores, True
    variables = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    is_set = any(os.environ.get(name, "").strip()[:1].isdigit() for name in variables)
    if config.deterministic and not is_set and device.type == "cpu":
        _warn_where_crowded(torch.get_num_threads(), warn)
    if is_set or config.deterministic or device.type != "cpu":
        return torch.get_num_threads(), True
    return usable_cores(), False


def _fits(previous: Layout, config: RunConfig, cores: int, *, is_fixed: bool) -> bool:
    """Whether a resumed run can keep its layout here, with its settings as they are now."""
    is_as_set = not config.lanes or previous.lanes == config.lanes
    return is_as_set and (previous.cores == cores if is_fixed else previous.cores <= cores)


def _totals(cores: int) -> list[int]:
    """Numbers of cores to try: 1, 2, 4 and so on, and all."""
    return [2**power for power in range(cores.bit_length()) if 2**power < cores] + [cores]


def _candidates(config: RunConfig, cores: int, most: int, before: Layout) -> list[Layout]:
    """Layouts for so many cores: one lane, and those near the best one for fewer cores.

    With `config.lanes` it is the one of so many lanes, or of as many as `most` cores allow.
    """
    directions = 2 if config.bidirectional else 1
    if config.lanes:
        lanes = min(config.lanes, most)
        split = 1 if lanes % directions else directions
        splits = {(split, lanes // split)}
    else:
        splits = {(split, before.parts) for split in (1, directions)}
        splits |= {(directions, cores // directions), (1, cores), (1, 1)}
        splits |= {(before.directions, before.parts), (before.directions, 2 * before.parts)}
        splits = {(split, parts) for split, parts in splits if 0 < split * parts <= cores}
    most_parts = -(-config.batch_size // ROWS_TOGETHER)
    splits = {(split, min(parts, most_parts)) for split, parts in splits}
    return [Layout(*it, max(1, cores // (it[0] * it[1]))) for it in sorted(splits)]


def measure_in_advance(config: RunConfig) -> None:
    """Measure for a run that is likely to come; the present number of threads stays."""
    before, spec = torch.get_num_threads(), describe_data(config)
    device = resolve_device(config.device)
    require_memory(summarise(config, spec).parameters, device)
    try:
        choose_layout(config, spec, device)
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


def _measured(config: RunConfig, spec: DataSpec, totals: list[int]) -> tuple[Times, bool]:
    """Step times of such a run here, and whether no other program was at work meanwhile."""
    since, busy, own = time.perf_counter(), _busy_seconds(), time.process_time()
    times = measure(config, spec, totals)
    seconds = time.perf_counter() - since
    others = _busy_seconds() - busy - (time.process_time() - own)
    return times, others < max(_OTHERS, totals[-1] / 50) * seconds


def measure(config: RunConfig, spec: DataSpec, totals: list[int]) -> Times:
    """Train on noise with layouts for so many cores in turn, while more cores are faster.

    Upwards, because too many may be slower by orders of magnitude. PyTorch's global generators
    and number of threads are left as they were.
    """
    before = torch.get_num_threads()
    lanes = Lanes(Layout())
    times: Times = {}
    best: dict[int, float] = {}
    try:
        with torch.random.fork_rng(devices=[]):
            step = step_on_noise(config, spec, lanes)
            for cores in totals:
                nearest = best_of(times) if times else Layout()
                tried = _candidates(config, cores, totals[-1], nearest)
                for layout in (it for it in tried if it not in times):
                    lanes.use(layout)
                    times[layout] = _seconds_of(step)
                best[cores] = min(times[layout] for layout in tried)
                # two in a row: one alone may have been disturbed
                if list(best).index(min(best, key=best.__getitem__)) < len(best) - 2:
                    break
    finally:
        lanes.close()
        torch.set_num_threads(before)
    return times


def step_on_noise(config: RunConfig, spec: DataSpec, lanes: Lanes) -> Callable[[], object]:
    """A training step of a new network on random numbers, each time the same."""
    model = SequenceClassifier.from_config(config, spec)
    step = make_step(config, model, None, resolve_precision(config, _CPU), spec, lanes)
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
        stored = _MEMORY.validate_json(read_text(layouts_file()))
    except (OSError, ValueError):  # none yet, or damaged: measured again
        return {}
    return {key: dict(times) for key, times in stored.items()}


def _remember(key: str, times: Times) -> None:
    kept = list({**_remembered(), key: times}.items())[-_MOST_ENTRIES:]
    stored = {name: list(of_network.items()) for name, of_network in kept}
    with suppress(OSError):  # measured again next time
        layouts_file().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(layouts_file(), _MEMORY.dump_json(stored))


def _key(config: RunConfig, spec: DataSpec, totals: list[int]) -> str:
    """The machine, and what the time of a step mainly depends on."""
    directions = "two directions" if config.bidirectional else "one direction"
    lengths = "up to " if spec.has_lengths else ""
    return (
        f"{describe(_CPU)}, {totals} cores, {config.lanes} lanes, PyTorch {torch.__version__}: "
        f"{config.cell} {config.num_layers}×{config.hidden_size}, {directions}, "
        f"{config.readout}, {resolve_precision(config, _CPU)}, dropout {config.dropout > 0}, "
        f"{config.batch_size} sequences of {lengths}{spec.longest}×{spec.num_features}"
    )


def _busy_seconds() -> float:
    """Core-seconds that this machine has been busy since it started; 0 where that is unknown."""
    try:
        times = psutil.cpu_times()
    except OSError:
        return 0.0
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
