"""A trained network as `model.safetensors`: the weights, and what is needed to use them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from pydantic import TypeAdapter

from ..config.schema import RunConfig
from ..data.spec import DataSpec
from ..errors import CheckpointError, Remedy
from ..files import open_regular_file, write_atomically
from .classifier import SequenceClassifier
from .summary import summarise

_KEY = "bilstm-tui"
"""The one key of the file's metadata: safetensors writes several in random order, and equal models
should be equal files."""


@dataclass
class _Description:
    config: RunConfig
    data: DataSpec


_DESCRIPTION = TypeAdapter(_Description)


class TrainedModel:
    """A network ready to classify; it describes itself and needs no data set.

    Args:
        network: The network; moved to the CPU and put into evaluation mode, so pass a copy of
            one that is still trained.
        config: What it was trained with.
        spec: The data that it was trained on: shapes, normalisation, classes.
    """

    def __init__(self, network: SequenceClassifier, config: RunConfig, spec: DataSpec) -> None:
        self.network = network.cpu().eval()
        self.config = config
        self.spec = spec

    def save(self, path: Path | str) -> None:
        """Write weights and description to a file, replacing it in one step.

        Raises:
            OSError: It cannot be written.
        """
        tensors = {name: value.contiguous() for name, value in self.network.state_dict().items()}
        description = _DESCRIPTION.dump_json(_Description(self.config, self.spec)).decode()
        write_atomically(Path(path), safetensors.torch.save(tensors, {_KEY: description}))


def load(path: Path | str) -> TrainedModel:
    """The trained network in a `model.safetensors`, which may be anybody's file.

    Raises:
        CheckpointError: There is no such file, or it is no model of this program.
    """
    path = Path(path)
    try:
        with open_regular_file(path, "rb") as file:
            content = file.read()
        header: Any = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        description = _DESCRIPTION.validate_json(header["__metadata__"][_KEY])
        config, spec = description.config, description.data
        if 4 * summarise(config, spec).parameters > len(content):
            raise ValueError("shapes without weights")  # noqa: TRY301 - before they are allocated
        network = SequenceClassifier.from_config(config, spec)
        network.load_state_dict(safetensors.torch.load(content))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: it is written when a run is stopped or finished.",
            Remedy("Wait for that, or resume the run.", "resume", path.parent.name),
            title="No model yet",
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}.", title="The model cannot be read"
        ) from None
    except Exception:  # whatever a hostile file provokes in JSON, safetensors and PyTorch
        raise CheckpointError(
            f"{path} is damaged or no model of bilstm-tui.",
            Remedy("Resume the run, which writes it again.", "resume", path.parent.name),
            title="The model cannot be read",
        ) from None
    return TrainedModel(network, config, spec)
