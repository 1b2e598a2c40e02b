"""Explains how a network reads one test sequence: states, merge, readout, predictions by step."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..config.schema import RunConfig
from ..data.batches import make_batch
from ..data.dataset import Dataset, Sequences
from ..data.normalise import brightness
from ..data.reduction import brightest, extremes, pieces
from ..data.sources import registry
from ..data.sources.file_state import settings_of_data
from ..data.sources.tensors import as_dataset
from ..data.spec import DataSpec
from ..errors import CheckpointError, DataError
from ..files import modified_at
from ..network.classifier import SequenceClassifier
from ..network.weights import TrainedModel, load
from ..runs.run import Run
from .directions import probabilities, scores_of_both, scores_of_one, top_states
from .examine import require_same_shape
from .explanation import (
    FULL,
    MOST_CLASSES,
    MOST_FEATURES,
    MOST_PIECES,
    MOST_UNITS,
    Explanation,
    Prediction,
    States,
)

_MAY_DIFFER = ("merge", "readout")
"""Settings of which other values may fit the weights of a run."""
_BYTE = 255


class Explainer:
    """Explains networks; keeps the data and the model that it read last.

    Args:
        data_dir: Folder of the data sets; nothing is downloaded.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._data: tuple[object, Dataset] | None = None
        self._model: tuple[object, TrainedModel] | None = None

    def explain(
        self,
        config: RunConfig | None,
        run: Run | None,
        index: int,
        used: str = "",
        known: Mapping[int, Tensor] = MappingProxyType({}),
    ) -> Explanation:
        """Explain a network on a test sequence.

        The weights are those of the run where they fit, and new ones otherwise: those with which
        training would start.

        Args:
            config: The network and its data; None for those of the run.
            run: The run whose weights are wanted; None for new ones.
            index: Position of the sequence in the test data; counted from 0 again after the last.
            used: The precision that the run computed in; see `TrainedModel.precision`.
            known: What the run's network has predicted; see `Examination.shares`.

        Raises:
            CheckpointError: The run has no model, and no configuration is given.
            DataError: The data are not there, have no test part, or do not fit the run's model.
        """
        trained = self._trained(run, is_needed=config is None) if run else None
        assert config or trained  # noqa: S101 - which the question says
        wanted = config or (trained.config if trained else RunConfig())
        data = self.data_of(wanted)
        if not len(data.test):
            raise DataError(
                "The data have no test part, of which a sequence could be shown.",
                "Set test_fraction above 0.",
                title="No test data",
            )
        if config is None and trained:
            require_same_shape(trained.spec, data.spec)
        model = _with_weights_of(trained, wanted, data.spec) if trained else None
        is_new = model is None
        model = model or new_model(wanted, data.spec)
        changed = {
            name: str(getattr(trained.config, name))
            for name in _MAY_DIFFER
            if trained and not is_new and getattr(trained.config, name) != getattr(wanted, name)
        }
        index %= len(data.test)
        sequence = data.test[torch.tensor([index])]
        answer = explain_sequence(model, sequence, "" if is_new else used, known.get(index))
        return answer.model_copy(
            update={
                "weights": "new" if is_new else "run",
                "changed": changed,
                "index": index,
                "count": len(data.test),
                "id": data.test_ids[index] if data.test_ids else "",
            }
        )

    def data_of(self, config: RunConfig) -> Dataset:
        """The data of a configuration, if they are there.

        Raises:
            DataError: They are not, or cannot be read.
        """
        key = (*settings_of_data(config), config.normalize, config.seed)
        if not self._data or self._data[0] != key:
            self._data = None  # two large sets need not fit into memory
            found = as_dataset(registry.read_present(config, self._data_dir))
            self._data = key, found.normalised(config.normalize)
        return self._data[1]

    def _trained(self, run: Run, *, is_needed: bool) -> TrainedModel | None:
        key = (run.path, modified_at(run.model_file))
        if not self._model or self._model[0] != key:
            try:
                self._model = key, load(run.model_file)
            except CheckpointError:
                if is_needed:
                    raise
                return None
        return self._model[1]


def new_model(config: RunConfig, spec: DataSpec) -> TrainedModel:
    """A network with the weights with which its training would start."""
    torch.manual_seed(config.seed)
    network = SequenceClassifier.from_config(config, spec)
    model = TrainedModel(network, config, spec)
    model.config = config.model_copy(update={"precision": "float32"})
    return model


def _with_weights_of(
    trained: TrainedModel, config: RunConfig, found: DataSpec
) -> TrainedModel | None:
    """The network of a configuration with the weights of a run; None if they do not fit."""
    spec = trained.spec
    try:
        require_same_shape(spec, found)
    except DataError:
        return None
    if config.cell != trained.config.cell or spec.name != found.name:
        return None
    network = SequenceClassifier.from_config(config, spec)
    try:
        network.load_state_dict(trained.network.state_dict())
    except RuntimeError:  # other shapes
        return None
    return TrainedModel(network, config, spec, trained.step)


def explain_sequence(
    model: TrainedModel, sequence: Sequences, used: str = "", known: Tensor | None = None
) -> Explanation:
    """Explain a network on one stored sequence, its position and what it is called left open.

    `known` are the probabilities of all classes, if they have been computed.
    """
    network, spec, config = model.network, model.spec, model.config
    inputs = make_batch(sequence, spec).inputs[0]
    actual = int(sequence.labels[0])
    times = pieces(len(inputs), MOST_PIECES)
    is_bfloat16 = model.precision(used) == torch.bfloat16
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=is_bfloat16):
        forward, backward = top_states(network, inputs)
        alone = [scores_of_one(network, forward[:end], 0) for _, end in times]
        whole = probabilities([network(inputs[None])[0]]) if known is None else known[None]
        shares = {"prediction": whole}
        shares["forward_alone"] = probabilities(alone)
        if network.bidirectional:
            back = [start for start, _ in reversed(times)]
            shares["backward_alone"] = probabilities(
                [scores_of_one(network, backward[at:], at, is_backward=True) for at in back]
            )
            shares["together"] = probabilities(
                [
                    scores_of_both(network, forward, backward, end, start)
                    for (_, end), start in zip(times, back, strict=True)
                ]
            )
        shares["together" if network.bidirectional else "forward_alone"][-1] = whole
        own, other, merged = _strips(network, forward.float(), backward.float(), times)
    low, high = drawn_inputs(sequence, spec)
    names, found = in_words({key: it.float() for key, it in shares.items()}, actual, spec.classes)
    return Explanation(
        config=config,
        weights="new",
        data=spec.title,
        kind=spec.kind,
        has_lengths=spec.has_lengths,
        index=0,
        count=1,
        classes=names,
        num_classes=spec.num_classes,
        actual=0,
        num_steps=len(inputs),
        ends=[end for _, end in times],
        num_features=spec.num_features,
        feature_names=[*spec.feature_names[: len(high)]],
        inputs=high,
        lowest=low if low != high and spec.kind != "images" else [],
        forward=own,
        backward=other,
        merged=merged,
        forward_alone=found["forward_alone"],
        backward_alone=found.get("backward_alone", []),
        together=found.get("together", []),
        prediction=found["prediction"][0],
    )


def in_words(
    shares: dict[str, Tensor], actual: int, classes: tuple[str, ...]
) -> tuple[list[str], dict[str, list[Prediction]]]:
    """Probabilities (rows, classes) as predictions, and the names that they need.

    The first of the names is that of the right class.
    """
    most = min(MOST_CLASSES, len(classes))
    best = {key: rows.topk(most, dim=1) for key, rows in shares.items()}
    used = [actual, *(number for top in best.values() for number in top.indices.unique().tolist())]
    positions = {number: place for place, number in enumerate(dict.fromkeys(used))}
    predictions = {
        key: [
            Prediction(
                classes=[positions[number] for number in numbers],
                probabilities=values,
                of_actual=float(row[actual]),
            )
            for numbers, values, row in zip(
                best[key].indices.tolist(), best[key].values.tolist(), rows, strict=True
            )
        ]
        for key, rows in shares.items()
    }
    return [classes[number] for number in positions], predictions


def drawn_inputs(sequence: Sequences, spec: DataSpec) -> tuple[list[list[int]], list[list[int]]]:
    """A stored sequence for drawing: a row for each feature, a byte for each piece of the time.

    Returns:
        The lowest and the highest value of each piece.
    """
    values = sequence.padded()[0].float()
    if spec.kind == "images":
        values = brightest(brightness(values, spec.normalisation), MOST_FEATURES)
    else:
        values = values[:, :MOST_FEATURES]
        low, high = values.amin(dim=0), values.amax(dim=0)
        values = (values - low) / (high - low).clamp_min(1e-12)
    lowest, highest = extremes(values, MOST_PIECES)
    return _rows(lowest), _rows(highest)


def _rows(values: Tensor) -> list[list[int]]:
    rows = (values.clamp(0, 1) * _BYTE).round().int().T.tolist()
    return [[int(value) for value in row] for row in rows]


def _strips(
    network: SequenceClassifier, forward: Tensor, backward: Tensor, times: list[tuple[int, int]]
) -> tuple[States, States | None, States | None]:
    """The states of each direction and, where they are read after it, those of the merge."""
    readout, merge = READOUTS[network.readout], MERGES[network.merge]
    if not network.bidirectional:
        return _states(network, forward, times), None, None
    if merge.width > 1 or readout.is_per_direction:
        other = _states(network, backward, times, is_backward=True)
        return _states(network, forward, times), other, None
    merged = merge.combine(forward, backward)
    order = _order(merged)  # the same units everywhere: a row of the merge is made of two above
    own = _states(network, forward, times, is_read=False, order=order)
    other = _states(network, backward, times, is_backward=True, is_read=False, order=order)
    return own, other, _states(network, merged, times, order=order)


def _order(states: Tensor) -> Tensor:
    """Units in the order of the steps at which they are highest."""
    return states.argmax(dim=0).argsort(stable=True)


def _states(
    network: SequenceClassifier,
    states: Tensor,
    times: list[tuple[int, int]],
    *,
    is_backward: bool = False,
    is_read: bool = True,
    order: Tensor | None = None,
) -> States:
    order = _order(states) if order is None else order
    groups = pieces(len(order), MOST_UNITS)
    units = order[[(start + end) // 2 for start, end in groups]]
    piece_of = torch.empty(len(states), dtype=torch.long)
    for number, (start, end) in enumerate(times):
        piece_of[start:end] = number
    columns = torch.tensor([start if is_backward else end - 1 for start, end in times])
    scale = float(states.abs().amax()) or 1.0
    made = States(
        units=units.tolist(),
        values=_bytes(states[columns][:, units].T, scale).tolist(),
        scale=scale,
        peaks=piece_of[states[:, units].argmax(dim=0)].tolist(),
    )
    if not is_read:
        return made
    readout = READOUTS[network.readout]
    shares = torch.zeros(len(times)).index_add(
        0, piece_of, _shares(network.readout, states, is_backward=is_backward)
    )
    made.shares = shares.tolist()
    if not readout.reads_every_step:
        read = readout.read(states[None], is_backward, None)[0]
        made.read = _bytes(read[units], scale).tolist()
    return made


def _shares(readout: str, states: Tensor, *, is_backward: bool) -> Tensor:
    """Which part of what a readout returns comes from each step: where it changes with the step.

    That is measured, not looked up by name: the gradient of the readout says what it reads.
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        inputs = states.clone().requires_grad_()
        read = READOUTS[readout].read(inputs[None], is_backward, None)
        (gradient,) = torch.autograd.grad(read.sum(), inputs)
    weights = gradient.abs().sum(dim=1)
    return weights / weights.sum()


def _bytes(values: Tensor, scale: float) -> Tensor:
    return (values / scale * FULL).round().clamp(-FULL, FULL).int()
