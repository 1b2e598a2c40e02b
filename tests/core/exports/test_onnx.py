"""ONNX files compute what PyTorch does, for every kind of network, batch and length."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from bilstm_core.cleaning import one_line
from bilstm_core.data.normalise import normalise
from bilstm_core.data.spec import DataSpec, Normalisation
from bilstm_core.errors import InstallationError, OutputError
from bilstm_core.exports import onnx as exports
from bilstm_core.exports import onnx_graph
from bilstm_core.exports.onnx import LARGEST_DIFFERENCE, export_onnx
from bilstm_core.network.weights import TrainedModel
from tests.core.exports.networks import HOSTILE, SERIES, UNEQUAL, kinds, made

KINDS = [*kinds()]
PER_SEQUENCE = Normalisation(per_sequence=True)


def session_of(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def largest_difference(
    path: Path, model: TrainedModel, values: Tensor, lengths: Tensor | None = None
) -> float:
    """Of the scores and of the probabilities."""
    inputs: dict[str, Any] = {"values": values.numpy()}
    if lengths is not None:
        inputs["lengths"] = lengths.numpy()
    scores, probabilities = session_of(path).run(["scores", "probabilities"], inputs)
    with torch.inference_mode():
        expected = model.network(normalise(values, model.spec.normalisation, lengths), lengths)
    first, second = np.asarray(scores), np.asarray(probabilities)
    return max(
        float(np.abs(first - expected.numpy()).max()),
        float(np.abs(second - expected.softmax(dim=1).numpy()).max()),
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda it: "-".join(map(str, it.values())))
def test_every_kind_of_network_computes_the_same(kind: dict[str, Any], tmp_path: Path) -> None:
    """With batches and numbers of steps that were not tried when the file was made."""
    path = tmp_path / "network.onnx"
    torch.manual_seed(1)
    for spec in (SERIES, UNEQUAL):
        if spec.has_lengths and kind["readout"] == "all":
            continue  # which reads sequences of equal length only
        model = made(spec, **kind)
        compared = export_onnx(model, path)
        assert compared.difference < LARGEST_DIFFERENCE / 10
        steps = spec.longest if kind["readout"] == "all" else 13
        lengths = torch.tensor([13, 1, 5, 12, 2]) if spec.has_lengths else None
        values = torch.randn(5, steps, 3) * 4
        assert largest_difference(path, model, values, lengths) < LARGEST_DIFFERENCE


@pytest.mark.parametrize("spec", [SERIES, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize(
    "normalisation",
    [Normalisation(), Normalisation(255), PER_SEQUENCE, replace(SERIES.normalisation, divisor=3)],
)
def test_values_are_normalised_inside(
    spec: DataSpec, normalisation: Normalisation, tmp_path: Path
) -> None:
    model = made(replace(spec, normalisation=normalisation))
    path = tmp_path / "network.onnx"
    export_onnx(model, path)
    values = torch.rand(2, 7, 3) * 200
    values[0, :, 1] = 1000.1  # constant: its deviation is 0
    lengths = torch.tensor([7, 3]) if spec.has_lengths else None
    assert largest_difference(path, model, values, lengths) < LARGEST_DIFFERENCE


def test_padding_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    export_onnx(made(UNEQUAL, readout="mean", num_layers=2), path)
    values = np.random.default_rng(0).normal(size=(1, 4, 3)).astype(np.float32)
    padded = np.concatenate([values, np.full((1, 5, 3), 1e3, np.float32)], axis=1)
    lengths = np.array([4])
    session = session_of(path)
    alone, beside = (
        np.asarray(session.run(["scores"], {"values": it, "lengths": lengths})[0])
        for it in (values, padded)
    )
    assert np.abs(alone - beside).max() < 1e-5


def test_axes_are_dynamic_except_the_steps_that_a_readout_of_all_reads(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    for readout, steps in (("max", "steps"), ("all", 6)):
        export_onnx(made(readout=readout), path)
        (values,) = session_of(path).get_inputs()
        assert values.shape == ["batch", steps, 3]


def test_names_of_classes_are_inside_and_harmless(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    export_onnx(made(), path)
    metadata = session_of(path).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == [one_line(name) for name in HOSTILE]
    assert all(text.isprintable() for text in metadata.values())
    onnx.checker.check_model(onnx.load(path), full_check=True)


@pytest.mark.parametrize("spec", [SERIES, UNEQUAL], ids=["equal", "unequal"])
def test_the_lines_of_the_readme_run_as_they_stand(
    spec: DataSpec,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("### Take it with you")
    lines = section.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    export_onnx(made(spec), Path("tuesday.onnx"))
    np.save("sequences.npy", np.zeros((2, 6, 3)))
    np.save("lengths.npy", [6, 2])
    exec(lines, {})
    predicted = ast.literal_eval(capsys.readouterr().out)
    assert len(predicted) == 2
    assert {*predicted} <= {one_line(name) for name in HOSTILE}


def test_a_wrong_file_is_an_error_and_none_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "network.onnx"
    monkeypatch.setitem(onnx_graph._GATES, "LSTM", (0, 1, 2, 3))
    with pytest.raises(OutputError, match="differ by up to") as raised:
        export_onnx(made(), path)
    assert raised.value.exit_code == 5
    assert [*tmp_path.iterdir()] == []


def test_what_is_not_a_number_is_wrong_too(tmp_path: Path) -> None:
    model = made()
    with torch.no_grad():
        model.network.classifier.bias.fill_(float("nan"))
    with pytest.raises(OutputError, match="differ by up to inf"):
        export_onnx(model, tmp_path / "network.onnx")
    assert [*tmp_path.iterdir()] == []


def test_a_network_that_is_too_large_for_the_format_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exports, "_MOST_BYTES", 100)
    with pytest.raises(OutputError, match="holds 2 GiB"):
        export_onnx(made(), tmp_path / "network.onnx")


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InstallationError, match=f"{missing} is not installed") as raised:
        export_onnx(made(), tmp_path / "network.onnx")
    assert raised.value.advice.endswith(" -m pip install 'bilstm-tui[onnx]'")
    assert sys.executable in raised.value.advice
    assert raised.value.exit_code == 4
