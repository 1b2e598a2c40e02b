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
from functools import partial
from typing import Annotated

import psutil
import torch
from pydantic import Field, TypeAdapter

from ..compute.cores import within_quota
from ..compute.devices import describe, resolve_device, resolve_precision
from ..config.schema import RunConfig
from ..data.sources.registry import describe as describe_data
from ..data.sources.registry import forget as forget_data
from ..data.spec import DataSpec
from ..files import read_text, write_atomically
from ..network.cost import operations_per_step
from ..paths import layouts_file
from ..stopping import ShouldStop
from .failures import require_memory
from .lane_measurement import Times, best_of, candidates, fastest_on, lanes_set, measure, totals_of
from .lanes import Lanes, Layout

_CPU = torch.device("cpu")
_LARGE_OPERATIONS = 2e10
"""Arithmetic of a step that keeps any number of cores busy; measuring it would take seconds."""
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

_MEMORY = TypeAdapter(
    dict[str, list[tuple[Layout, Annotated[float, Field(gt=0, allow_inf_nan=False)]]]]
)


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
        if fewer and usual > _COLLAPSE * self._times[smaller := fastest_on(self._times, fewer)]:
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
            self.lanes.use(self.best if is_best else fastest_on(self._times, more))
        else:
            self._wait = _RETRY_SECONDS


def choose_layout(
    config: RunConfig,
    spec: DataSpec,
    device: torch.device,
    warn: Callable[[str], None] = lambda _: None,
    previous: Layout | None = None,
    should_stop: ShouldStop = lambda: False,
) -> LaneTuner:
    """Set the layout for a run; measure it unless it is set or known.

    The user's choice comes first: the settings, then OpenMP's own variables. With `deterministic`
    it does not depend on a measurement: one lane, unless lanes are set, and PyTorch's default of
    threads. `previous` is what a resumed run used on a processor; None on a GPU, where it does not
    matter.

    Raises:
        RunStopped: The run was asked to stop while it was measured.
    """
    cores, is_fixed = _cores(config, device, warn)
    if device.type != "cpu":
        return LaneTuner(Lanes(Layout(threads=cores)))
    if config.lanes > cores:
        limit = f"threads = {config.threads}" if config.threads else f"there are {cores} cores"
        warn(f"Training uses {cores} instead of {config.lanes} lanes, because {limit}.")
    if previous and not _fits(previous, config, cores, is_fixed=is_fixed):
        previous = None
    first, *others = candidates(config, cores, Layout())
    is_large = operations_per_step(config, spec) > _LARGE_OPERATIONS
    if cores == 1 or is_large or config.deterministic or (is_fixed and not others):
        return LaneTuner(Lanes(previous or first))
    totals = [cores] if is_fixed else totals_of(cores, lanes_set(config, cores) or 1)
    measured = partial(_measured, config, spec, totals, should_stop)
    key = _key(config, spec, totals)
    times, measure_again = _remembered().get(key), None
    if not times:
        times, is_undisturbed = measured()
        if is_undisturbed:
            _remember(key, times)
        elif is_fixed:  # a layout that stays for the whole run is not left to chance
            return LaneTuner(Lanes(previous or first))
        elif not previous:
            measure_again = lambda: measured()[0]  # noqa: E731
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
    lanes = lanes_set(config, cores)
    least = cores - previous.lanes + 1 if is_fixed else 1  # lanes share the threads equally
    return least <= previous.cores <= cores and (not lanes or previous.lanes == lanes)


def measure_in_advance(config: RunConfig) -> None:
    """Measure for a run that is likely to come; the present number of threads stays."""
    before, spec = torch.get_num_threads(), describe_data(config)
    device = resolve_device(config.device)
    require_memory(config, spec, device)
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
    return within_quota(torch.get_num_threads())


def _measured(
    config: RunConfig, spec: DataSpec, totals: list[int], should_stop: ShouldStop
) -> tuple[Times, bool]:
    """Step times of such a run here, and whether no other program was at work meanwhile."""
    since, busy, own = time.perf_counter(), _busy_seconds(), time.process_time()
    times = measure(config, spec, totals, should_stop)
    seconds = time.perf_counter() - since
    others = _busy_seconds() - busy - (time.process_time() - own)
    return times, others < max(_OTHERS, totals[-1] / 50) * seconds


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
