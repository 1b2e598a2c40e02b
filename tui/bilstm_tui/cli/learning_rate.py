"""`bilstm-tui lr-find`: finds a learning rate."""

import sys
from typing import TYPE_CHECKING, Annotated

from rich.text import Text

from bilstm_core.compute.openmp import limit_spinning
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import TrainingError

from ..text.console import make_console, show_warning
from .options import ConfigFile, DataDir, Preset, given, switch
from .train import resolve_typed

if TYPE_CHECKING:
    from bilstm_core.training.learning_rate_curve import LearningRateCurve

_BAR_WIDTH = 40
_CUT = "▶"  # instead of the last block of a bar that does not end here
_STEPS_PER_LINE = 5


def lr_find(
    *,
    preset: Preset = None,
    config: ConfigFile = None,
    json: Annotated[bool, switch("print rates, losses and suggestion as JSON")] = False,
    data_dir: DataDir = None,
    **settings: str | bool | None,
) -> int:
    """Find a learning rate: train a hundred steps while it rises, and see where the loss falls."""
    resolved = resolve_typed(given(settings), config, preset)
    limit_spinning()
    from bilstm_core.training.learning_rate_finder import find_learning_rate  # imports torch

    curve = find_learning_rate(resolved, data_dir, show_warning)
    return show_learning_rates(resolved, curve, as_json=json)


def show_learning_rates(config: RunConfig, curve: "LearningRateCurve", *, as_json: bool) -> int:
    """Print the curve and the suggestion; return the exit code.

    Raises:
        TrainingError: No rate is suggested.
    """
    from bilstm_core.data.sources.recognition import title_of
    from bilstm_core.network.summary import title

    if as_json:
        sys.stdout.write(curve.model_dump_json() + "\n")
        return 0
    console = make_console()
    data = title_of(config.dataset)
    console.print(Text(f"{title(config)} on {data}: the loss while the learning rate rises"))
    highest = max(curve.clipped_losses, default=0.0)
    points = list(zip(curve.rates, curve.losses, curve.clipped_losses, strict=True))
    for rate, loss, clipped in points[::_STEPS_PER_LINE]:
        bar = "█" * round(_BAR_WIDTH * clipped / (highest or 1))
        if loss > clipped:
            bar = bar[:-1] + _CUT
        console.print(Text(f"{rate:9.2g}  {loss:8.4f}  {bar}"), soft_wrap=True)
    if curve.suggestion is None:
        raise TrainingError(
            curve.problem,
            "Look at the data and the other settings; --seed 1 tries another start.",
            title="No learning rate found",
        )
    console.print(f"learning_rate = {curve.suggestion:.2g}")
    return 0
