"""`bilstm-tui predict RUN IMAGE…`: what a trained network says of image files."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bilstm_core.runs.run import Run

from ..text.console import make_console, sanitize

_BAR_WIDTH = 30


def show_predictions(run: Run, images: Sequence[Path], *, as_json: bool) -> int:
    """Classify each image and print the probability of each class.

    Raises:
        BilstmError: The run has no model, or a file is no image.
    """
    from bilstm_core.inference.predict import predict  # imports torch: seconds
    from bilstm_core.network.weights import load

    model = load(run.model_file)
    console = make_console()
    for image, prediction in zip(images, predict(model, images), strict=True):
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
