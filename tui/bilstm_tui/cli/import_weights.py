"""`bilstm-tui import FILE`: a network that another program trained becomes a run."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from bilstm_core import paths
from bilstm_core.config.settings import SETTINGS
from bilstm_core.runs.store import check_label

from ..text.console import say
from .options import DataDir, RunsDir, given, switch
from .train import carry_out, resolve_typed

KNOWN_BY_SHAPES = ("cell", "bidirectional", "num_layers", "hidden_size")
"""Settings that have no option here."""
_LEAST, _MOST = 1e-6, 1e6


def import_weights(
    file: Annotated[
        Path,
        Parameter(
            help="a .safetensors file, or a .pt file of a state_dict: torch.save(model"
            ".state_dict(), FILE)",
            metavar="FILE",
        ),
    ],
    /,
    *,
    name: Annotated[
        str | None, Parameter(help="the readable part of the run's name; default: its cell")
    ] = None,
    pixel_mean: Annotated[
        float,
        Parameter(
            help="M of transforms.Normalize((M,), (S,)), where that followed ToTensor",
            metavar="M",
            validator=Number(gte=-_MOST, lte=_MOST),
        ),
    ] = 0.0,
    pixel_std: Annotated[
        float, Parameter(help="S of it", metavar="S", validator=Number(gte=_LEAST, lte=_MOST))
    ] = 1.0,
    json: Annotated[bool, switch("print events as JSON lines on stdout")] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: str | bool | None,
) -> int:
    """Make a run of the weights of an nn.LSTM, nn.GRU or nn.RNN and an nn.Linear."""
    if name is not None:
        check_label(name)
    typed = given(settings)
    chosen = {it for it in SETTINGS if it in typed or SETTINGS[it].variable in os.environ}
    data_dir = data_dir and paths.expand_home(data_dir).absolute()
    # they import torch: seconds
    from bilstm_core.data.sources.registry import describe
    from bilstm_core.imports.architecture import read_architecture
    from bilstm_core.imports.imported_run import import_run, require_known
    from bilstm_core.imports.weights_file import read_weights
    from bilstm_core.processes.protocol import ResumeRun

    architecture = read_architecture(read_weights(paths.expand_home(file)))
    if (pixel_mean, pixel_std) != (0.0, 1.0):
        architecture = architecture.reading(pixel_mean, pixel_std)
    epochs = {} if "num_epochs" in chosen else {"num_epochs": "1"}
    known = {**epochs, **typed, **architecture.settings()}
    config = resolve_typed(known, None, "notebook")
    require_known(architecture, chosen, describe(config) if "dataset" in chosen else None)
    folder = paths.runs_dir(runs_dir).absolute()
    run = import_run(architecture, config, folder, name, data_dir, file.name)
    code = carry_out(
        ResumeRun(run=run.path, changes={}, data_dir=data_dir), detach=False, as_json=json
    )
    if code == 0 and not json:
        more = config.num_epochs + 1
        say(f"Train it further: bilstm-tui resume {run.name} --num-epochs {more}")
    return code
