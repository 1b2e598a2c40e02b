"""What more than one screen asks of the app."""

from textual.message import Message

from bilstm_core.runs.run import Run


class Inspect(Message):
    """The network of a run is to be looked into, on top of the screen that asks.

    Attributes:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
