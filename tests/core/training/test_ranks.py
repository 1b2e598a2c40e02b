"""Several processes train one network: the numbers are those of one process."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from . import ranks_program

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    return ranks_program.results("cpu")


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_numbers_are_those_of_one_process(
    alone: dict[str, Any], ranks: int, tmp_path: Path
) -> None:
    assert_equal(launch(ranks, tmp_path, "cpu"), alone)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two NVIDIA GPUs")
def test_the_numbers_of_two_gpus_are_those_of_one(tmp_path: Path) -> None:
    assert_equal(launch(2, tmp_path, "cuda"), ranks_program.results("cuda"))


def assert_equal(together: dict[str, Any], alone: dict[str, Any]) -> None:
    for name, expected in alone.items():
        found = together[name]
        assert found["ended"] == expected["ended"], name
        np.testing.assert_allclose(found["losses"], expected["losses"], rtol=2e-4, atol=1e-5)
        for (split, loss, correct), (split_alone, loss_alone, correct_alone) in zip(
            found["evaluated"], expected["evaluated"], strict=True
        ):
            assert split == split_alone
            assert loss == pytest.approx(loss_alone, rel=1e-3), name
            assert abs(correct - correct_alone) <= 1, name
        for weights, weights_alone in zip(found["weights"], expected["weights"], strict=True):
            np.testing.assert_allclose(weights, weights_alone, rtol=1e-2, atol=2e-3)


def launch(ranks: int, folder: Path, device: str) -> dict[str, Any]:
    """What the ranks have found, as rank 0 wrote it."""
    program = ["-m", "tests.core.training.ranks_program", str(folder), device, str(ranks)]
    process = subprocess.Popen(
        [sys.executable, *program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )
    try:
        assert process.wait(timeout=150) == 0
    finally:
        with suppress(ProcessLookupError):  # none is left, unless they wait for one another
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return json.loads((folder / "results.json").read_text())
