"""Every use of PyTorch's undocumented parts, with its reason; works with PyTorch 2.10 to 2.14.

- `torch.lstm`, `torch.gru`, `torch.rnn_tanh`: what `nn.LSTM` and its relatives call. `nn.LSTM`
  runs all steps of both directions or none; to run one direction alone there is no public way.
- `torch.lstm_cell`, `torch.gru_cell`, `torch.rnn_tanh_cell`: what `nn.LSTMCell` and its relatives
  call; the modules would hold weights of their own.
- `RNNBase.all_weights`, `RNNBase.mode`: the weights of each direction, and the kind of cell.
- `torch.cpu._is_avx512_bf16_supported` (in `compute.devices`): before PyTorch 2.11, whose public
  `torch.cpu.get_capabilities` replaces it.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

_FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    mode: (getattr(torch, mode.lower()), getattr(torch, f"{mode.lower()}_cell"))
    for mode in ("LSTM", "GRU", "RNN_TANH")
    if hasattr(torch, f"{mode.lower()}_cell")  # a later PyTorch may have none: all steps are run
}
"""By `RNNBase.mode`: the function of a whole sequence, and that of one step."""


def has_single_step(layer: nn.RNNBase) -> bool:
    """Whether `last_states` can run the layer's cell."""
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
