"""A trained network as an ONNX graph, built from its weights operator by operator.

PyTorch's exporters trace a network, and keep the batch size or the number of steps of the example
as constants. Here every axis is what it is declared to be.
"""

import json
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from .. import __version__
from ..building_blocks.readouts import READOUTS
from ..cleaning import one_line
from ..data.normalise import LEAST_DEVIATION
from ..data.spec import DataSpec
from ..errors import OutputError
from ..network.weights import TrainedModel

OPSET, IR_VERSION = 17, 8
"""Of 2022: what also runs in programs that are a few years old."""
_OPERATORS = {"LSTM": "LSTM", "GRU": "GRU", "RNN_TANH": "RNN"}
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN_TANH": (0,)}
"""PyTorch's order of the gates is i f g o and r z n, ONNX's is i o f c and z r h."""


def build(model: TrainedModel) -> onnx.ModelProto:
    """The graph of a network.

    Its inputs are `values` (batch, steps, features), as the data set stores them, and `lengths`
    (batch) where the sequences of the data have different lengths; its outputs are `scores` and
    `probabilities` (batch, classes).
    """
    return _Graph(model).finish()


class _Graph:
    """Collects operators and constants.

    Attributes:
        lengths: The name of the lengths; empty where all sequences have all steps.
    """

    def __init__(self, model: TrainedModel) -> None:
        self._model, self._spec, self._network = model, model.spec, model.network
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._is_fixed = READOUTS[self._network.readout].reads_every_step
        self.lengths = "lengths" if self._spec.has_lengths else ""
        self._mask = ""

    def finish(self) -> onnx.ModelProto:
        """The whole model."""
        if self.lengths:
            self._mask = self._make_mask()
        states = self._op("Transpose", self._normalised(), perm=[1, 0, 2])
        for layer in self._network.recurrent_layers:
            states = self._layer(layer, states)
        states = self._op("Transpose", states, perm=[1, 0, 2])
        classifier = self._network.classifier
        scores = self._op(
            "Gemm",
            self._read(states),
            self._weights(classifier.weight),
            self._weights(classifier.bias),
            transB=1,
            output="scores",
        )
        self._op("Softmax", scores, axis=1, output="probabilities")
        graph = helper.make_graph(
            self._nodes, "bilstm_tui", self._inputs(), self._outputs(), self._constants
        )
        made = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="bilstm-tui",
            producer_version=__version__,
        )
        helper.set_model_props(made, metadata_of(self._model))
        return made

    def _inputs(self) -> list[onnx.ValueInfoProto]:
        steps = self._spec.longest if self._is_fixed else "steps"
        shape = ["batch", steps, self._spec.num_features]
        values = helper.make_tensor_value_info("values", TensorProto.FLOAT, shape)
        if not self.lengths:
            return [values]
        return [values, helper.make_tensor_value_info("lengths", TensorProto.INT64, ["batch"])]

    def _outputs(self) -> list[onnx.ValueInfoProto]:
        shape = ["batch", self._spec.num_classes]
        names = ("scores", "probabilities")
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names]

    def _op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add an operator; returns the name of its output."""
        name = output or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def _constant(self, values: object, kind: type = np.float32) -> str:
        """Add an array; returns its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(values, dtype=kind), name))
        return name

    def _weights(self, tensor: Tensor) -> str:
        return self._constant(tensor.detach().numpy())

    def _make_mask(self) -> str:
        """Which steps belong to a sequence, shape (batch, steps, 1)."""
        axes = [self._constant([axis], np.int64) for axis in (1, 2)]
        shape = self._op("Shape", "values")
        count = self._op("Gather", shape, self._constant(1, np.int64))
        start, step = (self._constant(number, np.int64) for number in (0, 1))
        steps = self._op("Range", start, count, step)
        own = self._op("Less", steps, self._op("Unsqueeze", self.lengths, axes[0]))
        return self._op("Unsqueeze", own, axes[1])

    def _normalised(self) -> str:
        """What the network reads, as `data.normalise` computes it."""
        scaled = self._spec.normalisation
        values = "values"
        if scaled.divisor != 1:
            values = self._op("Div", values, self._constant(scaled.divisor))
        if scaled.means:
            values = self._op("Sub", values, self._constant(scaled.means))
            values = self._op("Div", values, self._constant(scaled.deviations))
        return self._standardised(values) if scaled.per_sequence else values

    def _standardised(self, values: str) -> str:
        first = self._op("Gather", values, self._constant([0], np.int64), axis=1)
        values = self._op("Sub", values, first)
        centred = self._op("Sub", values, self._mean_over_steps(values, keepdims=1))
        variance = self._mean_over_steps(self._op("Mul", centred, centred), keepdims=1)
        deviation = self._op("Sqrt", variance)
        varies = self._op("Greater", deviation, self._constant(LEAST_DEVIATION))
        return self._op("Div", centred, self._op("Where", varies, deviation, self._constant(1.0)))

    def _mean_over_steps(self, values: str, keepdims: int = 0) -> str:
        if not self.lengths:
            return self._op("ReduceMean", values, axes=[1], keepdims=keepdims)
        own = self._op("Where", self._mask, values, self._constant(0.0))
        axis = self._constant([1], np.int64)
        total = self._op("ReduceSum", own, axis, keepdims=keepdims)
        count = self._op("Cast", self.lengths, to=TensorProto.FLOAT)
        axes = self._constant([1, 2][: 1 + keepdims], np.int64)
        return self._op("Div", total, self._op("Unsqueeze", count, axes))

    def _layer(self, layer: nn.RNNBase, inputs: str) -> str:
        """A recurrent layer: (steps, batch, features) to (steps, batch, directions · units)."""
        weights = [self._constant(array) for array in _arrays_of(layer)]
        lengths = [self._op("Cast", self.lengths, to=TensorProto.INT32)] if self.lengths else []
        options: dict[str, Any] = {"linear_before_reset": 1} if layer.mode == "GRU" else {}
        states = self._op(
            _OPERATORS[layer.mode],
            inputs,
            *weights,
            *lengths,
            hidden_size=layer.hidden_size,
            direction="bidirectional" if layer.bidirectional else "forward",
            **options,
        )  # (steps, directions, batch, units)
        beside = self._op("Transpose", states, perm=[0, 2, 1, 3])
        width = (2 if layer.bidirectional else 1) * layer.hidden_size
        return self._op("Reshape", beside, self._constant([0, 0, width], np.int64))

    def _read(self, states: str) -> str:
        """Merge and readout, in the order in which `SequenceClassifier` applies them."""
        readout = self._network.readout
        if self._network.bidirectional and READOUTS[readout].is_per_direction:
            forward, backward = self._halves(states)
            return self._merged(self._last(forward), self._at(backward, 0))
        if self._network.bidirectional and self._network.merge != "concat":
            states = self._merged(*self._halves(states))
        match readout:
            case "all":
                return self._op("Flatten", states, axis=1)
            case "last" | "final":
                return self._last(states)
            case "mean":
                return self._mean_over_steps(states)
            case "max":
                if self.lengths:
                    states = self._op("Where", self._mask, states, self._constant(-np.inf))
                return self._op("ReduceMax", states, axes=[1], keepdims=0)
        raise OutputError(f"The readout {readout} cannot be exported to ONNX.")

    def _halves(self, states: str) -> tuple[str, str]:
        size = self._network.hidden_size
        axis = self._constant([2], np.int64)
        first, second = (
            self._op(
                "Slice",
                states,
                self._constant([start], np.int64),
                self._constant([start + size], np.int64),
                axis,
            )
            for start in (0, size)
        )
        return first, second

    def _merged(self, forward: str, backward: str) -> str:
        match self._network.merge:
            case "concat":
                return self._op("Concat", forward, backward, axis=-1)
            case "sum":
                return self._op("Add", forward, backward)
            case "mean":
                return self._op("Div", self._op("Add", forward, backward), self._constant(2.0))
            case "max":
                return self._op("Max", forward, backward)
            case "product":
                return self._op("Mul", forward, backward)
        raise OutputError(f"The merge {self._network.merge} cannot be exported to ONNX.")

    def _at(self, states: str, step: int) -> str:
        """All sequences' states at a step; -1 is the last."""
        return self._op("Gather", states, self._constant(step, np.int64), axis=1)

    def _last(self, states: str) -> str:
        """Each sequence's state at its own last step."""
        if not self.lengths:
            return self._at(states, -1)
        last = self._op("Sub", self.lengths, self._constant(1, np.int64))
        index = self._op("Unsqueeze", last, self._constant([1], np.int64))
        return self._op("GatherND", states, index, batch_dims=1)


def _arrays_of(layer: nn.RNNBase) -> list[NDArray[np.float32]]:
    """Weights of the input, of the state, and biases of both; their first axis is directions."""
    gates = _GATES[layer.mode]

    def in_order(weights: Tensor) -> NDArray[np.float32]:
        by_gate = np.split(weights.detach().numpy(), len(gates))
        return np.concatenate([by_gate[gate] for gate in gates])

    directions = [[*map(in_order, weights)] for weights in layer.all_weights]
    return [
        np.stack([of_input for of_input, *_ in directions]),
        np.stack([of_state for _, of_state, *_ in directions]),
        np.stack([np.concatenate(biases) for _, _, *biases in directions]),
    ]


def metadata_of(model: TrainedModel) -> dict[str, str]:
    """What is written beside the graph: text, in JSON where it is a list."""
    spec, config = model.spec, model.config
    return {
        "classes": json.dumps([one_line(name) for name in spec.classes]),
        "features": json.dumps([one_line(name) for name in spec.feature_names]),
        "dataset": one_line(spec.title),
        "values": _values_in_words(spec),
        "network": f"{config.cell}, readout {config.readout}",
    }


def _values_in_words(spec: DataSpec) -> str:
    ends = "; lengths are the steps of each, the rest is padding" if spec.has_lengths else ""
    scale = f", from 0 to {spec.normalisation.divisor:g}" if spec.kind == "images" else ""
    shape = f"(batch, {spec.steps}, {spec.num_features})"
    return f"{shape} as the data set stores them{scale}{ends}"
