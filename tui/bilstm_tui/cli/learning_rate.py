"""`lr-find`: which learning rate to take, in lines."""

import sys

from rich.text import Text

from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import TrainingError
from bilstm_core.network.summary import title
from bilstm_core.training.learning_rate_curve import LearningRateCurve

from ..text.console import make_console

_BAR_WIDTH = 40
_EVERY = 5


def show_learning_rates(config: RunConfig, curve: LearningRateCurve, *, as_json: bool) -> int:
    """Print the curve and the suggestion; the result is the exit code.

    Raises:
        TrainingError: The loss fell at none of the rates.
    """
    if as_json:
        sys.stdout.write(curve.model_dump_json() + "\n")
        return 0
    console = make_console()
    console.print(f"{title(config)} on {config.dataset}: the loss while the learning rate rises")
    lowest, highest = min(curve.shown), max(curve.shown)
    points = list(zip(curve.rates, curve.losses, curve.shown, strict=True))
    for rate, loss, shown in points[::_EVERY]:
        bar = "█" * round(_BAR_WIDTH * (shown - lowest) / ((highest - lowest) or 1))
        console.print(Text(f"{rate:9.2g}  {loss:8.4f}  {bar}"), soft_wrap=True)
    if curve.suggestion is None:
        raise TrainingError(
            "The loss fell at none of the learning rates.",
            "Look at the data and the other settings; --seed 1 tries another start.",
            title="No learning rate found",
        )
    console.print(f"learning_rate = {curve.suggestion:.2g}")
    return 0
