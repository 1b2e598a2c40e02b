"""What only a real NVIDIA GPU can show. These tests need no Textual: `make bench-gpu` runs them."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from bilstm_core import events
from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.compute.devices import torch_settings
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import Batch
from bilstm_core.data.sources.registry import describe
from bilstm_core.errors import NonFiniteLossError, OutOfMemoryError
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.processes import session
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.store import list_runs
from bilstm_core.training.learning_rate_finder import find_learning_rate
from bilstm_core.training.step import GraphedStep
from bilstm_core.training.trainer import train
from tests.conftest import Recorder
from tests.samples import EVERYTHING, small_config
from tests.sessions import StopAfter, assert_equal, recorded, resume, start

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


def on_gpu(**settings: Any) -> RunConfig:
    return small_config(**{"device": "cuda", **settings})


DIRECTIONS = [(False, "concat"), *((True, merge) for merge in MERGES)]
NETWORKS = list(itertools.product(DIRECTIONS, READOUTS, (1, 2)))
NETWORKS_WITH_LENGTHS = [it for it in NETWORKS if not READOUTS[it[1]].reads_every_step]


def scores_and_gradients(
    config: RunConfig, device: str, lengths: torch.Tensor | None = None
) -> list[torch.Tensor]:
    """Of one batch with the same weights on any device."""
    with torch_settings(config.model_copy(update={"device": device})):
        torch.manual_seed(0)
        spec = describe(config)
        model = SequenceClassifier.from_config(config, spec)
        inputs = torch.rand(32, spec.longest, spec.num_features)
        labels = torch.arange(32) % spec.num_classes
        model.to(device)
        scores = model(inputs.to(device), None if lengths is None else lengths.to(device))
        functional.cross_entropy(scores, labels.to(device)).backward()
        gradients = [weight.grad for weight in model.parameters()]
        return [found.detach().cpu() for found in (scores, *gradients) if found is not None]


class TestNetwork:
    @pytest.mark.parametrize("cell", CELLS)
    def test_it_computes_what_a_processor_computes(self, cell: str) -> None:
        for (both, merge), readout, layers in NETWORKS:
            config = on_gpu(
                cell=cell, bidirectional=both, merge=merge, readout=readout, num_layers=layers
            )
            ours, theirs = (scores_and_gradients(config, name) for name in ("cuda", "cpu"))
            for one, other in zip(ours, theirs, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)

    @pytest.mark.parametrize("cell", CELLS)
    def test_so_it_does_with_different_lengths(self, cell: str) -> None:
        for (both, merge), readout, layers in NETWORKS_WITH_LENGTHS:
            config = on_gpu(
                cell=cell,
                dataset="japanese-vowels",
                bidirectional=both,
                merge=merge,
                readout=readout,
                num_layers=layers,
            )
            lengths = torch.arange(32) % 23 + 7
            ours, theirs = (scores_and_gradients(config, name, lengths) for name in ("cuda", "cpu"))
            for one, other in zip(ours, theirs, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)

    def test_float32_is_not_tf32(self) -> None:
        """cuDNN's own default is TF32, whose products have 10 bits."""
        exact, fast = (
            scores_and_gradients(on_gpu(precision=name, hidden_size=256), "cuda")[0]
            for name in ("float32", "tf32")
        )
        assert not exact.equal(fast)
        torch.testing.assert_close(exact, fast, rtol=1e-2, atol=1e-2)

    def test_auto_is_bfloat16(self) -> None:
        if not torch.cuda.is_bf16_supported(including_emulation=False):
            pytest.skip("this GPU has no bfloat16")
        (started,) = recorded(on_gpu(precision="auto", num_epochs=1)).of(events.RunStarted)
        assert started.device.precision == "bfloat16"
        assert started.device.name == "cuda:0"


class TestGraph:
    @pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
    @pytest.mark.parametrize("cell", CELLS)
    def test_it_computes_what_its_kernels_do(self, cell: str, precision: str) -> None:
        settings = {**EVERYTHING, "cell": cell, "precision": precision, "deterministic": True}
        graphed, launched = (
            recorded(on_gpu(**settings, cuda_graph=graph)) for graph in (True, False)
        )
        assert graphed.losses == pytest.approx(launched.losses, rel=1e-4)
        evaluated, expected = (it.of(events.Evaluation) for it in (graphed, launched))
        assert [evaluation.loss for evaluation in evaluated] == pytest.approx(
            [evaluation.loss for evaluation in expected], rel=1e-4
        )

    @pytest.mark.parametrize("precision", ["float32", "bfloat16"])
    @pytest.mark.parametrize("cell", CELLS)
    def test_there_is_one_for_each_number_of_steps(self, cell: str, precision: str) -> None:
        settings = {**EVERYTHING, "augment": "none", "dataset": "japanese-vowels", "cell": cell}
        graphed, launched = (
            recorded(on_gpu(**settings, precision=precision, deterministic=True, cuda_graph=graph))
            for graph in (True, False)
        )
        assert len(graphed.losses) == len(launched.losses)
        assert graphed.losses == pytest.approx(launched.losses, rel=1e-3)

    def test_masks_change_from_replay_to_replay(self) -> None:
        config = on_gpu(dropout=0.5)
        torch.manual_seed(0)
        cuda = torch.device("cuda")
        model = SequenceClassifier.from_config(config, describe(config)).to(cuda)
        step = GraphedStep(config, model, None, torch.float32)
        labels = torch.arange(64, device=cuda) % 10
        batch = Batch(torch.rand(64, 8, 8, device=cuda), None, labels)
        found = {step(batch, 1e-10, is_first=False)[0].item() for _ in range(12)}
        assert step._replays
        assert len(found) == 12

    @pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
    def test_it_learns_with_each_optimiser_and_reports_every_loss(self, optimizer: str) -> None:
        rate = 0.2 if optimizer == "sgd" else 0.01
        recorder = recorded(on_gpu(optimizer=optimizer, learning_rate=rate, num_epochs=8))
        assert len(recorder.losses) == recorder.of(events.RunStarted)[0].total_steps
        assert recorder.of(events.Evaluation)[-1].accuracy > 0.8


class TestRuns:
    def test_deterministic_is_really_so(self) -> None:
        config = on_gpu(deterministic=True, **EVERYTHING)
        assert recorded(config).losses == recorded(config).losses

    @pytest.mark.parametrize("graph", [True, False])
    @pytest.mark.parametrize("precision", ["float32", "bfloat16"])
    @pytest.mark.parametrize("stop", [1, 5, 24, 37])
    def test_a_resumed_run_is_equal_bit_for_bit(
        self, stop: int, precision: str, graph: bool, tmp_path: Path
    ) -> None:
        config = on_gpu(
            **{**EVERYTHING, "deterministic": True, "precision": precision, "cuda_graph": graph}
        )
        whole = start(tmp_path / "whole", config)
        stopped = start(tmp_path / "stopped", config, StopAfter(stop))
        assert resume(stopped) == 0
        assert_equal(whole, stopped)

    @pytest.mark.parametrize("dataset", ["digits", "japanese-vowels"])
    def test_data_that_do_not_fit_stay_in_main_memory(
        self, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = on_gpu(deterministic=True, dataset=dataset)
        there = recorded(config)
        monkeypatch.setattr("bilstm_core.data.dataset._LARGEST_PART", 0)
        copied = recorded(config)
        assert copied.losses == there.losses
        assert copied.of(events.Evaluation)[-1].loss == there.of(events.Evaluation)[-1].loss

    def test_a_run_moves_from_a_gpu_to_the_processor_and_back(self, tmp_path: Path) -> None:
        session.start_run(on_gpu(), tmp_path).train(lambda _: None, StopRequest())
        (run,) = list_runs(tmp_path)
        for epochs, device in ((3, "cpu"), (4, "cuda")):
            opened = session.resume_run(run, {"num_epochs": epochs, "device": device})
            assert opened.train(lambda _: None, StopRequest()) == 0

    def test_a_learning_rate_is_found(self) -> None:
        assert find_learning_rate(on_gpu()).suggestion

    def test_a_loss_that_is_not_finite_is_reported(self) -> None:
        with pytest.raises(NonFiniteLossError):
            recorded(
                on_gpu(
                    cell="rnn", optimizer="sgd", learning_rate=10, weight_decay=1, num_epochs=200
                )
            )

    def test_memory_that_runs_out_is_told_in_words(self, recorder: Recorder) -> None:
        torch.cuda.set_per_process_memory_fraction(0.002)
        try:
            with pytest.raises(OutOfMemoryError, match="were asked for on the GPU") as caught:
                train(on_gpu(hidden_size=2048, num_layers=2), recorder)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        assert "batch_size" in caught.value.advice
        assert recorder.of(events.Failed)
