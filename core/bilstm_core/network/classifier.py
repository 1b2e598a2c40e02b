"""The network: a recurrent stack over a sequence, a merge, a readout, a linear classifier."""

from collections.abc import Callable, Sequence
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from ..building_blocks.cells import CELLS
from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..config.schema import CellName, MergeName, ReadoutName, RunConfig
from ..data.spec import DataSpec
from .torch_internals import (
    flatten_directions,
    flatten_stack,
    has_functions,
    last_states,
    reversal_of,
    stacked_states,
    states_within_lengths,
)


class SequenceClassifier(nn.Module):
    """Classifies sequences: recurrent layers, merge of the directions, readout, linear layer.

    Layers are stacked as in `nn.LSTM`: each reads the concatenated directions of the one below,
    and the same seed gives the same weights. Dropout follows every layer, also before the
    classifier, so that it acts in a one-layer network too. `merge` combines the two directions
    of the top layer; `building_blocks` says what each merge and each readout computes.

    In a BiLSTM the backward direction starts at step T. With the readout `last` (the notebook's
    `out[:, -1, :]`) its half of h_T has therefore read that one step only; with `final` each
    direction is read where it has read every step. For one direction the two are the same.

    Args:
        num_features: Features per step.
        num_steps: Steps T; only a readout of every step depends on it.
        hidden_size: Units per layer and direction.
        merge: Unused with one direction.
        has_lengths: Whether sequences of different lengths are read, each within its own length:
            padding at its end changes nothing.

    Shape:
        Input (N, T, num_features), output (N, num_classes): unnormalised class scores.
    """

    def __init__(
        self,
        *,
        num_features: int,
        num_steps: int,
        num_classes: int,
        cell: CellName = "lstm",
        bidirectional: bool = True,
        num_layers: int = 1,
        hidden_size: int = 128,
        merge: MergeName = "concat",
        readout: ReadoutName = "max",
        dropout: float = 0.0,
        has_lengths: bool = False,
    ) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
        self.merge = merge
        self.readout = readout
        self.has_lengths = has_lengths
        stacked_size = hidden_size * (2 if bidirectional else 1)
        layer = getattr(nn, CELLS[cell].module)
        self.layers = nn.ModuleList(
            layer(
                num_features if number == 0 else stacked_size,
                hidden_size,
                batch_first=True,
                bidirectional=bidirectional,
            )
            for number in range(num_layers)
        )
        self.dropout = nn.Dropout(dropout)
        merged_size = hidden_size * (MERGES[merge].width if bidirectional else 1)
        states_read = num_steps if READOUTS[readout].reads_every_step else 1
        self.classifier = nn.Linear(merged_size * states_read, num_classes)

    @classmethod
    def from_config(cls, config: RunConfig, spec: DataSpec) -> Self:
        """The network that a configuration describes for some data, with new weights."""
        return cls(
            num_features=spec.num_features,
            num_steps=spec.longest,
            num_classes=spec.num_classes,
            cell=config.cell,
            bidirectional=config.bidirectional,
            num_layers=config.num_layers,
            hidden_size=config.hidden_size,
            merge=config.merge,
            readout=config.readout,
            dropout=config.dropout,
            has_lengths=spec.has_lengths,
        )

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Self:
        """Move or convert the weights; they are contiguous afterwards."""
        result = super()._apply(fn, recurse)
        self.flatten_parameters()
        return result

    def flatten_parameters(self) -> None:
        """Make the weights contiguous on a GPU, as cuDNN expects; needed after `deepcopy`."""
        if self._is_one_stack:
            flatten_stack(self.recurrent_layers)
        elif self.has_lengths:
            for layer in self.recurrent_layers:
                flatten_directions(layer)
        else:
            for layer in self.recurrent_layers:
                layer.flatten_parameters()

    @property
    def recurrent_layers(self) -> Sequence[nn.RNNBase]:
        """The layers, lowest first."""
        return cast(Sequence[nn.RNNBase], self.layers)

    @property
    def _is_one_stack(self) -> bool:
        """Whether cuDNN runs all layers in one call: up to 1.5 times as fast on an H100."""
        return (
            len(self.layers) > 1
            and not self.bidirectional  # no gain was measured there
            and self.dropout.p == 0  # cuDNN's own masks would not change in a CUDA graph
            and next(self.parameters()).is_cuda
            and torch.version.cuda is not None
            and has_functions(self.recurrent_layers[0])
        )

    def forward(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        *,
        states_of: "LayerStates | None" = None,
        drop: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Class scores (N, num_classes) of sequences (N, T, num_features).

        Args:
            inputs: The sequences, padded at their ends.
            lengths: Steps of each, shape (N,); None where all have T steps.
            states_of: Computes `layer_states` in another way; for layers of two directions.
            drop: Dropout in another way than by `nn.Dropout`, after each layer.
        """
        if self._is_one_stack:
            states = stacked_states(self.recurrent_layers, inputs)
            return self.classifier(self._read(states, lengths))
        states_of, drop = states_of or layer_states, drop or self.dropout
        states = inputs
        *lower, top = self.recurrent_layers
        reversal = None if lengths is None else reversal_of(lengths, inputs.shape[1])
        for layer in lower:
            states = drop(states_of(layer, states, reversal))
        if self._needs_one_backward_step(states):
            last = last_states(top, states, lengths)
            return self.classifier(self._merge(drop(last)))
        states = drop(states_of(top, states, reversal))
        return self.classifier(self._read(states, lengths))

    def _needs_one_backward_step(self, states: Tensor) -> bool:
        """Whether the result depends on one backward step of the top layer only.

        On a GPU both directions run at once, and cuDNN is faster with all of them.
        """
        return (
            self.bidirectional
            and self.readout == "last"
            and states.device.type == "cpu"
            and has_functions(self.recurrent_layers[-1])
        )

    def _read(self, states: Tensor, lengths: Tensor | None) -> Tensor:
        """Merge and readout of the top layer's states (N, T, directions × hidden_size)."""
        readout = READOUTS[self.readout]
        if self.bidirectional and readout.is_per_direction:
            forward, backward = states.split(self.hidden_size, dim=-1)
            return MERGES[self.merge].combine(
                readout.read(forward, False, lengths), readout.read(backward, True, lengths)
            )
        return readout.read(self._merge(states), False, lengths)

    def _merge(self, states: Tensor) -> Tensor:
        if not self.bidirectional or self.merge == "concat":
            return states  # PyTorch's own layout is the concatenation
        return MERGES[self.merge].combine(*states.split(self.hidden_size, dim=-1))


def layer_states(layer: nn.RNNBase, inputs: Tensor, reversal: Tensor | None) -> Tensor:
    """A layer's states (N, T, directions · hidden_size) of inputs (N, T, features).

    `reversal` is that of `reversal_of`, or None where all sequences have T steps.
    """
    if reversal is not None:
        return states_within_lengths(layer, inputs, reversal)
    states, _ = layer(inputs)
    return states


LayerStates = Callable[[nn.RNNBase, Tensor, Tensor | None], Tensor]
"""What computes what `layer_states` does."""
