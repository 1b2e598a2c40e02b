"""`bilstm-tui predict RUN IMAGE…`: classifies image files with a trained network."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.errors import UsageError
from bilstm_core.runs.store import find_run

from ..text.console import make_console, sanitize
from .options import RunName, RunsDir, switch

if TYPE_CHECKING:
    from bilstm_core.runs.run import Run

_BAR_WIDTH = 30


def predict(
    run: RunName,
    /,
    *images: Annotated[Path, Parameter(help="image files", metavar="IMAGE")],
    json: Annotated[bool, switch("print one JSON object per image")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Classify image files with a run's trained network."""
    if not images:
        raise UsageError("predict needs a run and the image files to classify.")
    return show_predictions(find_run(paths.runs_dir(runs_dir), run), images, as_json=json)


def show_predictions(run: "Run", images: Sequence[Path], *, as_json: bool) -> int:
    """Classify each image and print the probability of each class.

    Raises:
        BilstmError: The run has no model, or a file is no image.
    """
    from bilstm_core.inference.predict import predict as classify  # imports torch: seconds
    from bilstm_core.network.weights import load

    model = load(run.model_file)
    console = make_console()
    for image, prediction in zip(images, classify(model, images), strict=True):
        if as_json:
            content = {
                "image": str(image),
                "prediction": prediction.best,
                "probabilities": prediction.probabilities,
                "scaling": prediction.scaling,
            }
            sys.stdout.write(json.dumps(content) + "\n")
            continue
        console.print(sanitize(f"{image}: {prediction.best}"), soft_wrap=True)
        console.print(sanitize(f"  {prediction.scaling}"), soft_wrap=True)
        width = max(map(len, prediction.probabilities))
        for name, share in prediction.probabilities.items():
            bar = "█" * round(share * _BAR_WIDTH)
            console.print(sanitize(f"  {name:<{width}} {share:7.2%} {bar}"), soft_wrap=True)
    return 0
