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
    """Whether `last_states` and `stacked_states` can run the layer's cell."""
    return layer.mode in _FUNCTIONS


def last_states(layer: nn.RNNBase, inputs: Tensor) -> Tensor:
    """Both directions' states at the last step, without the steps that do not affect them.

    The backward direction starts at the last step, so one step of it is enough; its other steps
    change neither the result nor any gradient.

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
    # biases, layers, dropout, training, bidirectional, batch first
    options = (True, 1, 0.0, layer.training, False, True)
    all_steps, one_step = _FUNCTIONS[layer.mode]
    states, *_ = all_steps(inputs, starts, forward, *options)
    start_of_step = (start, start) if is_lstm else start
    step = one_step(inputs[:, -1], start_of_step, *backward)
    return torch.cat((states[:, -1], step[0] if is_lstm else step), dim=-1)


def flatten_stack(layers: Sequence[nn.RNNBase]) -> None:
    """Move the weights of one-directional layers into one piece of memory, as cuDNN expects.

    Without it `stacked_states` copies them at every call. The parameters stay the same objects.
    """
    first = layers[0]
    weights = _weights_of_stack(layers)
    if weights[0].is_cuda and torch.backends.cudnn.is_acceptable(weights[0]):
        mode = get_cudnn_mode(first.mode)
        sizes = (first.input_size, mode, first.hidden_size, 0, len(layers))
        with torch.no_grad():
            torch._cudnn_rnn_flatten_weight(  # pyright: ignore[reportPrivateImportUsage]
                weights, len(first.all_weights[0]), *sizes, True, False
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
