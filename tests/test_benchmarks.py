"""The benchmarks run; their figures are for people."""

import json
import subprocess
import sys
from pathlib import Path


def test_the_benchmark_of_a_gpu_runs_without_one(tmp_path: Path) -> None:
    """Every section, on a few images and steps; also in a process that has no Textual."""
    figures = tmp_path / "figures.json"
    without = "import sys; sys.modules['textual'] = None; sys.argv[0] = 'gpu'; "
    script = without + "from tests.benchmarks.gpu import main; main()"
    command = [sys.executable, "-c", script, "--smoke", "--json", str(figures)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    measured = {row[0] for row in json.loads(figures.read_text())["rows"]}
    assert measured == {
        "tests that need a GPU",
        "limit",
        "a step, LSTM 2×256",
        "a step, BiLSTM 2×256",
        "a step, BiLSTM 128, 7 to 29 steps, padding 37.5%",
        "training to 97.67% on MNIST",
        "a whole run on MNIST",
        "resume, `deterministic`",
    }
    assert "| tests that need a GPU |" in result.stdout
    assert all(all(equal) for equal in json.loads(figures.read_text())["exact resume"].values())
