"""Checkpoints: damaged, hostile or of another run, none harms more than itself."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bilstm_core import events
from bilstm_core.data.dataset import Dataset, Sequences
from bilstm_core.data.sources import registry
from bilstm_core.errors import BilstmError, CheckpointError, DataError, NonFiniteLossError
from bilstm_core.files import Folder
from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from bilstm_core.training import checkpoints
from tests.checkpoint_files import Change, rewrite
from tests.samples import small_config
from tests.sessions import StopAfter, assert_equal, history, resume, start


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was stopped after 30 steps, with a checkpoint of each."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patched.setenv("XDG_STATE_HOME", str(folder / "state"))
        return start(folder / "runs", small_config(checkpoint_seconds=0.0), StopAfter(30))


@pytest.fixture
def run(stopped: Run, tmp_path: Path) -> Run:
    """Its copy, to be damaged."""
    return Run(Path(shutil.copytree(stopped.path, tmp_path / "runs" / stopped.name)))


class TestCheckpoints:
    def test_another_configuration_is_refused_with_the_difference(self, run: Run) -> None:
        text = run.config_file.read_text().replace("hidden_size = 16", "hidden_size = 17")
        run.config_file.write_text(text)
        with pytest.raises(CheckpointError, match="hidden_size = 17 here, 16 in the checkpoint"):
            session.resume_run(Run(run.path), {})

    @pytest.mark.parametrize(
        "damage",
        [
            lambda content: content[: len(content) // 2],
            lambda content: b"",
            lambda content: content[:3000] + b"\xff" * 9 + content[3009:],
            lambda content: pickle.dumps({"version": 1}),
            lambda content: content[:-7] + b"\xff" + content[-6:],
        ],
    )
    def test_a_damaged_one_is_named_and_the_previous_taken(
        self, damage: Callable[[bytes], bytes], run: Run
    ) -> None:
        bad = damage(run.checkpoint_file.read_bytes())
        run.checkpoint_file.write_bytes(bad)
        assert resume(run) == 0
        warnings = history(run).warnings
        assert f"{run.checkpoint_file} is damaged" in warnings[0]
        assert "the previous checkpoint, of step 28, is used." in warnings[0]
        assert run.damaged_checkpoint_file.read_bytes() == bad, "kept for inspection"

    def test_a_run_that_goes_on_from_the_previous_one_ends_as_one_that_was_not_stopped(
        self, run: Run, tmp_path: Path
    ) -> None:
        run.checkpoint_file.write_bytes(b"damaged")
        assert resume(run) == 0
        assert_equal(start(tmp_path / "b", run.config), run)

    def test_it_has_the_description_of_the_data(self, run: Run, digits: Dataset) -> None:
        state = checkpoints.load_checkpoint(run.checkpoint_file)
        assert state.data == digits.spec
        assert state.data.class_sizes["test"][0] == 36

    def test_other_data_than_before_are_refused(
        self, run: Run, digits: Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        values = digits.train.values.clone()
        values[5, 4, 3] += 1
        train = Sequences(values, digits.train.labels)
        changed = Dataset.from_splits(digits.spec, train, digits.test)
        monkeypatch.setattr(registry, "load", lambda *_: changed)
        with pytest.raises(DataError, match="last trained: other values or labels"):
            resume(run)
        monkeypatch.setattr(registry, "load", lambda *_: digits)
        assert resume(run) == 0

    def test_none_is_whole(self, run: Run) -> None:
        for path in (run.checkpoint_file, run.previous_checkpoint_file):
            path.write_bytes(b"x")
        with pytest.raises(CheckpointError) as caught:
            session.resume_run(run, {})
        assert str(run.checkpoint_file) in caught.value.message
        assert run.checkpoint_file.read_bytes() == b"x", "left alone"

    def test_nothing_in_it_is_executed(self, run: Run, tmp_path: Path) -> None:
        class Hostile:
            def __reduce__(self) -> tuple[Any, ...]:
                return os.mkdir, (str(tmp_path / "owned"),)

        for path in (run.checkpoint_file, run.previous_checkpoint_file):
            path.write_bytes(pickle.dumps({"version": Hostile()}))
        with pytest.raises(CheckpointError):
            session.resume_run(run, {})
        assert not (tmp_path / "owned").exists()

    def test_a_full_disk_is_a_warning_and_training_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replace = Folder.replace

        def full(folder: Folder, name: str, *rest: Any) -> None:
            if name.startswith("checkpoint"):
                raise OSError(28, "No space left on device")
            replace(folder, name, *rest)

        monkeypatch.setattr(Folder, "replace", full)
        run = start(tmp_path, small_config(checkpoint_seconds=0.0))
        past = history(run)
        assert isinstance(past.ending, events.Finished)
        (warning,) = past.warnings
        assert "No space left on device; none is saved yet. Training continues." in warning

    def test_a_diverging_run_keeps_the_last_good_one(self, tmp_path: Path) -> None:
        config = small_config(
            cell="rnn", optimizer="sgd", learning_rate=10.0, weight_decay=1.0, num_epochs=200,
            hidden_size=4, checkpoint_seconds=0.05,
        )  # fmt: skip
        opened = session.start_run(config, tmp_path)
        with pytest.raises(NonFiniteLossError):
            opened.train(lambda _: None, StopRequest())
        state = checkpoints.load_checkpoint(opened.run.checkpoint_file)
        assert all(weights.isfinite().all() for weights in state.group("model").values())
        (failed,) = [e for e in open_log(opened.run.log_file)[0] if isinstance(e, events.Failed)]
        assert f"The checkpoint of step {state.step:,} is kept." in failed.advice
        assert read_overview(opened.run).status == "failed"


def momentum(tensors: dict[str, Tensor]) -> str:
    return next(name for name in tensors if name.endswith("exp_avg"))


@pytest.mark.parametrize(
    "change",
    [
        lambda state, _: state.update(version=[1]),
        lambda state, _: state["config"].clear(),
        lambda state, _: state.update(config={"num_epochs": "many"}),
        lambda state, _: state.update(epoch=10**30),
        lambda state, _: state.update(batch=3),
        lambda state, _: state.update(kept={"epoch": "x"}),
        lambda state, _: state.update(more=1),
        lambda state, _: state["data"].update(num_features=9),
        lambda state, _: state["config"].update(num_layers=3),
        lambda _, tensors: tensors.pop("meter.correct"),
        lambda _, tensors: tensors.pop("generator.cpu"),
        lambda _, tensors: tensors.update({"model.more": torch.zeros(1)}),
        lambda _, tensors: tensors.update({momentum(tensors): torch.zeros(1)}),
        lambda _, tensors: tensors.update({momentum(tensors): torch.zeros(64, 8).double()}),
        lambda _, tensors: tensors.update({"generator.cpu": torch.zeros(5056, dtype=torch.uint8)}),
        lambda _, tensors: tensors.update({"generator.cpu": torch.zeros(5, dtype=torch.uint8)}),
        lambda _, tensors: tensors.update({"generator.cuda": torch.zeros(9999).byte()}),
    ],
)
def test_a_checkpoint_that_is_whole_and_wrong(change: Change, run: Run) -> None:
    rewrite(run.checkpoint_file, change)
    run.previous_checkpoint_file.unlink(missing_ok=True)
    with pytest.raises(BilstmError) as caught:
        resume(run)
    assert caught.value.exit_code == 1


def test_a_sparse_checkpoint_is_not_read(run: Run) -> None:
    """A file can claim any size without holding it."""
    os.truncate(run.checkpoint_file, 1 << 40)
    run.previous_checkpoint_file.unlink(missing_ok=True)
    with pytest.raises(CheckpointError, match="never written"):
        resume(run)


def test_a_deep_header_is_damage(run: Run) -> None:
    run.previous_checkpoint_file.unlink(missing_ok=True)
    header = b"[" * 200_000
    run.checkpoint_file.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointError, match="is damaged"):
        resume(run)


def test_a_resumed_run_without_a_checkpoint_says_where_it_starts(tmp_path: Path) -> None:
    run = start(tmp_path, small_config(), StopAfter(1))
    for path in (run.checkpoint_file, run.previous_checkpoint_file):
        path.unlink(missing_ok=True)
    assert resume(run) == 0
    assert "There is no checkpoint yet: training starts at step 1." in history(run).warnings
