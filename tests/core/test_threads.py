"""The number of threads: measured once, remembered, and fewer where they wait for one another."""

import pytest
import torch

from bilstm_core import thread_count
from bilstm_core.config import RunConfig
from bilstm_core.paths import threads_file
from bilstm_core.thread_count import Threads, Times, choose_threads, measure
from tests.conftest import small_config

CPU = torch.device("cpu")
CUDA = torch.device("cuda")
BOTH_BETTER: Times = {2: 0.010, 1: 0.015}
ONE_BETTER: Times = {2: 0.020, 1: 0.015}


@pytest.fixture(autouse=True)
def _nothing_is_said(monkeypatch: pytest.MonkeyPatch, two_threads: None) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")


class Measured:
    """Stands for the measurement; counts how often it was asked."""

    def __init__(self, times: Times, others: float = 0.0) -> None:
        self.times = times
        self.asked: list[RunConfig] = []
        self.busy = 0.0
        self.others = others

    def __call__(self, config: RunConfig, most: int) -> Times:
        assert most == 2
        self.asked.append(config)
        self.busy += self.others
        return self.times


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    measured = Measured(ONE_BETTER)
    monkeypatch.setattr(thread_count, "measure", measured)
    monkeypatch.setattr(thread_count, "_busy_seconds", lambda: measured.busy)
    return measured


class TestChoice:
    def test_it_is_measured_once_for_a_network(self, measured: Measured) -> None:
        small = small_config()
        for config in (small, small.model_copy(update={"seed": 7, "num_epochs": 9}), small):
            torch.set_num_threads(2)
            assert choose_threads(config, CPU).number == 1
        assert measured.asked == [small]
        large = small_config(hidden_size=64)
        torch.set_num_threads(2)
        choose_threads(large, CPU)
        assert measured.asked == [small, large]

    def test_what_was_measured_beside_other_work_is_not_remembered(
        self, measured: Measured
    ) -> None:
        measured.others = 1.0
        for _ in range(2):
            torch.set_num_threads(2)
            assert choose_threads(small_config(), CPU).number == 1
        assert len(measured.asked) == 2
        assert not threads_file().exists()

    @pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"\xff", b'{"a": {"x": "y"}}'])
    def test_a_memory_that_is_none_is_made_anew(self, content: bytes, measured: Measured) -> None:
        threads_file().parent.mkdir(parents=True)
        threads_file().write_bytes(content)
        choose_threads(small_config(), CPU)
        torch.set_num_threads(2)
        choose_threads(small_config(), CPU)
        assert len(measured.asked) == 1

    def test_a_cache_that_cannot_be_written_is_no_trouble(self, measured: Measured) -> None:
        threads_file().parent.parent.mkdir(parents=True, exist_ok=True)
        threads_file().parent.write_text("a file where the folder should be")
        assert choose_threads(small_config(), CPU).number == 1
        assert len(measured.asked) == 1

    def test_the_setting_comes_first(self, measured: Measured) -> None:
        assert choose_threads(small_config(threads=3), CPU).number == 3
        assert not measured.asked

    @pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
    def test_then_openmp_s_own_variables(
        self, name: str, measured: Measured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "2")
        assert choose_threads(small_config(), CPU).number == 2
        assert not measured.asked

    def test_a_gpu_and_a_deterministic_run_take_pytorch_s(self, measured: Measured) -> None:
        assert choose_threads(small_config(), CUDA).number == 2
        assert choose_threads(small_config(deterministic=True), CPU).number == 2
        assert not measured.asked

    @pytest.mark.usefixtures("measured")
    @pytest.mark.parametrize(("before", "expected"), [(2, 2), (1, 1), (0, 1), (64, 1)])
    def test_a_run_goes_on_with_as_many_as_before(self, before: int, expected: int) -> None:
        assert choose_threads(small_config(), CPU, before=before).number == expected


def test_measuring_leaves_no_trace() -> None:
    state = torch.get_rng_state()
    times = measure(small_config(dropout=0.5), 2)
    assert set(times) == {1, 2}
    assert all(0 < seconds < 1 for seconds in times.values())
    assert torch.get_rng_state().equal(state)
    assert torch.get_num_threads() == 2


def test_fewer_are_tried_until_they_are_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    pretended = {64: 4.0, 32: 3.0, 16: 2.0, 8: 2.5, 4: 1.0}
    monkeypatch.setattr(thread_count, "_LONG_SECONDS", 9.0)
    tried: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", tried.append)
    monkeypatch.setattr(thread_count, "_seconds_of", lambda _: pretended[tried[-1]])
    assert measure(small_config(), 64) == {64: 4.0, 32: 3.0, 16: 2.0, 8: 2.5}


def test_a_long_step_takes_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_count, "_seconds_of", lambda _: 5.0)
    assert measure(small_config(), 2) == {2: 5.0}


class TestWhileItTrains:
    @pytest.fixture(autouse=True)
    def _clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        self.told: list[str] = []

    def pass_time(self, threads: Threads, seconds: float, step: float) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            threads.note(step)

    def test_threads_that_wait_for_one_another_become_fewer(self) -> None:
        threads = Threads(BOTH_BETTER, self.told.append)
        self.pass_time(threads, 5, 0.010)
        assert threads.number == 2
        self.pass_time(threads, 2, 0.2)
        assert threads.number == 1
        assert self.told == [
            "Something else needs the processor: 1 instead of 2 threads, until there is room again."
        ]

    def test_a_machine_that_is_merely_slow_keeps_its_threads(self) -> None:
        threads = Threads(BOTH_BETTER, self.told.append)
        self.pass_time(threads, 10, 0.04)
        assert threads.number == 2
        assert not self.told

    def test_they_are_tried_again_ever_more_rarely(self) -> None:
        threads = Threads(BOTH_BETTER, self.told.append)
        waits = []
        for _ in range(7):
            self.pass_time(threads, 2, 0.2)
            assert threads.number == 1
            since = self.now
            while threads.number == 1:
                self.pass_time(threads, 1, 0.015)
            waits.append(self.now - since)
        assert waits == pytest.approx([30, 60, 120, 240, 480, 600, 600], abs=2)
        assert len(self.told) == 1
        self.pass_time(threads, 10, 0.010)
        assert threads.number == 2

    def test_a_number_that_was_said_stays(self) -> None:
        threads = choose_threads(small_config(threads=2), CPU, self.told.append)
        self.pass_time(threads, 10, 1.0)
        assert threads.number == 2
        assert not self.told
