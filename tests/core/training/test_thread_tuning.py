"""The number of threads: measured once, remembered, and fewer where they wait for one another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.data.spec import DataSpec
from bilstm_core.paths import threads_file
from bilstm_core.training import thread_tuning
from bilstm_core.training.thread_tuning import (
    ThreadTuner,
    Times,
    best_of,
    choose_threads,
    measure,
    measure_in_advance,
    usable_cores,
)
from tests.samples import small_config

CPU = torch.device("cpu")
CUDA = torch.device("cuda")
BOTH_BETTER: Times = {1: 0.015, 2: 0.010}
ONE_BETTER: Times = {1: 0.015, 2: 0.020}


@pytest.fixture(autouse=True)
def _nothing_is_said(monkeypatch: pytest.MonkeyPatch, two_threads: None) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setattr("psutil.cpu_percent", lambda _: 0.0)


def choose(
    config: RunConfig,
    device: torch.device = CPU,
    warn: Callable[[str], None] = lambda _: None,
    previous: int = 0,
) -> ThreadTuner:
    return choose_threads(config, describe(config), device, warn, previous)


class Measured:
    """Stands for the measurement; counts how often it was asked."""

    def __init__(self, times: Times, others: float = 0.0) -> None:
        self.times = times
        self.asked: list[RunConfig] = []
        self.busy = 0.0
        self.others = others

    def __call__(self, config: RunConfig, spec: DataSpec, most: int) -> Times:
        assert spec == describe(config)
        assert most == 2
        self.asked.append(config)
        self.busy += self.others
        return self.times


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    measured = Measured(ONE_BETTER)
    monkeypatch.setattr(thread_tuning, "measure", measured)
    monkeypatch.setattr(thread_tuning, "_busy_seconds", lambda: measured.busy)
    return measured


class TestChoice:
    def test_it_is_measured_once_for_a_network(self, measured: Measured) -> None:
        small = small_config()
        for config in (small, small.model_copy(update={"seed": 7, "num_epochs": 9}), small):
            torch.set_num_threads(2)
            assert choose(config).best == torch.get_num_threads() == 1
        assert measured.asked == [small]
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
            assert choose(small_config()).best == 1
        assert len(measured.asked) == 2
        assert not threads_file().exists()

    @pytest.mark.parametrize(
        "content", [b"", b"{", b'{"a": 1}', b"\xff", b'{"a": {"x": "y"}}', b'{"a": {"0": 1}}']
    )
    def test_a_memory_that_is_none_is_made_anew(self, content: bytes, measured: Measured) -> None:
        threads_file().parent.mkdir(parents=True)
        threads_file().write_bytes(content)
        choose(small_config())
        torch.set_num_threads(2)
        choose(small_config())
        assert len(measured.asked) == 1

    def test_a_cache_that_cannot_be_written_is_no_trouble(self, measured: Measured) -> None:
        threads_file().parent.parent.mkdir(parents=True, exist_ok=True)
        threads_file().parent.write_text("a file where the folder should be")
        assert choose(small_config()).best == 1
        assert len(measured.asked) == 1

    def test_the_setting_comes_first(self, measured: Measured) -> None:
        assert choose(small_config(threads=2)).best == 2
        assert not measured.asked

    def test_no_more_than_there_are_cores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("psutil.cpu_count", lambda: 2)
        reported: list[str] = []
        assert choose(small_config(threads=1000), warn=reported.append).best == 2
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
        monkeypatch.setattr("psutil.cpu_percent", lambda _: 50.0)
        reported: list[str] = []
        choose(small_config(**settings), device, reported.append)
        assert ["Other programs use 1.0 of 2 cores" in line for line in reported] == [
            True
        ] * is_warned

    @pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
    def test_then_openmp_s_own_variables(
        self, name: str, measured: Measured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "2")
        assert choose(small_config()).best == 2
        assert not measured.asked

    def test_what_is_no_number_says_nothing(
        self, measured: Measured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", "many")
        assert choose(small_config()).best == 1
        assert measured.asked

    def test_a_gpu_and_a_deterministic_run_take_pytorch_s(self, measured: Measured) -> None:
        assert choose(small_config(), CUDA).best == 2
        assert choose(small_config(deterministic=True)).best == 2
        assert not measured.asked

    @pytest.mark.usefixtures("measured")
    def test_what_is_measured_beforehand_leaves_the_cores_as_they_are(self) -> None:
        measure_in_advance(small_config())
        assert usable_cores() == 2
        assert choose(small_config()).best == 1

    @pytest.mark.usefixtures("measured")
    @pytest.mark.parametrize(("previous", "expected"), [(2, 2), (1, 1), (0, 1), (64, 1)])
    def test_a_run_goes_on_with_as_many_as_before(self, previous: int, expected: int) -> None:
        assert choose(small_config(), previous=previous).best == expected

    def test_a_large_network_takes_all_cores_unmeasured(self, measured: Measured) -> None:
        large = small_config(hidden_size=4096, num_layers=4)
        assert choose(large).best == 2
        assert not measured.asked

    def test_a_container_s_quota_counts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quota = tmp_path / "cpu.max"
        monkeypatch.setattr(thread_tuning, "_QUOTA_FILE", quota)
        for content, expected in (("150000 100000", 2), ("100000 100000", 1), ("max 100000", 2)):
            quota.write_text(content + "\n")
            assert usable_cores() == expected
        quota.write_text("20000 100000\n")
        assert choose(small_config()).best == 1


def test_measuring_leaves_no_trace() -> None:
    state = torch.get_rng_state()
    times = measure(small_config(dropout=0.5), describe(small_config()), 2)
    assert set(times) == {1, 2}
    assert all(0 < seconds < 10 for seconds in times.values())
    assert torch.get_rng_state().equal(state)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("most", "seconds", "tried"),
    [
        (64, {1: 9.0, 2: 5.0, 4: 4.0, 8: 4.5, 16: 4.6, 32: 1.0}, [1, 2, 4, 8, 16]),
        (6, {1: 9.0, 2: 8.0, 4: 7.0, 6: 6.0}, [1, 2, 4, 6]),
        (8, {1: 9.0, 2: 9.5, 4: 3.0, 8: 2.0}, [1, 2, 4, 8]),
        (1, {1: 9.0}, [1]),
    ],
)
def test_more_are_tried_until_they_are_slower_twice(
    most: int, seconds: Times, tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", numbers.append)
    monkeypatch.setattr(thread_tuning, "_seconds_of", lambda _: seconds[numbers[-1]])
    assert measure(small_config(), describe(small_config()), most) == {
        number: seconds[number] for number in tried
    }


def test_what_more_threads_do_not_gain_is_left_to_others() -> None:
    assert best_of({1: 9.0, 2: 5.0, 4: 4.9, 8: 6.0}) == 2


class TestWhileItTrains:
    @pytest.fixture(autouse=True)
    def _clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        self.reported: list[str] = []

    def pass_time(self, threads: ThreadTuner, seconds: float, step: float) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            threads.record_step(step)

    def test_threads_that_wait_for_one_another_become_fewer(self) -> None:
        threads = ThreadTuner(BOTH_BETTER, self.reported.append)
        self.pass_time(threads, 5, 0.010)
        assert torch.get_num_threads() == 2
        self.pass_time(threads, 2, 0.2)
        assert torch.get_num_threads() == 1
        assert self.reported == [
            "Other programs need the processor: training uses 1 instead of 2 threads until cores "
            "are free again."
        ]

    def test_a_machine_that_is_merely_slow_keeps_its_threads(self) -> None:
        threads = ThreadTuner(BOTH_BETTER, self.reported.append)
        self.pass_time(threads, 10, 0.04)
        assert torch.get_num_threads() == 2
        assert not self.reported

    def test_they_are_tried_again_ever_more_rarely(self) -> None:
        threads = ThreadTuner(BOTH_BETTER, self.reported.append)
        waits = []
        for _ in range(7):
            self.pass_time(threads, 2, 0.2)
            assert torch.get_num_threads() == 1
            since = self.now
            while torch.get_num_threads() == 1:
                self.pass_time(threads, 1, 0.015)
            waits.append(self.now - since)
        assert waits == pytest.approx([30, 60, 120, 240, 480, 600, 600], abs=2)
        assert len(self.reported) == 1
        self.pass_time(threads, 10, 0.010)
        assert torch.get_num_threads() == 2

    def test_one_long_step_is_no_sign(self) -> None:
        threads = ThreadTuner(BOTH_BETTER, self.reported.append)
        self.pass_time(threads, 0.5, 0.010)
        self.pass_time(threads, 5, 5.0)
        self.pass_time(threads, 5, 0.010)
        assert torch.get_num_threads() == 2

    def test_many_become_few_in_several_levels(self) -> None:
        threads = ThreadTuner({1: 0.016, 2: 0.008, 4: 0.004}, self.reported.append)
        self.pass_time(threads, 3, 0.5)
        assert torch.get_num_threads() == 1
        self.pass_time(threads, 31, 0.016)
        assert torch.get_num_threads() == 2

    def test_a_run_that_goes_on_keeps_its_number(self) -> None:
        """Though more would be faster: the last bits of sums depend on them."""
        threads = ThreadTuner(BOTH_BETTER, self.reported.append, number=1)
        self.pass_time(threads, 100, 0.015)
        assert torch.get_num_threads() == 1

    def test_what_was_measured_beside_other_work_is_measured_again(self) -> None:
        threads = ThreadTuner(
            {1: 0.015, 2: 0.2}, self.reported.append, measure_again=lambda: BOTH_BETTER
        )
        self.pass_time(threads, 25, 0.015)
        assert torch.get_num_threads() == 1
        self.pass_time(threads, 10, 0.015)
        assert torch.get_num_threads() == threads.best == 2

    def test_a_number_that_was_said_stays(self) -> None:
        threads = choose(small_config(threads=2), warn=self.reported.append)
        self.pass_time(threads, 10, 1.0)
        assert torch.get_num_threads() == 2
        assert not self.reported
