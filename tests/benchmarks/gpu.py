"""Speed and exactness on an NVIDIA GPU: `make bench-gpu`; under seven minutes.

It needs PyTorch, torchvision, pytest and what `core` imports, but no Textual and no network, so
that it also runs on a machine to which one can only copy files: there, unpack the wheels that are
missing beside the repository and run

    PYTHONPATH=core:WHEELS BILSTM_DATA_DIR=… python3 -m tests.benchmarks.gpu

It prints one Markdown table. With `--smoke` it does everything on a few images and steps, on a
CPU too; those figures say nothing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, TensorDataset

from bilstm_core import events
from bilstm_core.compute.devices import DETERMINISTIC_WORKSPACE, describe, torch_settings
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import make_batch, training_batches
from bilstm_core.data.sources import registry
from bilstm_core.network.cost import operations_per_step
from bilstm_core.training.preparation import prepare
from bilstm_core.training.trainer import Trainer, train
from tests.notebook import NotebookTraining, mnist
from tests.sessions import StopAfter, resume, start

from . import ceilings, variable_length
from .peers import TakeSteps, our_steps, seconds_a_step
from .report import table
from .step import unpacked_mnist

GOAL = 0.9767
"""Test accuracy of the notebook's last output."""
GPU_TESTS = "tests/core/test_gpu.py"


@dataclass(frozen=True)
class Amount:
    """How much is measured.

    Attributes:
        dataset: What our loops train on.
        products: Rows of the matrices whose product is timed.
    """

    dataset: str = "mnist"
    rounds: int = 5
    steps: int = 100
    warm_up: int = 20
    products: int = 8192
    most_epochs: int = 8
    seeds: int = 3
    stops: tuple[int, ...] = (2, 9, 25, 40)
    batches: int = 32
    ranges_of_lengths: int = 2
    settings: dict[str, Any] = field(default_factory=dict)


SMOKE = Amount(
    dataset="digits",
    rounds=1,
    steps=2,
    warm_up=1,
    products=64,
    most_epochs=1,
    seeds=1,
    stops=(3,),
    batches=1,
    ranges_of_lengths=1,
    settings={"hidden_size": 8, "num_epochs": 1},
)
Row = tuple[str, str, str, str]
"""What was measured, of what, the figure, and what it is compared with."""


@dataclass
class Bench:
    """One run of the benchmark; its sections are methods that yield rows of the table."""

    device: torch.device
    amount: Amount
    root: Path
    figures: dict[str, Any] = field(default_factory=dict)

    def config(self, preset: str, **settings: Any) -> RunConfig:
        """A preset on the device."""
        chosen = {**self.amount.settings, **settings}
        chosen |= {"device": str(self.device), "dataset": self.amount.dataset}
        return resolve(chosen, preset=preset)

    def images(self, *, train: bool) -> Dataset[Any]:
        """What the notebook's loop reads: MNIST, or in a smoke test digits of the same size."""
        if self.amount.dataset == "mnist":
            return mnist(self.root, train=train)
        data = registry.load(RunConfig(dataset="digits"), Path())
        batch = make_batch(data.train if train else data.test, data.spec)
        large = torch.nn.functional.interpolate(batch.inputs[:16, None], size=(28, 28))
        return TensorDataset(large, batch.labels[:16])

    def tests(self) -> Iterator[Row]:
        """The tests that need a GPU."""
        result = _python("-m", "pytest", "-q", "-p", "no:cacheprovider", GPU_TESTS)
        print(result.stdout[-6000:], result.stderr[-2000:], flush=True)
        summary = result.stdout.strip().splitlines()[-1].strip("= ")
        self.figures["tests"] = {"code": result.returncode, "summary": summary}
        yield "tests that need a GPU", f"`{GPU_TESTS}`", summary, ""

    def limits(self) -> Iterator[Row]:
        """What the GPU does at most."""
        found = ceilings.measure(self.device, self.amount.products)
        self.figures["limits"] = asdict(found)
        for precision, rate in found.arithmetic.items():
            yield "limit", f"matrix product, {precision}", f"{rate / 1e12:.0f} TFLOP/s", ""
        yield "limit", "copy in memory", f"{found.memory / 1e12:.2f} TB/s", ""
        yield "limit", "kernel launched by PyTorch", f"{found.launch * 1e6:.1f} µs", ""
        yield "limit", "kernel in a CUDA graph", f"{found.node * 1e6:.1f} µs", ""

    def steps(self) -> Iterator[Row]:
        """The notebook's loop as written beside ours, in turn."""
        for bidirectional in (False, True):
            network = "BiLSTM 2×256" if bidirectional else "LSTM 2×256"
            loops = {"the notebook's loop": self._notebook_loop(bidirectional=bidirectional)}
            kernels: dict[str, int] = {}
            for precision in ceilings.PRECISIONS:
                for graph in (False, True) if self.device.type == "cuda" else (False,):
                    name = f"ours, {precision}" + (", graph" if graph else "")
                    config = self.config(
                        "notebook",
                        precision=precision,
                        bidirectional=bidirectional,
                        cuda_graph=graph,
                    )
                    loops[name], kernels[name] = self._our_loop(config)
            times: dict[str, list[float]] = {name: [] for name in loops}
            for take_steps in loops.values():
                take_steps(self.amount.warm_up)
            for _ in range(self.amount.rounds):
                for name, take_steps in loops.items():
                    times[name].append(take_steps(self.amount.steps))
            self.figures[f"steps, {network}"] = {"seconds": times, "kernels": kernels}
            config = self.config("notebook", bidirectional=bidirectional)
            yield from self._step_rows(network, times, kernels, config)

    def _notebook_loop(self, *, bidirectional: bool) -> TakeSteps:
        images = self.images(train=True)
        training = NotebookTraining(images, bidirectional=bidirectional, device=self.device.type)
        steps = training.steps()
        return lambda count: seconds_a_step(steps, count)

    def _our_loop(self, config: RunConfig) -> tuple[TakeSteps, int]:
        """Our loop, and the kernels that a step launches."""
        with prepare(config) as prepared:
            trainer = Trainer(prepared, emit=lambda _: None)
        steps = our_steps(trainer)

        def take_steps(count: int) -> float:
            with torch_settings(config):
                ceilings.synchronise(self.device)
                since = time.perf_counter()
                seconds_a_step(steps, count)
                ceilings.synchronise(self.device)
                return (time.perf_counter() - since) / count

        if self.device.type != "cuda":
            return take_steps, 0
        plain = trainer.step_function
        batch = next(training_batches(trainer.data, config, 1))
        kernels = ceilings.kernels_of(lambda: plain(batch, 1e-3, is_first=False))
        return take_steps, kernels

    def _step_rows(
        self,
        network: str,
        times: dict[str, list[float]],
        kernels: dict[str, int],
        config: RunConfig,
    ) -> Iterator[Row]:
        limits = self.figures.get("limits")
        operations = operations_per_step(config, registry.describe(config))
        theirs = times["the notebook's loop"]
        for name, values in times.items():
            middle = statistics.median(values)
            faster = statistics.median(a / b for a, b in zip(theirs, values, strict=True))
            compared = f"{faster:.2f}× the notebook's"
            if limits and name in kernels:
                precision = name.split(", ")[1]
                arithmetic = operations / limits["arithmetic"][precision]
                a_kernel = limits["node" if name.endswith("graph") else "launch"]
                compared += (
                    f"; limits: arithmetic {arithmetic * 1e3:.3f} ms, "
                    f"{kernels[name]} kernels {kernels[name] * a_kernel * 1e3:.2f} ms"
                )
            yield f"a step, {network}", name, f"{middle * 1e3:.2f} ms, {1 / middle:.0f}/s", compared

    def lengths(self) -> Iterator[Row]:
        """Sequences of different lengths, beside PyTorch's packed sequences."""
        lengths = variable_length.LENGTHS[: self.amount.ranges_of_lengths]
        found = variable_length.measure(
            self.device, self.amount.rounds, self.amount.batches, lengths
        )
        self.figures["lengths"] = found
        for of, loop, step, faster, _ in variable_length.rows(found):
            compared = f"{faster} packed, float32"
            yield f"a step, BiLSTM 128, {of}", loop, step, compared

    def goal(self) -> Iterator[Row]:
        """Seconds of training until the test accuracy is the notebook's."""
        theirs = [self._notebook_to_goal()]
        self.figures["goal"] = {"the notebook's loop": theirs}
        what = f"training to {GOAL:.2%} on MNIST"
        yield what, "the notebook's loop", _to_goal(theirs), ""
        compared = {
            "`notebook`, float32": ("notebook", {"precision": "float32"}),
            "`notebook`, bfloat16": ("notebook", {"precision": "bfloat16"}),
            "`default`": ("default", {}),
            "`quick`": ("quick", {}),
        }
        for name, (preset, settings) in compared.items():
            ours = [self._ours_to_goal(preset, seed, settings) for seed in range(self.amount.seeds)]
            self.figures["goal"][name] = ours
            yield what, name, _to_goal(ours), ""

    def _notebook_to_goal(self) -> tuple[float, int, float]:
        training, test = (
            NotebookTraining(self.images(train=True), device=self.device.type),
            self.images(train=False),
        )
        spent, accuracy, epochs = 0.0, 0.0, 0
        while accuracy < GOAL and epochs < self.amount.most_epochs:
            since = time.perf_counter()
            for _ in training.epoch():
                pass
            spent += time.perf_counter() - since
            epochs += 1
            accuracy = training.correct(test) / len(test)  # pyright: ignore[reportArgumentType]
        return spent, epochs, accuracy

    def _ours_to_goal(
        self, preset: str, seed: int, settings: dict[str, Any]
    ) -> tuple[float, int, float]:
        """Training seconds, epochs and accuracy; a schedule is not shortened for the goal."""
        accuracies: list[float] = []
        seconds = 0.0

        def take(event: events.Event) -> None:
            nonlocal seconds
            if isinstance(event, events.EpochEnded):
                seconds += event.seconds
            if isinstance(event, events.Evaluation) and not event.final:
                accuracies.append(event.accuracy)

        config = self.config(preset, seed=seed, **settings)
        if preset == "notebook":
            config = config.model_copy(update={"num_epochs": self.amount.most_epochs})
        train(config, take, lambda: bool(accuracies) and accuracies[-1] >= GOAL)
        return seconds, len(accuracies), accuracies[-1]

    def recipes(self) -> Iterator[Row]:
        """Whole runs of our presets."""
        for preset, seeds in (("default", self.amount.seeds), ("best", 1)):
            accuracies: list[float] = []
            times: list[tuple[float, float]] = []
            for seed in range(seeds):
                reported: list[events.Event] = []
                result = train(self.config(preset, seed=seed), reported.append)
                accuracies.append(result.accuracy["test"])
                (finished,) = (it for it in reported if isinstance(it, events.Finished))
                times.append((finished.training_seconds, finished.seconds))
            self.figures[f"recipe {preset}"] = {"accuracies": accuracies, "seconds": times}
            training, whole = (statistics.median(it) for it in zip(*times, strict=True))
            yield (
                "a whole run on MNIST",
                f"`{preset}`",
                f"{statistics.mean(accuracies):.2%} of the test images"
                + (f" (mean of {seeds} seeds)" if seeds > 1 else ""),
                f"{training:.1f} s of training, {whole:.1f} s in all",
            )

    def exactness(self) -> Iterator[Row]:
        """Resume under `deterministic`: the weights of a run that was never interrupted."""
        variable, _ = DETERMINISTIC_WORKSPACE
        if self.device.type == "cuda" and variable not in os.environ:
            options = ["--smoke"] if self.amount is SMOKE else []
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "figures.json")
                script = ("-m", "tests.benchmarks.gpu", "--only", "exactness")
                result = _python(*script, *options, "--json", str(file))
                if not file.exists():
                    raise RuntimeError(result.stderr.strip().splitlines()[-1])
                found = json.loads(file.read_text())
            self.figures["exact resume"] = found.get("exact resume")
            yield from map(tuple, found["rows"])
            return
        exact = {
            **self.amount.settings,
            "deterministic": True,
            "dropout": 0.2,
            "ema_decay": 0.9,
            "num_epochs": 3,
        }
        for precision in ceilings.PRECISIONS:
            for graph in (True, False) if self.device.type == "cuda" else (False,):
                config = resolve(
                    {**exact, "dataset": "digits", "device": str(self.device)}
                    | {"precision": precision, "cuda_graph": graph}
                )
                equal = [self._resumes_exactly(config, stop) for stop in self.amount.stops]
                name = precision + (", graph" if graph else "")
                self.figures.setdefault("exact resume", {})[name] = equal
                yield (
                    "resume, `deterministic`",
                    f"digits, {name}",
                    f"{sum(equal)} of {len(equal)} stops equal bit for bit",
                    "",
                )

    def _resumes_exactly(self, config: RunConfig, stop: int) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            whole = start(Path(folder, "whole"), config)
            stopped = start(Path(folder, "stopped"), config, StopAfter(stop))
            resume(stopped)
            return whole.model_file.read_bytes() == stopped.model_file.read_bytes()


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the setting that cuBLAS reads once, before CUDA starts."""
    variable, value = DETERMINISTIC_WORKSPACE
    environment = {**os.environ, variable: value}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def _to_goal(results: list[tuple[float, int, float]]) -> str:
    reached = [it for it in results if it[2] >= GOAL]
    if not reached:
        return f"not reached: {max(it[2] for it in results):.2%}"
    seconds, epochs, _ = sorted(reached)[len(reached) // 2]
    words = f"{seconds:.2f} s, {epochs} epoch{'s' if epochs > 1 else ''}"
    return words + (f" (median of {len(results)} seeds)" if len(results) > 1 else "")


def machine() -> str:
    """GPU, driver and versions, in a line."""
    cuda = torch.cuda.is_available()
    name = describe(torch.device("cuda:0" if cuda else "cpu"))
    return (
        f"{name}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}, "
        f"PyTorch {torch.__version__}, Python {sys.version.split()[0]}, NumPy {np.__version__}"
    )


def main() -> None:
    """Run all sections, or some; a section that fails does not take the others with it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    sections = ("tests", "limits", "steps", "lengths", "goal", "recipes", "exactness")
    parser.add_argument("--only", nargs="+", choices=sections, default=sections)
    parser.add_argument("--smoke", action="store_true", help="a few images and steps; on a CPU too")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    if not arguments.smoke and not torch.cuda.is_available():
        parser.error("PyTorch finds no GPU here; --smoke tries the script on a CPU")
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}\n", flush=True)
    rows: list[Row] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
        root = Path(folder) if arguments.smoke else unpacked_mnist(Path(folder))
        bench = Bench(device, SMOKE if arguments.smoke else Amount(), root)
        for name in arguments.only:
            since = time.monotonic()
            section: Callable[[], Iterator[Row]] = getattr(bench, name)
            try:
                rows += section()
            except Exception as error:
                failed.append(name)
                rows.append((name, "", "failed", f"{type(error).__name__}: {error}"[:200]))
            bench.figures[f"seconds of {name}"] = time.monotonic() - since
            print(f"{name}: {time.monotonic() - since:.0f} s", flush=True)
            if arguments.json:
                content = {"machine": machine(), "rows": rows, **bench.figures}
                arguments.json.write_text(json.dumps(content, indent=1) + "\n")
    print("\n" + table(("measured", "of", "figure", "compared"), rows))
    sys.exit(1 if failed or bench.figures.get("tests", {}).get("code") else 0)


if __name__ == "__main__":
    main()
