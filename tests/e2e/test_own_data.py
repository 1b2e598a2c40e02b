"""A person's own file, from the first look to a file of predictions, with the installed command."""

import csv
import json
import math
from pathlib import Path

import pytest

from tests.e2e.outside import piped
from tests.e2e.terminal import environment


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def write(path: Path, count: int, *, has_labels: bool = True) -> Path:
    """Recordings of 8 to 12 steps: waves whose frequency is the class."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["recording", "t", "x", "y", *["label"] * has_labels])
        for number in range(count):
            for step in range(8 + number % 5):
                angle = step * (0.3, 1.2)[number % 2] + number
                values = f"{math.sin(angle):.4f}", f"{math.cos(angle):.4f}"
                label = ["slow", "fast"][number % 2 : number % 2 + 1] * has_labels
                writer.writerow([f"r{number}", step, *values, *label])
    return path


def test_from_a_table_to_a_file_of_predictions(env: dict[str, str], tmp_path: Path) -> None:
    table = write(tmp_path / "mine.csv", 60)
    looked = piped("data", str(table), env=env)
    assert looked.returncode == 0, looked.stderr
    assert "slow" in looked.stdout
    assert "fast" in looked.stdout
    described = json.loads(piped("data", str(table), "--json", env=env).stdout)
    assert described["spec"]["classes"] == ["fast", "slow"]

    trained = piped("--no-ui", "--dataset", str(table), "--num-epochs", "40", env=env)
    assert trained.returncode == 0, trained.stderr
    assert "got 12 / 12 with accuracy 100.00" in trained.stdout

    new = write(tmp_path / "new.csv", 30, has_labels=False)
    output = tmp_path / "classes.csv"
    predicted = piped("predict", "latest", str(new), "--output", str(output), env=env)
    assert predicted.returncode == 0, predicted.stderr
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [f"r{number}" for number in range(30)]
    assert [row["class"] for row in rows] == ["slow", "fast"] * 15

    with_labels = piped("predict", "latest", str(table), env=env)
    assert "got 60 / 60 with accuracy 100.00" in with_labels.stdout
