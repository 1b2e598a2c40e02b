"""The network against computations that share nothing with it but the weights."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bilstm_core.building_blocks.cells import CELLS
from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.building_blocks.readouts import READOUTS
from bilstm_core.data.batches import Batch
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.training.evaluation import class_scores
from tests.core.hardware import needs_bfloat16
from tests.notebook import NotebookModel

Array = np.ndarray[Any, np.dtype[np.float64]]

STEPS, FEATURES, HIDDEN, CLASSES = 7, 5, 6, 4


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm_step(x: Array, h: Array, c: Array, w: Array, u: Array, b: Array, d: Array) -> Any:
    i, f, g, o = np.split(w @ x + b + u @ h + d, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x: Array, h: Array, c: Array, w: Array, u: Array, b: Array, d: Array) -> Any:
    (wr, wz, wn), (ur, uz, un) = np.split(w @ x + b, 3), np.split(u @ h + d, 3)
    z = sigmoid(wz + uz)
    return (1 - z) * np.tanh(wn + sigmoid(wr + ur) * un) + z * h, c


def rnn_step(x: Array, h: Array, c: Array, w: Array, u: Array, b: Array, d: Array) -> Any:
    return np.tanh(w @ x + b + u @ h + d), c


STEP: dict[str, Callable[..., Any]] = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step}


def read(cell: str, layer: nn.Module, rows: Array, suffix: str) -> Array:
    """Hidden states of one direction in the order in which it reads the rows."""
    names = [f"{name}_l0{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    weights = [getattr(layer, name).detach().double().numpy() for name in names]
    h = c = np.zeros(HIDDEN)
    states = []
    for x in rows:
        h, c = STEP[cell](x, h, c, *weights)
        states.append(h)
    return np.array(states)


def combine(merge: str, forward: Array, backward: Array) -> Array:
    match merge:
        case "concat":
            return np.concatenate([forward, backward], axis=-1)
        case "sum":
            return forward + backward
        case "mean":
            return 0.5 * forward + 0.5 * backward
        case "max":
            return np.where(forward > backward, forward, backward)
        case _:
            return forward * backward


def by_hand(model: SequenceClassifier, cell: str, rows: Array) -> Array:
    """Class scores of one image, each direction run row by row."""
    states = rows
    forward = backward = np.zeros((STEPS, HIDDEN))
    for layer in model.layers:
        forward = read(cell, layer, states, "")
        if model.bidirectional:
            backward = read(cell, layer, states[::-1], "_reverse")[::-1]
            states = np.concatenate([forward, backward], axis=-1)
        else:
            states = forward
    if model.bidirectional:
        every = np.array(
            [combine(model.merge, f, b) for f, b in zip(forward, backward, strict=True)]
        )
        ends = combine(model.merge, forward[STEPS - 1], backward[0])
    else:
        every, ends = forward, forward[STEPS - 1]
    seen = {
        "all": every.reshape(-1),
        "last": every[STEPS - 1],
        "final": ends,
        "mean": every.sum(axis=0) / STEPS,
        "max": every.max(axis=0),
    }[model.readout]
    weight = model.classifier.weight.detach().double().numpy()
    return weight @ seen + model.classifier.bias.detach().double().numpy()


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("cell", CELLS)
def test_scores_are_those_computed_by_hand(
    cell: str, merge: str, readout: str, bidirectional: bool, num_layers: int
) -> None:
    if merge != "concat" and not bidirectional:
        merge = "concat"  # one direction has nothing to merge
    torch.manual_seed(3)
    model = SequenceClassifier(
        num_features=FEATURES,
        num_steps=STEPS,
        num_classes=CLASSES,
        cell=cell,
        bidirectional=bidirectional,
        num_layers=num_layers,
        hidden_size=HIDDEN,
        merge=merge,
        readout=readout,
    )
    rows = torch.randn(3, STEPS, FEATURES)
    expected = [by_hand(model, cell, image) for image in rows.double().numpy()]
    assert np.allclose(model(rows).detach().numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("readout", ["last", "all"])
def test_the_same_seed_gives_the_notebook_s_own_model(readout: str) -> None:
    torch.manual_seed(0)
    notebook = NotebookModel(all_hidden_states=readout == "all")
    torch.manual_seed(0)
    ours = SequenceClassifier(
        num_features=28,
        num_steps=28,
        num_classes=10,
        bidirectional=False,
        num_layers=2,
        hidden_size=256,
        readout=readout,
    )
    rows = torch.rand(8, 28, 28)
    assert torch.allclose(ours(rows), notebook(rows), atol=1e-6)


def test_final_differs_from_last_only_with_two_directions() -> None:
    rows = torch.randn(2, STEPS, FEATURES)
    for bidirectional, same in ((False, True), (True, False)):
        scores = []
        for readout in ("last", "final"):
            torch.manual_seed(0)
            model = SequenceClassifier(
                num_features=FEATURES,
                num_steps=STEPS,
                num_classes=CLASSES,
                bidirectional=bidirectional,
                readout=readout,
            )
            scores.append(model(rows))
        assert torch.equal(*scores) is same


def test_final_of_two_directions_sees_the_first_row_through_the_backward_one() -> None:
    torch.manual_seed(0)
    model = SequenceClassifier(
        num_features=FEATURES, num_steps=STEPS, num_classes=CLASSES, readout="last"
    )
    rows = torch.randn(1, STEPS, FEATURES, requires_grad=True)
    hidden = model.hidden_size
    states, _ = model.layers[0](rows)
    (gradient,) = torch.autograd.grad(states[0, -1, hidden:].sum(), rows)
    assert gradient[0, :-1].abs().sum() == 0  # `last`: the backward half knows the last row only
    states, _ = model.layers[0](rows)
    (gradient,) = torch.autograd.grad(states[0, 0, hidden:].sum(), rows)
    assert (gradient[0].abs().sum(dim=1) > 0).all()  # `final`: it knows them all


def test_dropout_acts_while_training_only_even_with_one_layer() -> None:
    model = SequenceClassifier(
        num_features=FEATURES, num_steps=STEPS, num_classes=CLASSES, dropout=0.5
    )
    rows = torch.randn(2, STEPS, FEATURES)
    assert not torch.equal(model(rows), model(rows))
    model.eval()
    assert torch.equal(model(rows), model(rows))


@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize(
    ("cell", "precision"),
    [
        *((cell, torch.float32) for cell in CELLS),
        *(("gru", torch.bfloat16), ("rnn", torch.bfloat16)),
        pytest.param("lstm", torch.bfloat16, marks=needs_bfloat16),
    ],
)
def test_the_last_state_is_the_same_without_the_steps_that_nobody_reads(
    cell: str, merge: str, precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = SequenceClassifier(
        num_features=5,
        num_steps=7,
        num_classes=3,
        cell=cell,
        merge=merge,
        num_layers=2,
        hidden_size=8,
        readout="last",
    )
    rows, labels = torch.rand(6, 7, 5), torch.zeros(6, dtype=torch.int64)
    taken: list[bool] = []

    def outcome() -> list[Tensor]:
        """Scores, and the gradient of every weight."""
        model.zero_grad()
        scores = class_scores(model, Batch(rows, None, labels), precision)
        scores.square().sum().backward()
        gradients = [weights.grad for weights in model.parameters()]
        assert all(gradient is not None for gradient in gradients)
        return [
            scores.detach(),
            *(gradient.clone() for gradient in gradients if gradient is not None),
        ]

    def never(_model: SequenceClassifier, _states: Tensor) -> bool:
        taken.append(False)
        return False

    short = outcome()
    monkeypatch.setattr(SequenceClassifier, "_needs_one_backward_step", never)
    whole = outcome()
    assert taken == [False]
    tolerance = 1e-5 if precision == torch.float32 else 3e-2
    for ours, theirs in zip(short, whole, strict=True):
        torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
