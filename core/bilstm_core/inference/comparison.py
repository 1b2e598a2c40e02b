"""Compares two networks on the same test sequences, and finds one that shows the difference."""

import torch

from ..data.batches import in_order
from ..errors import DataError
from ..network.weights import load
from ..runs.run import Run
from ..training.evaluation import class_scores, evaluation_batch_size
from .examine import require_same_shape
from .explain import Explainer, drawn_inputs, in_words
from .explanation import RunComparison

_CPU = torch.device("cpu")


def compare_runs(
    first: Run, second: Run, explainer: Explainer, used: tuple[str, str] = ("", "")
) -> RunComparison:
    """Find what the second run's network classifies correctly and the first one's does not.

    Args:
        first: A run with a model.
        second: A run on the same data.
        explainer: Reads the data.
        used: The precision of each; see `TrainedModel.precision`.

    Raises:
        CheckpointError: A run has no model.
        DataError: The data are not there, or are others than those of a run.
    """
    models = [load(run.model_file) for run in (first, second)]
    data = explainer.data_of(models[0].config)
    if not len(data.test):
        raise DataError("The data have no test part.", title="No test data")
    shares = []
    for model, precision in zip(models, used, strict=True):
        require_same_shape(model.spec, data.spec)
        size = evaluation_batch_size(model.network, _CPU, model.spec.longest)
        with torch.inference_mode():
            scores = [
                class_scores(model.network, batch, model.precision(precision)).softmax(dim=1)
                for batch in in_order(data.test, model.spec, size)
            ]
        shares.append(torch.cat(scores))
    actual = data.test.labels
    right = [share.argmax(dim=1) == actual for share in shares]
    mended, spoiled = right[1] & ~right[0], right[0] & ~right[1]
    before, after = (share.gather(1, actual[:, None])[:, 0] for share in shares)
    gain = after.masked_fill(~mended, -1) if mended.any() else after - before
    index = int(gain.argmax())
    sequence = data.test[torch.tensor([index])]
    names, found = in_words(
        {key: share[index][None] for key, share in zip(("first", "second"), shares, strict=True)},
        int(actual[index]),
        data.spec.classes,
    )
    return RunComparison(
        data=data.spec.title,
        kind=data.spec.kind,
        count=len(actual),
        correct=(int(right[0].sum()), int(right[1].sum())),
        mended=int(mended.sum()),
        spoiled=int(spoiled.sum()),
        index=index,
        is_mended=bool(mended.any()),
        classes=names,
        actual=0,
        inputs=drawn_inputs(sequence, data.spec)[1],
        first=found["first"][0],
        second=found["second"][0],
    )
