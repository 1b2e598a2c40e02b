"""The network: a recurrent stack over an image's rows, a merge, a readout, a classifier."""

from collections.abc import Callable
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from ..config.schema import Cell, Merge, Readout, RunConfig
from ..data.catalog import CATALOG

_CELLS: dict[Cell, Callable[..., nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

_SEQUENCES: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "LSTM": torch.lstm,
    "GRU": torch.gru,
    "RNN_TANH": torch.rnn_tanh,
}
_STEPS: dict[str, Callable[..., Any]] = {
    "LSTM": torch.lstm_cell,
    "GRU": torch.gru_cell,
    "RNN_TANH": torch.rnn_tanh_cell,
}

_MERGES: dict[Merge, Callable[[Tensor, Tensor], Tensor]] = {
    "concat": lambda forward, backward: torch.cat((forward, backward), dim=-1),
    "sum": torch.add,
    "mean": lambda forward, backward: (forward + backward) / 2,
    "max": torch.maximum,
    "product": torch.mul,
}

_READOUTS: dict[Readout, Callable[[Tensor], Tensor]] = {
    "all": lambda states: states.flatten(start_dim=1),
    "last": lambda states: states[:, -1],
    "mean": lambda states: states.mean(dim=1),
    "max": lambda states: states.amax(dim=1),
}


class SequenceClassifier(nn.Module):
    """Classifies sequences: recurrent layers, merge of the directions, readout, linear layer.

    Layers are stacked as in `nn.LSTM`: each reads the concatenated directions of the one below,
    and the same seed gives the same weights. Dropout follows every layer, also before the
    classifier, so that it acts in a one-layer network too. `merge` combines the two directions
    of the top layer.

    Readouts, with T time steps and hidden states h_1 … h_T of the merged top layer:

    - `all`: every h_t, one after another (T times as many inputs to the classifier).
    - `last`: h_T, the notebook's `out[:, -1, :]`. In a BiLSTM the backward direction starts at
      row T, so its half of h_T has seen that one row only.
    - `final`: each direction's own last state: forward at row T, backward at row 1. Both have
      read the whole image. For one direction, `final` and `last` are the same numbers.
    - `mean`, `max`: over the T time steps, unit by unit.

    Args:
        input_size: Features per time step.
        sequence_length: Time steps T; only the `all` readout depends on it.
        num_classes: Classes to tell apart.
        cell: lstm, gru or rnn (tanh).
        bidirectional: Whether a second direction reads the rows from last to first.
        num_layers: Recurrent layers.
        hidden_size: Units per layer and direction.
        merge: How the directions of the top layer combine; unused with one direction.
        readout: What the classifier sees.
        dropout: Chance that an output of a recurrent layer is zeroed while training.

    Shape:
        Input (N, T, input_size), output (N, num_classes): unnormalised class scores.
    """

    def __init__(
        self,
        *,
        input_size: int,
        sequence_length: int,
        num_classes: int,
        cell: Cell = "lstm",
        bidirectional: bool = True,
        num_layers: int = 1,
        hidden_size: int = 128,
        merge: Merge = "concat",
        readout: Readout = "max",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
        self.merge: Merge = merge
        self.readout: Readout = readout
        stacked_size = hidden_size * (2 if bidirectional else 1)
        self.layers = nn.ModuleList(
            _CELLS[cell](
                input_size if number == 0 else stacked_size,
                hidden_size,
                batch_first=True,
                bidirectional=bidirectional,
            )
            for number in range(num_layers)
        )
        self.dropout = nn.Dropout(dropout)
        merged_size = stacked_size if merge == "concat" else hidden_size
        states_read = sequence_length if readout == "all" else 1
        self.classifier = nn.Linear(merged_size * states_read, num_classes)

    @classmethod
    def from_config(cls, config: RunConfig) -> Self:
        """The network that a configuration describes, with fresh weights."""
        facts = CATALOG[config.dataset]
        return cls(
            input_size=facts.input_size,
            sequence_length=facts.sequence_length,
            num_classes=facts.num_classes,
            cell=config.cell,
            bidirectional=config.bidirectional,
            num_layers=config.num_layers,
            hidden_size=config.hidden_size,
            merge=config.merge,
            readout=config.readout,
            dropout=config.dropout,
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Class scores (N, num_classes) of images given as rows (N, T, input_size)."""
        states = rows
        *lower, top = self.layers
        for layer in lower:
            states, _ = layer(states)
            states = self.dropout(states)
        if self._reads_one_backward_step(states):
            last = _last_states(cast(nn.RNNBase, top), states)
            return self.classifier(self._merge(self.dropout(last)))
        states, _ = top(states)
        return self.classifier(self._read(self.dropout(states)))

    def _reads_one_backward_step(self, states: Tensor) -> bool:
        """Whether all but one of the top layer's backward steps would be for nothing.

        On a GPU both directions run at once, and cuDNN is faster with all of them.
        """
        return self.bidirectional and self.readout == "last" and states.device.type == "cpu"

    def _read(self, states: Tensor) -> Tensor:
        """Merge and readout of the top layer's states (N, T, directions × hidden_size)."""
        if self.readout == "final":
            return self._merge_ends(states)
        return _READOUTS[self.readout](self._merge(states))

    def _merge(self, states: Tensor) -> Tensor:
        if not self.bidirectional or self.merge == "concat":
            return states  # PyTorch's own layout is the concatenation
        return _MERGES[self.merge](*states.split(self.hidden_size, dim=-1))

    def _merge_ends(self, states: Tensor) -> Tensor:
        """Each direction where it has read everything: forward at the end, backward at 0."""
        if not self.bidirectional:
            return states[:, -1]
        forward, backward = states.split(self.hidden_size, dim=-1)
        return _MERGES[self.merge](forward[:, -1], backward[:, 0])


def _last_states(layer: nn.RNNBase, inputs: Tensor) -> Tensor:
    """Both directions' states at the last time step, without the steps that nobody reads.

    The backward direction begins there, so it takes one step; its other steps have no part in
    the result, nor in any gradient.

    Args:
        layer: A bidirectional layer.
        inputs: Shape (N, T, features).

    Returns:
        Shape (N, 2 · hidden_size), the forward direction first.
    """
    forward, backward = layer.all_weights
    start = inputs.new_zeros(len(inputs), layer.hidden_size)
    is_lstm = layer.mode == "LSTM"
    starts = (start[None], start[None]) if is_lstm else start[None]
    # biases, layers, dropout, training, directions, batch first
    how = (True, 1, 0.0, layer.training, False, True)
    states, *_ = _SEQUENCES[layer.mode](inputs, starts, forward, *how)
    start_of_step = (start, start) if is_lstm else start
    step = _STEPS[layer.mode](inputs[:, -1], start_of_step, *backward)
    return torch.cat((states[:, -1], step[0] if is_lstm else step), dim=-1)
