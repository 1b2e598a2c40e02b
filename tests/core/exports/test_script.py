"""The exported script predicts what the run does, without this package."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.cleaning import one_line
from bilstm_core.data.spec import Normalisation
from bilstm_core.exports.script import export_script
from bilstm_core.inference.predict import predict
from bilstm_core.network.weights import TrainedModel
from tests.core.exports.networks import HOSTILE, SERIES, UNEQUAL, kinds, made

PREDICT = """
import importlib.util, json, sys
import numpy as np
found = []
for file in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("exported", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    values = np.load(file.removesuffix(".py") + ".npz")
    sequences = [values[name] for name in values]
    found.append(module.predict(module.load(), sequences).tolist())
assert not any(name.startswith(("bilstm", "pydantic")) for name in sys.modules)
print(json.dumps(found))
"""


def alone(*arguments: str) -> str:
    """What a fresh interpreter prints that does not find this package."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-I", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        cwd="/",
    ).stdout


def exported(model: TrainedModel, path: Path) -> str:
    export_script(model, path, path.with_suffix(".safetensors"))
    return path.read_text(encoding="utf-8")


def test_every_kind_of_network_predicts_the_same(tmp_path: Path) -> None:

    rng = np.random.default_rng(0)
    specs = [
        replace(spec, normalisation=scaled)
        for spec in (SERIES, UNEQUAL)
        for scaled in (SERIES.normalisation, Normalisation(per_sequence=True))
    ]
    models, paths, inputs = [], [], []
    for number, kind in enumerate(kinds()):
        spec = specs[number % 4]
        if kind["readout"] == "all":
            spec = specs[number % 2]
        models.append(made(spec, **kind))
        paths.append(tmp_path / f"n{number}.py")
        text = exported(models[-1], paths[-1])
        assert len(text.splitlines()) < 100
        counts = (7, 2, 5, 1) if spec.has_lengths else (6,) * 4
        inputs.append([rng.normal(size=(count, 3)).astype(np.float32) for count in counts])
        np.savez(paths[-1].with_suffix(".npz"), *inputs[-1])
    assert {(it.config.merge, it.config.readout) for it in models} == {*product(MERGES, READOUTS)}
    found = json.loads(alone("-c", PREDICT, *map(str, paths)))
    assert len(found) == len(models)
    for model, sequences, probabilities in zip(models, inputs, found, strict=True):
        for sequence, shares in zip(sequences, probabilities, strict=True):
            (expected,) = predict(model, sequence)
            assert shares == pytest.approx([*expected.probabilities.values()], abs=1e-5)


def test_it_is_a_command_and_names_of_classes_are_harmless(tmp_path: Path) -> None:
    model = made()
    with torch.no_grad():
        model.network.classifier.bias[2] = 50  # the class with control characters
    path = tmp_path / 'it"s.py'
    text = exported(model, path)
    assert text.isascii()
    assert "FEATURES = ['x', 'y', 'z']" in text
    assert all(line.isprintable() for line in text.splitlines())
    np.save(tmp_path / "one.npy", np.zeros((6, 3)))
    np.save(tmp_path / "several.npy", np.zeros((2, 6, 3)))
    out = alone(str(path), str(tmp_path / "one.npy"), str(tmp_path / "several.npy"))
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[1] for line in lines] == [one_line(HOSTILE[2])] * 3
    assert [line[2] for line in lines] == ["1.0000"] * 3
