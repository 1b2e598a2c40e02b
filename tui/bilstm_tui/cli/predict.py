"""`bilstm-tui predict RUN IMAGE…`: classifies image files with a trained network."""

import sys
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.errors import ImageError, UsageError
from bilstm_core.runs.store import find_run

from ..text.console import make_console, sanitize, show_failure
from .options import RunName, RunsDir, switch

if TYPE_CHECKING:
    from bilstm_core.inference.predict import Prediction

_BAR_WIDTH = 30


def predict(
    run: RunName,
    /,
    *images: Annotated[Path, Parameter(help="image files, or folders of them", metavar="IMAGE")],
    as_is: Annotated[
        bool, switch("keep each image whole, instead of finding and centring what is drawn in it")
    ] = False,
    json: Annotated[bool, switch("print one JSON object per image")] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Classify image files with a run's trained network."""
    if not images:
        raise UsageError("predict needs a run and the image files to classify.")
    model_file = find_run(paths.runs_dir(runs_dir), run).model_file
    # they import torch: seconds
    from bilstm_core.data.sources.pictures import image_files
    from bilstm_core.inference.predict import predict as classify
    from bilstm_core.network.weights import load

    def files_of(path: Path) -> list[Path]:
        try:
            return image_files(path)
        except ImageError:
            return [path]  # which raises it again below

    model, exit_code = load(model_file), 0
    for file in (file for path in images for file in files_of(path)):
        try:
            (prediction,) = classify(model, file, as_is=as_is)
        except ImageError as error:  # the others are still predicted
            show_failure(error)
            exit_code = error.exit_code
            continue
        _print_json(prediction) if json else _print(prediction)
    return exit_code


def _print_json(prediction: "Prediction") -> None:
    content = {
        "image": prediction.source,
        "prediction": prediction.best,
        "probabilities": prediction.probabilities,
        "scaling": prediction.scaling,
    }
    sys.stdout.write(dumps(content) + "\n")


def _print(prediction: "Prediction") -> None:
    console = make_console()
    lines = [f"{prediction.source}: {prediction.best}", f"  {prediction.scaling}"]
    width = max(map(len, prediction.probabilities))
    for name, share in prediction.probabilities.items():
        lines.append(f"  {name:<{width}} {share:7.2%} {'█' * round(share * _BAR_WIDTH)}")
    for line in lines:
        console.print(sanitize(line), soft_wrap=True)
