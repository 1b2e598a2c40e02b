"""Recurrent cells; to add one, add an entry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A kind of recurrent layer.

    Attributes:
        title: As people write it.
        help: What it is, in a line.
        module: Name of its class in `torch.nn`.
        gates: Linear maps of the input and of the state per hidden unit.
    """

    title: str
    help: str
    module: str
    gates: int


CELLS = {
    "lstm": Cell("LSTM", "gates and a cell state; remembers longest, the usual choice", "LSTM", 4),
    "gru": Cell(
        "GRU",
        "gates without a cell state; a quarter fewer parameters, good for small data",
        "GRU",
        3,
    ),
    "rnn": Cell("RNN", "plain tanh recurrence; for short sequences, or as a baseline", "RNN", 1),
}
"""Every cell by its name in the configuration."""
