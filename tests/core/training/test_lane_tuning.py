"""The layout of a step: measured once, remembered, and smaller where threads wait for others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bilstm_core.compute import cores
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.data.spec import DataSpec
from bilstm_core.paths import layouts_file
from bilstm_core.stopping import RunStopped, ShouldStop, Stop
from bilstm_core.training import lane_measurement, lane_tuning
from bilstm_core.training.lane_measurement import Times, best_of, measure
from bilstm_core.training.lane_tuning import (
    LaneTuner,
    choose_layout,
    measure_in_advance,
    usable_cores,
)
from bilstm_core.training.lanes import Lanes, Layout
from tests.samples import small_config

CPU = torch.device("cpu")
CUDA = torch.device("cuda")
ONE, TWO, LANES = Layout(), Layout(threads=2), Layout(directions=2)
BOTH_BETTER: Times = {ONE: 0.015, TWO: 0.010}
ONE_BETTER: Times = {ONE: 0.015, TWO: 0.020}


@pytest.fixture(autouse=True)
def _nothing_is_said(monkeypatch: pytest.MonkeyPatch, two_threads: None) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setattr("psutil.cpu_percent", lambda *_: 0.0)


def choose(
    config: RunConfig,
    device: torch.device = CPU,
    warn: Callable[[str], None] = lambda _: None,
    previous: Layout | None = None,
) -> LaneTuner:
    return choose_layout(config, describe(config), device, warn, previous)


class Measured:
    """Stands for the measurement; counts how often it was asked."""

    def __init__(self, times: Times, others: float = 0.0) -> None:
        self.times = times
        self.asked: list[RunConfig] = []
        self.busy = 0.0
        self.others = others

    def __call__(
        self, config: RunConfig, spec: DataSpec, totals: list[int], should_stop: ShouldStop
    ) -> Times:
        assert not should_stop()
        assert spec == describe(config)
        self.totals = totals
        self.asked.append(config)
        self.busy += self.others
        return self.times


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    measured = Measured(ONE_BETTER)
    monkeypatch.setattr(lane_tuning, "measure", measured)
    monkeypatch.setattr(lane_tuning, "_busy_seconds", lambda: measured.busy)
    return measured


class TestChoice:
    def test_it_is_measured_once_for_a_network(self, measured: Measured) -> None:
        small = small_config()
        for config in (small, small.model_copy(update={"seed": 7, "num_epochs": 9}), small):
            torch.set_num_threads(2)
            assert choose(config).best == ONE
            assert torch.get_num_threads() == 1
        assert measured.asked == [small]
        assert measured.totals == [1, 2]
        large = small_config(hidden_size=64)
        torch.set_num_threads(2)
        choose(large)
        assert measured.asked == [small, large]

    def test_what_was_measured_beside_other_work_is_not_remembered(
        self, measured: Measured
    ) -> None:
        measured.others = 1.0
        for _ in range(2):
            torch.set_num_threads(2)
            assert choose(small_config()).best == ONE
        assert len(measured.asked) == 2
        assert not layouts_file().exists()

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b'{"a": 1}', b"\xff", b'{"a": {"x": "y"}}', b'{"a": [[[0, 1, 1], 1]]}'],
    )
    def test_a_memory_that_is_none_is_made_anew(self, content: bytes, measured: Measured) -> None:
        layouts_file().parent.mkdir(parents=True)
        layouts_file().write_bytes(content)
        choose(small_config())
        torch.set_num_threads(2)
        choose(small_config())
        assert len(measured.asked) == 1

    def test_a_cache_that_cannot_be_written_is_no_trouble(self, measured: Measured) -> None:
        layouts_file().parent.parent.mkdir(parents=True, exist_ok=True)
        layouts_file().parent.write_text("a file where the folder should be")
        assert choose(small_config()).best == ONE
        assert len(measured.asked) == 1

    def test_the_setting_comes_first(self, measured: Measured) -> None:
        measured.times = {TWO: 0.02, LANES: 0.01}
        assert choose(small_config(threads=2)).best == LANES
        assert measured.totals == [2]
        assert choose(small_config(threads=1)).best == ONE
        measured.times = ONE_BETTER
        torch.set_num_threads(2)
        assert choose(small_config(threads="auto", lanes="1")).best == ONE
        assert len(measured.asked) == 2
        assert measured.totals == [1, 2]

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ({"lanes": 2}, LANES),
            ({"lanes": 4}, Layout(2, 2, 1)),
            ({"lanes": 3}, Layout(1, 3, 1)),
            ({"lanes": 2, "threads": 4}, Layout(2, 1, 2)),
            ({"lanes": 1, "threads": 4}, Layout(threads=4)),
            ({"lanes": 4, "bidirectional": False}, Layout(1, 4, 1)),
            ({"lanes": 4, "bidirectional": False, "batch_size": 9}, Layout(1, 3, 1)),
            ({"lanes": 4, "batch_size": 4}, Layout(2, 1, 2)),
            ({"lanes": 2, "readout": "last"}, Layout(1, 2, 1)),
            ({"lanes": 2, "readout": "last", "num_layers": 2}, LANES),
        ],
    )
    def test_so_many_lanes_as_are_set(
        self, settings: dict[str, Any], expected: Layout, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("psutil.cpu_count", lambda: 4)
        settings = {"threads": settings["lanes"], **settings}
        assert choose(small_config(deterministic=True, **settings)).best == expected

    def test_no_more_lanes_than_threads(self, measured: Measured) -> None:
        measured.times = {TWO: 0.02, LANES: 0.01}
        reported: list[str] = []
        assert choose(small_config(threads=2, lanes=8), warn=reported.append).best == LANES
        assert reported == ["Training uses 2 instead of 8 lanes, because threads = 2."]

    @pytest.mark.usefixtures("measured")
    def test_no_more_than_there_are_cores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("psutil.cpu_count", lambda: 2)
        reported: list[str] = []
        choose(small_config(threads=1000), warn=reported.append)
        assert reported == ["This machine has 2 cores: training uses 2 threads."]

    @pytest.mark.parametrize(
        ("settings", "device", "is_warned"),
        [
            ({"threads": 2}, CPU, True),
            ({"deterministic": True}, CPU, True),
            ({"threads": 1}, CPU, False),
            ({"threads": 2}, CUDA, False),
            ({}, CPU, False),
        ],
    )
    def test_several_that_were_asked_for_beside_other_work_are_warned_of(
        self,
        settings: dict[str, Any],
        device: torch.device,
        is_warned: bool,
        measured: Measured,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("psutil.cpu_count", lambda: 2)
        monkeypatch.setattr("psutil.cpu_percent", lambda *_: 50.0)
        reported: list[str] = []
        choose(small_config(**settings), device, reported.append)
        assert ["Other programs use 1.0 of 2 cores" in line for line in reported] == [
            True
        ] * is_warned

    @pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
    def test_then_openmp_s_own_variables(
        self, name: str, measured: Measured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        measured.times = {TWO: 0.02, LANES: 0.01}
        monkeypatch.setenv(name, "2")
        assert choose(small_config()).best == LANES
        assert measured.totals == [2]

    def test_what_is_no_number_says_nothing(
        self, measured: Measured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", "many")
        assert choose(small_config()).best == ONE
        assert measured.asked

    def test_a_gpu_and_a_deterministic_run_take_pytorch_s(self, measured: Measured) -> None:
        assert choose(small_config(), CUDA).best == TWO
        assert choose(small_config(deterministic=True)).best == TWO
        assert not measured.asked

    @pytest.mark.usefixtures("measured")
    def test_what_is_measured_beforehand_leaves_the_cores_as_they_are(self) -> None:
        measure_in_advance(small_config())
        assert usable_cores() == 2
        assert choose(small_config()).best == ONE

    @pytest.mark.usefixtures("measured")
    @pytest.mark.parametrize(
        ("previous", "settings", "expected"),
        [
            (LANES, {}, LANES),
            (ONE, {}, ONE),
            (None, {}, ONE),
            (Layout(threads=64), {}, ONE),
            (Layout(2, 2**16, 1), {}, ONE),
            (Layout(1, 2, 1), {"threads": 2}, Layout(1, 2, 1)),
            (Layout(1, 2, 1), {"threads": 1}, ONE),
            (LANES, {"lanes": 1}, ONE),
            (LANES, {"threads": 3}, LANES),  # which leaves a thread over
            (LANES, {"lanes": 8, "threads": 2}, LANES),  # as many as there are threads for
            (TWO, {"lanes": 8, "threads": 2, "bidirectional": False, "batch_size": 4}, TWO),
            (LANES, {"hidden_size": 4096, "num_layers": 4}, LANES),
        ],
    )
    def test_a_run_goes_on_with_the_layout_it_had(
        self,
        previous: Layout | None,
        settings: dict[str, Any],
        expected: Layout,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("psutil.cpu_count", lambda: 4)
        assert choose(small_config(**settings), previous=previous).best == expected

    def test_a_fixed_number_of_threads_is_not_laid_out_by_chance(self, measured: Measured) -> None:
        measured.times, measured.others = {TWO: 0.02, LANES: 0.01}, 1.0
        assert choose(small_config(threads=2)).best == TWO

    def test_a_large_network_takes_all_cores_unmeasured(self, measured: Measured) -> None:
        large = small_config(hidden_size=4096, num_layers=4)
        assert choose(large).best == TWO
        torch.set_num_threads(2)
        assert choose(large.model_copy(update={"lanes": 2})).best == LANES
        assert not measured.asked

    def test_a_container_s_quota_counts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quota = tmp_path / "cpu.max"
        monkeypatch.setattr(cores, "_QUOTA_FILE", quota)
        for content, expected in (("150000 100000", 2), ("100000 100000", 1), ("max 100000", 2)):
            quota.write_text(content + "\n")
            assert usable_cores() == expected
        quota.write_text("20000 100000\n")
        assert choose(small_config()).best == ONE


def test_measuring_leaves_no_trace() -> None:
    state = torch.get_rng_state()
    times = measure(small_config(dropout=0.5), describe(small_config()), [1, 2])
    assert set(times) == {ONE, TWO, LANES, Layout(1, 2, 1)}
    assert all(0 < seconds < 10 for seconds in times.values())
    assert torch.get_rng_state().equal(state)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("totals", "seconds", "tried"),
    [
        (
            [1, 2, 4, 8, 16, 32, 64],
            {1: 9.0, 2: 5.0, 4: 4.0, 8: 4.5, 16: 4.6, 32: 1.0},
            [1, 2, 4, 8, 16],
        ),
        ([1, 2, 4, 6], {1: 9.0, 2: 8.0, 4: 7.0, 6: 6.0}, [1, 2, 4, 6]),
        ([1, 2, 4, 8], {1: 9.0, 2: 9.5, 4: 3.0, 8: 2.0}, [1, 2, 4, 8]),
        ([1], {1: 9.0}, [1]),
    ],
)
def test_more_are_tried_until_they_are_slower_twice(
    totals: list[int], seconds: dict[int, float], tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Layout] = []
    monkeypatch.setattr(Lanes, "use", lambda _, layout: used.append(layout))
    monkeypatch.setattr(lane_measurement, "_seconds_of", lambda *_: seconds[used[-1].cores])
    config = small_config(lanes=1)
    assert measure(config, describe(config), totals) == {
        Layout(threads=number): seconds[number] for number in tried
    }


def test_so_many_lanes_as_are_set_are_tried_with_more_threads_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: list[Layout] = []
    monkeypatch.setattr(Lanes, "use", lambda _, layout: used.append(layout))
    monkeypatch.setattr(lane_measurement, "_seconds_of", lambda *_: 1 / used[-1].cores)
    config = small_config(lanes=4)
    totals = lane_measurement.totals_of(18, 4)
    assert totals == [4, 8, 16]
    times = measure(config, describe(config), totals)
    assert set(times) == {Layout(2, 2, threads) for threads in (1, 2, 4)}


def test_a_stop_ends_the_measurement() -> None:
    asked = []

    def stop_at_the_ninth() -> Stop | bool:
        asked.append(True)
        return Stop.AT_ONCE if len(asked) == 9 else False

    config = small_config(class_weights="balanced")  # of sizes that are not known yet
    with pytest.raises(RunStopped):
        measure(config, describe(config), [1, 2], stop_at_the_ninth)
    assert torch.get_num_threads() == 2


def test_more_cores_are_tried_near_the_layout_that_is_best_on_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two directions, and a part of the batch for each pair of cores, on sixteen cores."""
    used: list[Layout] = []
    monkeypatch.setattr(Lanes, "use", lambda _, layout: used.append(layout))
    monkeypatch.setattr(
        lane_measurement, "_seconds_of", lambda *_: 1 / (used[-1].lanes * used[-1].directions)
    )
    times = measure(small_config(), describe(small_config()), [1, 2, 4, 8, 16])
    assert best_of(times) == Layout(2, 8, 1)
    assert all(Layout(threads=cores) in times for cores in (1, 2, 4, 8, 16))
    assert len(times) < 25


def test_what_more_threads_do_not_gain_is_left_to_others() -> None:
    times = {1: 9.0, 2: 5.0, 4: 4.9, 8: 6.0}
    assert best_of({Layout(threads=it): times[it] for it in times}) == TWO
    assert best_of({ONE: 9.0, TWO: 5.1, LANES: 5.0}) == TWO
    assert best_of({ONE: 9.0, Layout(threads=4): 1.0, LANES: 1.04}) == Layout(threads=4)
    assert best_of({ONE: 9.0, TWO: 5.3, LANES: 5.0}) == LANES


class TestWhileItTrains:
    @pytest.fixture(autouse=True)
    def _clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        self.reported: list[str] = []

    def pass_time(self, tuner: LaneTuner, seconds: float, step: float) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            tuner.record_step(step)

    def test_threads_that_wait_for_one_another_become_fewer(self) -> None:
        tuner = LaneTuner(Lanes(ONE), BOTH_BETTER, self.reported.append)
        self.pass_time(tuner, 5, 0.010)
        assert torch.get_num_threads() == 2
        self.pass_time(tuner, 2, 0.2)
        assert torch.get_num_threads() == 1
        assert self.reported == [
            "Other programs need the processor: training uses 1 instead of 2 threads until cores "
            "are free again."
        ]

    def test_a_machine_that_is_merely_slow_keeps_its_threads(self) -> None:
        tuner = LaneTuner(Lanes(ONE), BOTH_BETTER, self.reported.append)
        self.pass_time(tuner, 10, 0.04)
        assert torch.get_num_threads() == 2
        assert not self.reported

    def test_they_are_tried_again_ever_more_rarely(self) -> None:
        tuner = LaneTuner(Lanes(ONE), BOTH_BETTER, self.reported.append)
        waits = []
        for _ in range(7):
            self.pass_time(tuner, 2, 0.2)
            assert torch.get_num_threads() == 1
            since = self.now
            while torch.get_num_threads() == 1:
                self.pass_time(tuner, 1, 0.015)
            waits.append(self.now - since)
        assert waits == pytest.approx([30, 60, 120, 240, 480, 600, 600], abs=2)
        assert len(self.reported) == 1
        self.pass_time(tuner, 10, 0.010)
        assert torch.get_num_threads() == 2

    def test_one_long_step_is_no_sign(self) -> None:
        tuner = LaneTuner(Lanes(ONE), BOTH_BETTER, self.reported.append)
        self.pass_time(tuner, 0.5, 0.010)
        self.pass_time(tuner, 5, 5.0)
        self.pass_time(tuner, 5, 0.010)
        assert torch.get_num_threads() == 2

    def test_many_become_few_in_several_levels(self) -> None:
        tuner = LaneTuner(
            Lanes(ONE), {ONE: 0.016, TWO: 0.008, Layout(threads=4): 0.004}, self.reported.append
        )
        self.pass_time(tuner, 3, 0.5)
        assert torch.get_num_threads() == 1
        self.pass_time(tuner, 31, 0.016)
        assert torch.get_num_threads() == 2

    def test_a_run_that_goes_on_keeps_its_number(self) -> None:
        """Though more would be faster: the last bits of sums depend on them."""
        tuner = LaneTuner(Lanes(ONE), BOTH_BETTER, self.reported.append, ONE)
        self.pass_time(tuner, 100, 0.015)
        assert torch.get_num_threads() == 1

    def test_what_was_measured_beside_other_work_is_measured_again(self) -> None:
        tuner = LaneTuner(
            Lanes(ONE),
            {ONE: 0.015, TWO: 0.2},
            self.reported.append,
            measure_again=lambda: BOTH_BETTER,
        )
        self.pass_time(tuner, 25, 0.015)
        assert torch.get_num_threads() == 1
        self.pass_time(tuner, 10, 0.015)
        assert tuner.lanes.layout == tuner.best == TWO

    def test_lanes_become_fewer_and_more_again(self) -> None:
        tuner = LaneTuner(Lanes(ONE), {ONE: 0.015, TWO: 0.02, LANES: 0.008}, self.reported.append)
        assert tuner.best == tuner.lanes.layout == LANES
        self.pass_time(tuner, 3, 0.2)
        assert tuner.lanes.layout == ONE
        self.pass_time(tuner, 31, 0.015)
        assert tuner.lanes.layout == LANES

    def test_a_number_that_was_said_stays(self, measured: Measured) -> None:
        measured.times = {TWO: 0.01, LANES: 0.02}
        tuner = choose(small_config(threads=2), warn=self.reported.append)
        self.pass_time(tuner, 10, 1.0)
        assert torch.get_num_threads() == 2
        assert not self.reported
