"""`bilstm-tui predict RUN FILE…`: classifies sequences in files with a trained network."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.errors import BilstmError, UsageError
from bilstm_core.runs.store import find_run
from bilstm_core.wording import counted

from ..text.console import say, show_failure, show_warning
from .options import RunName, RunsDir, switch
from .output import opened_output

if TYPE_CHECKING:
    from bilstm_core.inference.predict import Prediction
    from bilstm_core.inference.tally import Tally


def predict(
    run: RunName,
    /,
    *files: Annotated[
        Path,
        Parameter(
            help="files of sequences in any format that is trained on, with or without labels; "
            "pictures; or folders of them",
            metavar="FILE",
        ),
    ],
    csv: Annotated[bool, switch("print CSV, one line per sequence")] = False,
    json: Annotated[bool, switch("print one JSON object per sequence")] = False,
    output: Annotated[
        Path | None,
        Parameter(
            name=["--output", "-o"],
            help="write the predictions to this file, as CSV or JSON if it ends in .csv, .json or "
            ".jsonl",
            metavar="FILE",
        ),
    ] = None,
    force: Annotated[bool, switch("replace the file of --output if it exists")] = False,
    as_is: Annotated[
        bool,
        switch(
            "for data sets by name: keep each image whole, instead of finding and centring what "
            "is drawn in it"
        ),
    ] = False,
    runs_dir: RunsDir = None,
) -> int:
    """Classify sequences or pictures in files with a run's trained network."""
    if not files:
        raise UsageError("predict needs a run and the files to classify.")
    if output and any(output.resolve() == file.resolve() for file in files):
        raise UsageError(f"{output} is to be read, and cannot be written.", "Choose another file.")
    if csv and json:
        raise UsageError("--csv and --json exclude each other.")
    model_file = find_run(paths.runs_dir(runs_dir), run).model_file
    with opened_output(output, may_replace=force) as stream:
        # they import torch: seconds
        from bilstm_core.inference.predict import predict_files
        from bilstm_core.inference.tally import Tally
        from bilstm_core.network.weights import load

        from ..text.predictions import format_for, write_predictions

        model, failures = load(model_file), list[BilstmError]()
        if as_is and model.config.is_own_data:
            show_warning("--as-is has no effect, because the network learned whole pictures.")

        def report(error: BilstmError) -> None:  # the other files are still predicted
            show_failure(error)
            failures.append(error)

        tally, chosen = Tally(model.spec), format_for(output, as_csv=csv, as_json=json)
        predictions = predict_files(model, files, as_is=as_is, on_failure=report, warn=show_warning)
        write_predictions(_counted(predictions, tally), chosen, stream)
    if output and tally.total:
        say(f"wrote {counted(tally.total, 'prediction')} to {output}", stderr=True)
    _show_score(tally, sys.stdout if chosen == "text" else sys.stderr)
    return failures[-1].exit_code if failures else 0


def _counted(predictions: "Iterator[Prediction]", tally: "Tally") -> "Iterator[Prediction]":
    for prediction in predictions:
        tally.add(prediction)
        yield prediction


def _show_score(tally: "Tally", stream: IO[str]) -> None:
    """Print how many predictions agree with the labels, if there are any."""
    from bilstm_core.data.sources.limits import listed

    from ..text.narration import accuracy_line, imbalance_line

    if tally.unknown:
        names = listed([*tally.unknown])
        show_warning(f"No classes of the network, and so counted as wrong: {names}.")
    if score := tally.score():
        stream.write(accuracy_line(score) + "\n")
        if tally.is_imbalanced:
            stream.write(imbalance_line(score) + "\n")
