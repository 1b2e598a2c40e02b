"""A trained network as `model.safetensors`: the weights, and what is needed to use them."""

from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import TypeAdapter

from ..cleaning import one_line
from ..compute.devices import resolve_precision
from ..config.schema import RunConfig
from ..data.spec import Count, DataSpec
from ..errors import CheckpointError, Remedy
from ..files import open_regular_file, write_atomically
from .classifier import SequenceClassifier
from .tensor_file import Kind, TensorFile, to_bytes

_KEY = "bilstm-tui"


@dataclass
class _Description:
    config: RunConfig
    data: DataSpec
    step: Count


_DESCRIPTION = TypeAdapter(_Description)


class TrainedModel:
    """A network ready to classify; it describes itself and needs no data set.

    Args:
        network: The network; moved to the CPU and put into evaluation mode, so pass a copy of
            one that is still trained.
        config: What it was trained with.
        spec: The data that it was trained on: shapes, normalisation, classes.
        step: The step of the run after which it had these weights.
    """

    def __init__(
        self, network: SequenceClassifier, config: RunConfig, spec: DataSpec, step: int = 0
    ) -> None:
        self.network = network.cpu().eval()
        self.config = config
        self.spec = spec
        self.step = step

    def save(self, path: Path | str) -> None:
        """Write weights and description to a file, replacing it in one step.

        Raises:
            OSError: It cannot be written.
        """
        write_atomically(Path(path), self.to_bytes())

    def precision(self, used: str = "") -> torch.dtype:
        """The precision in which the network is computed on the CPU, as in its run.

        Args:
            used: The precision that the run computed in, as in `DeviceInfo.precision`; empty where
                that is not known, and follows from the configuration and this processor.

        Returns:
            float32 where this processor lacks the other.
        """
        config = self.config.model_copy(update={"precision": used or self.config.precision})
        return resolve_precision(config, torch.device("cpu"))

    def to_bytes(self) -> bytes:
        """The content of the file."""
        own = _Description(self.config, self.spec, self.step)
        description = _DESCRIPTION.dump_json(own).decode()
        return to_bytes(self.network.state_dict(), _KEY, description)


def load(path: Path | str) -> TrainedModel:
    """The trained network in a `model.safetensors`, which may be anybody's file.

    Raises:
        CheckpointError: There is no such file, or it is no model of this program.
    """
    path = Path(path)
    try:
        with open_regular_file(path, "rb") as file:
            stored = TensorFile(file, _KEY)
            description = _DESCRIPTION.validate_json(stored.description)
            config, spec = description.config, description.data
            with torch.device("meta"):  # nothing is allocated before the file is known to fit
                network = SequenceClassifier.from_config(config, spec)
            kinds = {name: Kind.of(weight) for name, weight in network.state_dict().items()}
            network.load_state_dict(stored.read(kinds), assign=True)
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: it is written when a run is stopped or finished.",
            Remedy("Wait for that, or resume the run.", "resume", one_line(path.parent.name)),
            title="No model yet",
        ) from None
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}.", title="The model cannot be read"
        ) from None
    except (ValueError, RuntimeError, OverflowError):
        raise CheckpointError(
            f"{path} is damaged or no model of bilstm-tui.",
            Remedy("Resume the run, which writes it again.", "resume", one_line(path.parent.name)),
            title="The model cannot be read",
        ) from None
    return TrainedModel(network, config, spec, description.step)
