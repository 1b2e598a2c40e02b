"""What training comes to."""

from dataclasses import dataclass
from typing import Literal

from .. import events
from ..data.spec import Split
from ..network.weights import TrainedModel


@dataclass(frozen=True)
class TrainingResult:
    """What a run came to.

    Attributes:
        model: None where the run was stopped before it had one.
        evaluations: The final evaluation of each split; those that a stop left out are missing.
    """

    model: TrainedModel | None
    evaluations: dict[Split, events.Evaluation]
    ended: Literal["finished", "stopped_early", "stopped"]

    @property
    def accuracy(self) -> dict[Split, float]:
        """The final accuracies, as fractions."""
        return {split: evaluation.accuracy for split, evaluation in self.evaluations.items()}
