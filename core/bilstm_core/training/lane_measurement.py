"""Times of a training step in several layouts."""

import math
import statistics
import time
from collections.abc import Callable

import torch

from ..compute.devices import resolve_precision
from ..config.schema import RunConfig
from ..data.batches import Batch
from ..data.spec import DataSpec
from ..network.classifier import SequenceClassifier
from ..stopping import ShouldStop, stop_if
from .lanes import ROWS_TOGETHER, Lanes, Layout, most_directions
from .step import make_step

_WARM_UP_STEPS = 3
_LEAST_STEPS, _LEAST_SECONDS = 2, 0.15
_NEGLIGIBLE = 1.05
"""More cores, or lanes, must be faster by this factor to be worth it."""

Times = dict[Layout, float]
"""Seconds of a step by layout."""


def best_of(times: Times) -> Layout:
    """The fastest layout on the fewest cores that are as good as all.

    Several lanes count only where they are faster than any one lane.
    """
    one_lane = min((times[it] for it in times if it.lanes == 1), default=math.inf)
    worth = {
        it: seconds
        for it, seconds in times.items()
        if it.lanes == 1 or _NEGLIGIBLE * seconds <= one_lane
    }
    enough = _NEGLIGIBLE * min(worth.values())
    return fastest_on(worth, min(it.cores for it, seconds in worth.items() if seconds <= enough))


def fastest_on(times: Times, cores: int) -> Layout:
    """The fastest layout on so many cores."""
    return min((it for it in times if it.cores == cores), key=times.__getitem__)


def _most_parts(config: RunConfig) -> int:
    return -(-config.batch_size // ROWS_TOGETHER)


def lanes_set(config: RunConfig, cores: int) -> int:
    """The lanes that are set, as far as there are cores and parts for them; 0 if none are."""
    return min(config.lanes, cores, most_directions(config) * _most_parts(config))


def totals_of(cores: int, lanes: int) -> list[int]:
    """Numbers of cores to try: each lane has 1, 2, 4 and so on, and as many as there are."""
    most = cores // lanes
    return [lanes * 2**power for power in range(most.bit_length()) if 2**power < most] + [
        lanes * most
    ]


def candidates(config: RunConfig, cores: int, nearest: Layout) -> list[Layout]:
    """Layouts for so many cores: one lane first, then those near the best one for fewer cores.

    With `config.lanes` there is only the one of so many lanes.
    """
    directions = most_directions(config)
    if lanes := lanes_set(config, cores):
        split = 1 if lanes % directions else directions
        return [Layout(split, lanes // split, cores // lanes)]
    splits = {(1, 1), (1, cores), (directions, cores // directions)}
    splits |= {(1, nearest.parts), (directions, nearest.parts)}
    splits |= {(nearest.directions, nearest.parts), (nearest.directions, 2 * nearest.parts)}
    splits = {(split, min(parts, _most_parts(config))) for split, parts in splits}
    return [
        Layout(split, parts, cores // (split * parts))
        for split, parts in sorted(splits)
        if 0 < split * parts <= cores
    ]


def measure(
    config: RunConfig,
    spec: DataSpec,
    totals: list[int],
    should_stop: ShouldStop = lambda: False,
) -> Times:
    """Train on noise with layouts for so many cores in turn, while more cores are faster.

    Upwards, because too many may be slower by orders of magnitude. PyTorch's global generators
    and number of threads are left as they were. `should_stop` is asked at every step.
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
                layouts = candidates(config, cores, nearest)
                for layout in layouts:
                    lanes.use(layout)
                    times[layout] = _seconds_of(step, should_stop)
                best[cores] = min(times[layout] for layout in layouts)
                # two in a row: one alone may have been disturbed
                if list(best).index(min(best, key=best.__getitem__)) < len(best) - 2:
                    break
    finally:
        lanes.close()
        torch.set_num_threads(before)
    return times


def step_on_noise(config: RunConfig, spec: DataSpec, lanes: Lanes) -> Callable[[], object]:
    """A training step of a new network on random numbers, each time the same."""
    # the classes' sizes may not be known yet, and hardly change the time
    config = config.model_copy(update={"class_weights": "none"})
    model = SequenceClassifier.from_config(config, spec)
    step = make_step(
        config, model, None, resolve_precision(config, torch.device("cpu")), spec, lanes
    )
    inputs = torch.rand(config.batch_size, spec.longest, spec.num_features)
    lengths = torch.full((config.batch_size,), spec.longest) if spec.has_lengths else None
    batch = Batch(inputs, lengths, torch.randint(spec.num_classes, (config.batch_size,)))
    return lambda: step(batch, config.learning_rate, is_first=True)


def _seconds_of(step: Callable[[], object], should_stop: ShouldStop) -> float:
    """The median time of a step, after some that allocate buffers and start threads."""

    def seconds_of_one() -> float:
        stop_if(should_stop)
        since = time.perf_counter()
        step()
        return time.perf_counter() - since

    spent = 0.0
    for _ in range(_WARM_UP_STEPS):
        if spent < _LEAST_SECONDS:  # one is enough of a slow step
            spent += seconds_of_one()
    times: list[float] = []
    while len(times) < _LEAST_STEPS or sum(times) < _LEAST_SECONDS:
        times.append(seconds_of_one())
    return statistics.median(times)
