"""`bilstm-tui predict RUN IMAGE…`: classifies image files with a trained network."""

import sys
from json import dumps
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.errors import UsageError
from bilstm_core.runs.store import find_run

from ..text.console import make_console, sanitize
from .options import RunName, RunsDir, switch

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
    model_file = find_run(paths.runs_dir(runs_dir), run).model_file
    from bilstm_core.inference.predict import predict as classify  # imports torch: seconds
    from bilstm_core.network.weights import load

    console = make_console()
    model = load(model_file)
    for image in images:
        (prediction,) = classify(model, image)
        if json:
            content = {
                "image": str(image),
                "prediction": prediction.best,
                "probabilities": prediction.probabilities,
                "scaling": prediction.scaling,
            }
            sys.stdout.write(dumps(content) + "\n")
            continue
        console.print(sanitize(f"{image}: {prediction.best}"), soft_wrap=True)
        console.print(sanitize(f"  {prediction.scaling}"), soft_wrap=True)
        width = max(map(len, prediction.probabilities))
        for name, share in prediction.probabilities.items():
            bar = "█" * round(share * _BAR_WIDTH)
            console.print(sanitize(f"  {name:<{width}} {share:7.2%} {bar}"), soft_wrap=True)
    return 0
