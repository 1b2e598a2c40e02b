"""Makes a run of a network that another program trained."""

from collections.abc import Collection
from pathlib import Path

import torch

from .. import events, paths
from ..building_blocks.cells import CELLS
from ..building_blocks.merges import MERGES
from ..building_blocks.readouts import READOUTS
from ..compute.seeding import generator_states
from ..config.schema import RunConfig
from ..data.dataset import Dataset
from ..data.sources import registry
from ..data.spec import DataSpec
from ..errors import OutputError, Remedy, WeightsError
from ..network.classifier import SequenceClassifier
from ..network.cost import steps_per_epoch
from ..runs.event_log import EventLog
from ..runs.notes import Notes, write_notes
from ..runs.run import Run
from ..runs.store import create_run, removed_on_failure
from ..training.checkpoints import Checkpoint, Checkpoints, Elapsed, Kept
from ..training.optimisers import state_names
from ..wording import counted
from .architecture import Architecture


def require_known(
    architecture: Architecture, chosen: Collection[str], spec: DataSpec | None
) -> None:
    """Ask, in one message, for everything that names and shapes do not say.

    Args:
        architecture: What they say.
        chosen: The settings that the user chose.
        spec: The data, where the user chose some.

    Raises:
        WeightsError: Something is not known.
    """
    asked = [it for it in _questions(architecture, spec) if not it.settings.keys() <= {*chosen}]
    if asked:
        raise WeightsError(
            f"The file has {_in_words(architecture)}. These settings are needed, too:",
            *asked,
            title="More settings are needed",
        )


def _questions(architecture: Architecture, spec: DataSpec | None) -> list[Remedy]:
    asked = [
        _question("The data that it was trained on, by name or path.", "dataset", "mnist"),
        _question(
            "The states that its classifier reads: last, final, all, mean or max.",
            *("readout", "all" if _reads_all(architecture) else "last"),
        ),
    ]
    is_concatenated = architecture.classifier_size % architecture.stacked_size == 0
    if architecture.bidirectional and not is_concatenated:
        how = "How its two directions are combined: sum, mean, max or product."
        asked.append(_question(how, "merge", "sum"))
    if spec is None:
        how = (
            "How values were scaled: images from 0 to 1 (auto), series none, standard or sequence."
        )
        asked.append(_question(how, "normalize", "auto"))
    elif spec.kind != "images":
        how = "How values were scaled: none, standard or sequence."
        asked.append(_question(how, "normalize", "none"))
    return asked


def _question(text: str, name: str, example: str) -> Remedy:
    return Remedy(text, "set", settings={name: example})


def _reads_all(architecture: Architecture) -> bool:
    return architecture.classifier_size > architecture.stacked_size


def _in_words(architecture: Architecture) -> str:
    directions = "two directions" if architecture.bidirectional else "one direction"
    return (
        f"weights of nn.{CELLS[architecture.cell].module}: {directions}, "
        f"{counted(architecture.num_layers, 'layer')} with {architecture.hidden_size:,} units, "
        f"{counted(architecture.num_features, 'feature')} a step; its classifier has "
        f"{architecture.classifier_size:,} inputs and {architecture.num_classes:,} classes"
    )


def import_run(
    architecture: Architecture,
    config: RunConfig,
    runs_dir: Path,
    label: str | None,
    data_dir: Path | None,
    source: str,
) -> Run:
    """Make a run that has trained `config.num_epochs` epochs, and may be evaluated and resumed.

    Resuming it without changes evaluates the network and writes its model.

    Args:
        architecture: The network.
        config: How it was trained, and would be trained further.
        runs_dir: The folder of the runs.
        label: The readable part of the run's name; None for the kind of network.
        data_dir: Folder of the data sets.
        source: Where the weights come from, for the run's note.

    Raises:
        WeightsError: They do not fit the data and settings.
        DataError: The data are not available.
        OutputError: The run cannot be written.
    """
    registry.require_fit(config)
    data = registry.load(config, paths.data_dir(data_dir)).normalised(config.normalize)
    _require_fit(architecture, config, data.spec)
    run, lock = create_run(runs_dir, config, label)
    with removed_on_failure(lock):
        checkpoints = Checkpoints(run, lock.folder, config.checkpoint_seconds)
        if problem := checkpoints.save(_checkpoint(architecture, config, data)):
            raise OutputError(problem)
        log = EventLog(lock.folder)
        note = f"imported from {source}"
        log.append(events.RunWarning(message=f"The network was {note}; it was not trained here."))
        log.close()
        if log.failure:
            raise OutputError(f"{run.log_file} cannot be written: {log.failure.strerror}.")
        write_notes(run, Notes(note=note[:500]))
    lock.release()
    return run


def _require_fit(architecture: Architecture, config: RunConfig, spec: DataSpec) -> None:
    expected = SequenceClassifier.from_config
    with torch.device("meta"):
        size = expected(config, spec).classifier.in_features
    title = spec.title
    problems = [
        f"{what} {has:,} {unit}, and {wanted}"
        for what, has, unit, wanted, is_wrong in (
            (
                *("It reads steps of", architecture.num_features, "features"),
                f"those of {title} have {spec.num_features:,}.",
                architecture.num_features != spec.num_features,
            ),
            (
                *("It has", architecture.num_classes, "classes"),
                f"{title} has {spec.num_classes:,}.",
                architecture.num_classes != spec.num_classes,
            ),
            (
                *("Its classifier reads", architecture.classifier_size, "numbers"),
                f"with readout = {config.readout}{_merge_in_words(config)} it would be {size:,}.",
                architecture.classifier_size != size,
            ),
        )
        if is_wrong
    ]
    if problems:
        fitting = (
            _fitting(architecture, config, spec) if architecture.classifier_size != size else ()
        )
        advice = f"Readouts that fit: {', '.join(fitting)}." if fitting else ""
        raise WeightsError("\n".join(problems), advice, title="The weights do not fit")


def _merge_in_words(config: RunConfig) -> str:
    return f" and merge = {config.merge}" if config.bidirectional else ""


def _fitting(architecture: Architecture, config: RunConfig, spec: DataSpec) -> list[str]:
    """The readouts with which the classifier would have the size that it has."""
    width = MERGES[config.merge].width if config.bidirectional else 1
    return [
        name
        for name, readout in READOUTS.items()
        if architecture.classifier_size
        == architecture.hidden_size * width * (spec.longest if readout.reads_every_step else 1)
    ]


def _checkpoint(architecture: Architecture, config: RunConfig, data: Dataset) -> Checkpoint:
    """The state after the last epoch, with an optimiser that has taken no step."""
    epochs = config.num_epochs
    step = steps_per_epoch(config, data.spec) * epochs
    network = SequenceClassifier.from_config(config, data.spec)
    network.load_state_dict(architecture.weights)
    weights = network.state_dict()
    tensors = {f"model.{name}": weight for name, weight in weights.items()}
    for group, is_kept in (("average", config.ema_decay), ("kept", config.patience)):
        tensors |= (
            {f"{group}.{name}": it.clone() for name, it in weights.items()} if is_kept else {}
        )
    for number, parameter in enumerate(network.parameters()):
        for name in state_names(config):
            shape = () if name == "step" else parameter.shape
            tensors[f"optimizer.{number}.{name}"] = torch.zeros(shape)
    tensors["meter.correct"] = torch.zeros((), dtype=torch.int64)
    tensors["meter.loss_sum"] = torch.zeros(())
    torch.manual_seed(config.seed)
    for name, state in generator_states(torch.device("cpu")).items():
        tensors[f"generator.{name}"] = state
    return Checkpoint(
        config=config.model_dump(),
        data=data.spec,
        epoch=epochs + 1,
        batch=0,
        step=step,
        learning_rate=config.learning_rate,
        layout=None,
        trained=0,
        kept=Kept(epoch=epochs, step=step),
        elapsed=Elapsed(),
        tensors=tensors,
    )
