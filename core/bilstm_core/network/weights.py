"""A trained network as `model.safetensors`: the weights, and what is needed to use them."""

import json
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError

from ..config.schema import RunConfig
from ..data.catalog import CATALOG
from ..errors import CheckpointError
from ..files import open_inside, write_atomically
from .classifier import SequenceClassifier

_CLASSES = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True)
class TrainedModel:
    """A network ready to classify.

    Attributes:
        network: In evaluation mode, on the CPU.
        config: What it was trained with.
        classes: A name for each output.
    """

    network: SequenceClassifier
    config: RunConfig
    classes: tuple[str, ...]


def save_weights(
    path: Path, network: SequenceClassifier, config: RunConfig, classes: tuple[str, ...]
) -> None:
    """Replace the file in one step.

    Raises:
        OSError: It cannot be written.
    """
    tensors = {name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}
    metadata = {
        "format": "pt",
        "config": config.model_dump_json(),
        "classes": json.dumps(classes),
    }
    write_atomically(path, safetensors.torch.save(tensors, metadata))


def load_weights(path: Path) -> TrainedModel:
    """The network in a file that may be anything.

    Raises:
        CheckpointError: There is no such file, or it is no model of ours.
    """
    try:
        with open_inside(path, "rb") as file:
            content = file.read()
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        config = RunConfig.model_validate_json(header["__metadata__"]["config"])
        classes = _CLASSES.validate_json(header["__metadata__"]["classes"])
        if len(classes) != CATALOG[config.dataset].num_classes:
            raise ValueError("one name a class")  # noqa: TRY301 - put into words below
        network = SequenceClassifier.from_config(config)
        network.load_state_dict(safetensors.torch.load(content))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is not there: it is written when a run is stopped or finished.",
            f"Wait for that, or let the run go on: bilstm-tui resume {path.parent.name}",
            title="No model yet",
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}.", title="The model cannot be read"
        ) from None
    except (
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
        RecursionError,
        OverflowError,
        SafetensorError,
        ValidationError,
    ):
        raise CheckpointError(
            f"{path} is damaged or no model of bilstm-tui.",
            f"Let the run write it again: bilstm-tui resume {path.parent.name}",
            title="The model cannot be read",
        ) from None
    return TrainedModel(network.eval(), config, classes)
