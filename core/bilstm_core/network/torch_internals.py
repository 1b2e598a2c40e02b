"""Every use of PyTorch's undocumented parts, with its reason; works with PyTorch 2.10 to 2.14.

- `torch.lstm`, `torch.gru`, `torch.rnn_tanh`: what `nn.LSTM` and its relatives call. `nn.LSTM`
  runs all steps of both directions or none; to run one direction alone there is no public way.
- `torch.lstm_cell`, `torch.gru_cell`, `torch.rnn_tanh_cell`: what `nn.LSTMCell` and its relatives
  call; the modules would hold weights of their own.
- `RNNBase.all_weights`, `RNNBase.mode`: the weights of each direction, and the kind of cell.
- `torch._cudnn_rnn_flatten_weight`, `get_cudnn_mode`: what `nn.LSTM.flatten_parameters` calls; the
  public method knows the weights of one module only.
- `nn.Module._apply`, which moves a module: overridden, as `nn.LSTM` does, to flatten them again.
- `torch.cpu._is_avx512_bf16_supported` (in `compute.devices`): before PyTorch 2.11, whose public
  `torch.cpu.get_capabilities` replaces it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.backends.cudnn.rnn import get_cudnn_mode

_FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    mode: (getattr(torch, mode.lower()), getattr(torch, f"{mode.lower()}_cell"))
    for mode in ("LSTM", "GRU", "RNN_TANH")
    if hasattr(torch, f"{mode.lower()}_cell")  # a later PyTorch may have none: all steps are run
}
"""By `RNNBase.mode`: the function of a whole sequence, and that of one step."""


def has_functions(layer: nn.RNNBase) -> bool:
    """Whether the functions below can run the layer's cell."""
    return layer.mode in _FUNCTIONS


def last_states(layer: nn.RNNBase, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Both directions' states at the last step, without the steps that do not affect them.

    The backward direction starts at the last step, so one step of it is enough; its other steps
    change neither the result nor any gradient.

    Args:
        layer: A bidirectional layer.
        inputs: Shape (N, T, features).
        lengths: Steps of each sequence, shape (N,); None where all have T.

    Returns:
        Shape (N, 2 · hidden_size), the forward direction first.
    """
    forward, backward = layer.all_weights
    start = inputs.new_zeros(len(inputs), layer.hidden_size)
    states = _one_direction(layer, inputs, forward)
    start_of_step = (start, start) if layer.mode == "LSTM" else start
    _, one_step = _FUNCTIONS[layer.mode]
    if lengths is None:
        last_input, last_state = inputs[:, -1], states[:, -1]
    else:
        rows = torch.arange(len(inputs), device=inputs.device)
        last_input, last_state = inputs[rows, lengths - 1], states[rows, lengths - 1]
    step = one_step(last_input, start_of_step, *backward)
    return torch.cat((last_state, step[0] if layer.mode == "LSTM" else step), dim=-1)


def states_within_lengths(layer: nn.RNNBase, inputs: Tensor, reversal: Tensor) -> Tensor:
    """A layer's states where each sequence is read within its own length.

    The forward direction meets the padding last, so it needs no mask. The backward direction reads
    each sequence reversed within its length. Both use the kernels of whole sequences. After a
    sequence's end the states mean nothing.

    Args:
        layer: A layer of one or two directions.
        inputs: Shape (N, T, features).
        reversal: Shape (N, T): the step that stands at each step of the reversed sequence.

    Returns:
        Shape (N, T, directions · hidden_size), the forward direction first.
    """
    directions = [
        states_of_direction(layer, inputs, weights, is_backward=number == 1, reversal=reversal)
        for number, weights in enumerate(layer.all_weights)
    ]
    return directions[0] if len(directions) == 1 else torch.cat(directions, dim=-1)


def states_of_direction(
    layer: nn.RNNBase,
    inputs: Tensor,
    weights: Sequence[Tensor],
    *,
    is_backward: bool,
    reversal: Tensor | None,
) -> Tensor:
    """States (N, T, hidden_size) of one direction of a layer, with given weights.

    The backward direction reads the sequences reversed, and its states are reversed again: within
    each sequence's length by `reversal`, or as a whole where that is None.
    """
    if not is_backward:
        return _one_direction(layer, inputs, weights)
    states = _one_direction(layer, _reversed(inputs, reversal), weights)
    return _reversed(states, reversal)


def _reversed(values: Tensor, reversal: Tensor | None) -> Tensor:
    return values.flip(1) if reversal is None else _gather(values, reversal)


def reversal_of(lengths: Tensor, num_steps: int) -> Tensor:
    """For each step of the sequences reversed within their lengths, the step that stands there.

    Shape (N, num_steps); padding stays where it is. It is its own inverse.
    """
    steps = torch.arange(num_steps, device=lengths.device).expand(len(lengths), -1)
    return torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)


def _gather(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index[:, :, None].expand(-1, -1, values.shape[-1]))


def _one_direction(layer: nn.RNNBase, inputs: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """States (N, T, hidden_size) of a layer with the weights of one of its directions."""
    start = inputs.new_zeros(1, len(inputs), layer.hidden_size)
    starts = (start, start) if layer.mode == "LSTM" else start
    all_steps, _ = _FUNCTIONS[layer.mode]
    # biases, layers, dropout, training, bidirectional, batch first
    states, *_ = all_steps(inputs, starts, weights, True, 1, 0.0, layer.training, False, True)
    return states


def flatten_stack(layers: Sequence[nn.RNNBase]) -> None:
    """Move the weights of one-directional layers into one piece of memory, as cuDNN expects.

    Without it `stacked_states` copies them at every call. The parameters stay the same objects.
    """
    _flatten(layers[0], layers[0].input_size, _weights_of_stack(layers), len(layers))


def flatten_directions(layer: nn.RNNBase) -> None:
    """The same for each direction of a layer, which `states_within_lengths` runs by itself."""
    for weights in layer.all_weights:
        _flatten(layer, layer.input_size, weights, 1)


def _flatten(
    layer: nn.RNNBase, num_features: int, weights: Sequence[Tensor], num_layers: int
) -> None:
    if weights[0].is_cuda and torch.backends.cudnn.is_acceptable(weights[0]):
        sizes = (num_features, get_cudnn_mode(layer.mode), layer.hidden_size, 0, num_layers)
        with torch.no_grad():
            torch._cudnn_rnn_flatten_weight(  # pyright: ignore[reportPrivateImportUsage]
                list(weights), len(layer.all_weights[0]), *sizes, True, False
            )


def stacked_states(layers: Sequence[nn.RNNBase], inputs: Tensor) -> Tensor:
    """The top layer's states after all layers of one direction, in a single call.

    cuDNN runs a layer's step beside the next step of the layer below, where separate calls run
    one layer after the other.

    Args:
        layers: One-directional layers, with nothing between them.
        inputs: Shape (N, T, features).

    Returns:
        Shape (N, T, hidden_size).
    """
    first = layers[0]
    start = inputs.new_zeros(len(layers), len(inputs), first.hidden_size)
    starts = (start, start) if first.mode == "LSTM" else start
    all_steps, _ = _FUNCTIONS[first.mode]
    # biases, layers, dropout, training, bidirectional, batch first
    options = (True, len(layers), 0.0, first.training, False, True)
    states, *_ = all_steps(inputs, starts, _weights_of_stack(layers), *options)
    return states


def _weights_of_stack(layers: Sequence[nn.RNNBase]) -> list[Tensor]:
    return [weight for layer in layers for weight in layer.all_weights[0]]
