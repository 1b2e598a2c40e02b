"""What a user would run instead: the same network and data in other people's loops.

Each trains the notebook's model, or the same with two directions, on real MNIST, and is asked
for some steps at a time, so that all of them can be timed in turn.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import count, islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from bilstm_core import paths
from bilstm_core.compute.devices import has_bfloat16
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import make_batch, training_batches
from bilstm_core.data.sources import registry
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.training.preparation import prepare
from bilstm_core.training.step import make_step
from bilstm_core.training.trainer import Trainer
from tests.notebook import NotebookModel, NotebookTraining, batch_size, learning_rate, mnist

TakeSteps = Callable[[int], float]
"""Trains some steps; gives the mean seconds a step."""

CPU = torch.device("cpu")


def peers(root: Path, *, bidirectional: bool) -> dict[str, TakeSteps]:
    """All loops that this machine has, by name; the notebook's own is the first."""

    def notebook(precision: torch.dtype | None = None) -> TakeSteps:
        training = NotebookTraining(mnist(root), bidirectional=bidirectional, autocast=precision)
        steps = training.steps()
        return lambda count: seconds_a_step(steps, count)

    def ours(precision: str) -> TakeSteps:
        settings = {"device": "cpu", "precision": precision, "bidirectional": bidirectional}
        with prepare(resolve(settings, preset="notebook")) as prepared:
            trainer = Trainer(prepared, emit=lambda _: None)
        steps, before = our_steps(trainer), torch.get_num_threads()

        def take_steps(count: int) -> float:
            torch.set_num_threads(prepared.tuner.best.threads)
            try:
                return seconds_a_step(steps, count)
            finally:
                torch.set_num_threads(before)

        return take_steps

    found = {"notebook": notebook(), "ours, float32": ours("float32")}
    if has_bfloat16(CPU):
        found["notebook, autocast to bfloat16"] = notebook(torch.bfloat16)
        found["ours, bfloat16"] = ours("bfloat16")
    if find_spec("lightning"):
        found["Lightning"] = Lightning(root, bidirectional=bidirectional)
    if find_spec("keras"):
        keras = Keras(bidirectional=bidirectional)
        found[f"Keras on {keras.backend}"] = keras
    return found


def with_readout_last() -> dict[str, TakeSteps]:
    """Our default BiLSTM with readout `last`: with all of the backward steps, and with one."""

    class WithAll(SequenceClassifier):
        def _needs_one_backward_step(self, states: Tensor) -> bool:
            return False

    def loop(network: type[SequenceClassifier]) -> TakeSteps:
        config = resolve({"device": "cpu", "readout": "last"})
        with prepare(config) as prepared:
            trainer = Trainer(prepared, emit=lambda _: None)
        trainer.model = network.from_config(config, prepared.data.spec)
        trainer.step_function = make_step(
            config,
            trainer.model,
            None,
            prepared.precision,
            prepared.data.spec,
            prepared.tuner.lanes,
        )
        steps = our_steps(trainer)
        return lambda count: seconds_a_step(steps, count)

    return {"28 backward steps": loop(WithAll), "the one that is read": loop(SequenceClassifier)}


def our_steps(trainer: Trainer) -> Iterator[float]:
    """Our training loop, reports included; yields after each step."""
    for epoch in count(1):
        trainer.meter.start_epoch()
        for batch in training_batches(trainer.data, trainer.config, epoch):
            trainer.take_step(batch)
            yield 0.0


def seconds_a_step(steps: Iterator[float], count: int) -> float:
    """Mean duration of some steps."""
    since = time.perf_counter()
    for _ in islice(steps, count):
        pass
    return (time.perf_counter() - since) / count


class Lightning:
    """The notebook's model as a LightningModule, logger and checkpoints off."""

    def __init__(self, root: Path, *, bidirectional: bool) -> None:
        lightning: Any = import_module("lightning")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

        class Module(lightning.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.model = NotebookModel(all_hidden_states=False, bidirectional=bidirectional)

            def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
                images, labels = batch
                return torch.nn.functional.cross_entropy(self.model(images.squeeze(1)), labels)

            def configure_optimizers(self) -> torch.optim.Optimizer:
                return torch.optim.Adam(self.parameters(), lr=learning_rate)

        class Stopwatch(lightning.Callback):
            def on_train_batch_end(self, *_: Any) -> None:
                self.ends.append(time.perf_counter())

            ends: list[float]

        self._lightning = lightning
        self._module = Module()
        self._stopwatch = Stopwatch()
        self._loader = DataLoader(mnist(root), batch_size=batch_size, shuffle=True)

    def __call__(self, count: int) -> float:
        self._stopwatch.ends = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice about workers and progress bars
            self._lightning.Trainer(
                accelerator="cpu",
                max_steps=count + 1,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                callbacks=[self._stopwatch],
            ).fit(self._module, self._loader)
        ends = self._stopwatch.ends
        return (ends[-1] - ends[0]) / count


class Keras:
    """The same in Keras 3, on whatever backend `KERAS_BACKEND` says; JAX where nothing is said."""

    def __init__(self, *, bidirectional: bool) -> None:
        os.environ.setdefault("KERAS_BACKEND", "jax")
        keras: Any = import_module("keras")
        self.backend = keras.backend.backend()

        def layer(*, is_last: bool) -> Any:
            lstm = keras.layers.LSTM(256, return_sequences=not is_last)
            return keras.layers.Bidirectional(lstm) if bidirectional else lstm

        self._model = keras.Sequential(
            [
                keras.Input((28, 28)),
                layer(is_last=False),
                layer(is_last=True),
                keras.layers.Dense(10),
            ]
        )
        self._model.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        data = registry.load(RunConfig(dataset="mnist"), paths.data_dir())
        batch = make_batch(data.train, data.spec)
        self._inputs, self._labels = batch.inputs.numpy(), batch.labels.numpy()

        class Stopwatch(keras.callbacks.Callback):
            def on_train_batch_end(self, *_: Any, **__: Any) -> None:
                self.ends.append(time.perf_counter())

            ends: list[float]

        self._stopwatch = Stopwatch()

    def __call__(self, count: int) -> float:
        self._stopwatch.ends = []
        images = (count + 1) * batch_size
        self._model.fit(
            self._inputs[:images],
            self._labels[:images],
            batch_size=batch_size,
            verbose=0,
            callbacks=[self._stopwatch],
        )
        ends = self._stopwatch.ends
        return (ends[-1] - ends[0]) / count
