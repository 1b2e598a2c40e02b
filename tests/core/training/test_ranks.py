"""Several processes train one network: the numbers are those of one process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from . import ranks_program

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def alone() -> dict[str, dict[str, object]]:
    return ranks_program.results()


@pytest.mark.parametrize("ranks", [2, 3])
def test_the_numbers_are_those_of_one_process(
    alone: dict[str, dict[str, object]], ranks: int, tmp_path: Path
) -> None:
    launch(ranks, "-m", "tests.core.training.ranks_program", str(tmp_path))
    together = json.loads((tmp_path / "results.json").read_text())
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


def launch(ranks: int, *words: str) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run(
        [*command, f"--nproc-per-node={ranks}", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [*sys.path]))},
        check=True,
        timeout=150,
    )
