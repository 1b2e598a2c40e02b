"""Every failure that a user can read and act on.

An error has a title, a message (what happened), advice (what to do next) and the exit code of
the process that ends with it::

    BilstmError
    ├── UsageError          2   the command or call is invalid
    │   ├── ConfigError         a setting is wrong, unknown, or contradicts another
    │   ├── ImageError          an image file cannot be read, or shows nothing
    │   ├── WeightsError        a file of weights cannot be imported
    │   ├── RunNotFoundError    there is no such run
    │   └── RunBusyError        another process is training it
    ├── DataError           3   the data set is not available, or a sweep's journal
    │   └── DamagedDataError    one of its files is damaged
    ├── TrainingError       1   training started and failed
    │   ├── NonFiniteLossError  the loss became nan or infinite
    │   ├── OutOfMemoryError    the device has too little memory
    │   └── CheckpointError     a run's saved state or weights cannot be used
    │       ├── NewerCheckpointError  a later version of the program wrote it
    │       └── UnreadableCheckpointError  it cannot be read at present
    ├── InstallationError   4   a library that training needs cannot be imported
    ├── OutputError         5   output cannot be written
    │   └── RunFolderMissingError  a run's folder was deleted or moved while it trained
    └── RelayedError            a failure of another process; its exit code

Advice is true wherever the library is used: it names settings, not options or commands. Each
interface adds its own way to do what a `Remedy` says.
"""

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from .cleaning import Line, Name, clean, escape, one_line

INTERNAL_ERROR_EXIT_CODE = 70
"""Exit code for an internal error (`EX_SOFTWARE` of sysexits.h)."""

Action = Literal[
    "resume",
    "restart",
    "attach",
    "stop",
    "train",
    "list_runs",
    "list_settings",
    "print_config",
    "doctor",
    "set",
    "replace",
    "choose_runs_dir",
    "choose_data_dir",
]
"""What can be done about a failure; `restart` trains a run's configuration as a new run."""


@dataclass(frozen=True)
class Remedy:
    """A piece of advice that an interface can offer as a command, an option or a button.

    Attributes:
        text: The advice as a sentence.
        action: What it says to do.
        run: Name of the run, or for `restart` the path of its `config.toml`; empty where there
            is none or its folder was moved.
        settings: Settings to do it with, by name.
    """

    text: Line
    action: Action
    run: Line = ""
    settings: dict[Name, Name | int | float | bool] = field(default_factory=dict)


class BilstmError(Exception):
    """A failure that a user can read and act on.

    Args:
        message: What happened, in whole sentences.
        advice: What to do next, in the order in which to try it.
        title: A short name for the failure; by default that of the class.

    Attributes:
        advice: The advice as text, a line each.
        remedies: Those pieces of it that an interface can offer in its own way.
        problems: What is wrong with each setting, for a message beside it.
    """

    exit_code: int = INTERNAL_ERROR_EXIT_CODE
    default_title: ClassVar[str] = "Internal error"

    def __init__(self, message: str, *advice: str | Remedy, title: str | None = None) -> None:
        self.message = clean(message)
        super().__init__(self.message)
        self.advice = escape("\n".join(it.text if isinstance(it, Remedy) else it for it in advice))
        self.remedies = tuple(it for it in advice if isinstance(it, Remedy))
        self.title = one_line(title or self.default_title)
        changed = (name for remedy in self.remedies for name in remedy.settings)
        self.problems: Mapping[str, str] = dict.fromkeys(changed, self.message)


class UsageError(BilstmError):
    """The command or call is invalid."""

    exit_code = 2
    default_title = "The command is invalid"


class ConfigError(UsageError):
    """A setting is wrong, unknown, or contradicts another.

    Args:
        problems: What is wrong with each setting, for messages beside it; by default the message,
            for each setting that a remedy changes.
    """

    default_title = "The configuration is invalid"

    def __init__(
        self,
        message: str,
        *advice: str | Remedy,
        title: str | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, *advice, title=title)
        self.problems = self.problems if problems is None else problems


class ImageError(UsageError):
    """An image file cannot be read, or shows nothing."""

    default_title = "The image was not read"


class WeightsError(UsageError):
    """A file of weights cannot be imported."""

    default_title = "The weights cannot be imported"


class RunNotFoundError(UsageError):
    """There is no such run, or more than one."""

    default_title = "No such run"


class RunBusyError(UsageError):
    """Another process is training the run."""

    default_title = "The run is being trained"


class DataError(BilstmError):
    """The data set is not available."""

    exit_code = 3
    default_title = "The data set is not available"


class DamagedDataError(DataError):
    """A file of the data set is damaged."""

    default_title = "A data file is damaged"


class TrainingError(BilstmError):
    """Training started and failed."""

    exit_code = 1
    default_title = "Training failed"


class NonFiniteLossError(TrainingError):
    """The loss became nan or infinite."""

    default_title = "Training diverged"


class OutOfMemoryError(TrainingError):
    """The device has too little memory for this configuration."""

    default_title = "Out of memory"


class CheckpointError(TrainingError):
    """A run's saved state or weights cannot be used."""

    default_title = "The run cannot be resumed"


class NewerCheckpointError(CheckpointError):
    """A later version of the program wrote the state, which is intact."""

    default_title = "The checkpoint is from a newer version"


class UnreadableCheckpointError(CheckpointError):
    """The state cannot be read at present, as on a disk or network that fails."""

    default_title = "The checkpoint cannot be read"


class InstallationError(BilstmError):
    """A library that training needs cannot be imported."""

    exit_code = 4
    default_title = "The installation is broken"


@contextmanager
def imports_in_words() -> Iterator[None]:
    """Raise an `InstallationError` where a library raises anything while it is imported.

    Without one of CUDA's libraries PyTorch raises an OSError, beside another PyTorch torchvision
    raises a RuntimeError, and where memory is limited any library a MemoryError.
    """
    try:
        yield
    except BilstmError:
        raise
    except Exception as error:
        library = _imported_library(error)
        if not library:
            raise
        raise InstallationError(
            f"{library} cannot be imported: {str(error) or type(error).__name__}",
            "Install it again; PyTorch with: "
            "pip install --upgrade --force-reinstall torch torchvision",
            "If memory is limited, as `ulimit -v` shows, raise the limit.",
        ) from error


def _imported_library(error: Exception) -> str:
    """The library that was being imported when an error was raised; empty if none was."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    modules = [it.f_globals.get("__name__", "") for it in frames if it.f_code.co_name == "<module>"]
    if isinstance(error, ImportError) and error.name:
        modules.append(error.name)
    libraries = [module.partition(".")[0] for module in modules]
    return next((name for name in libraries if not name.startswith("bilstm_")), "")


class OutputError(BilstmError):
    """Output cannot be written."""

    exit_code = 5
    default_title = "The output cannot be written"


class RunFolderMissingError(OutputError):
    """A run's folder was deleted or moved while the run was trained or shown."""

    default_title = "The run's folder is missing"

    def __init__(self, folder: object) -> None:
        super().__init__(
            f"{folder} was deleted or moved. If the run was being trained, it has stopped.",
            Remedy("If the folder was moved, resume the run in its new place.", "resume"),
            "Otherwise start a new run.",
        )


class RelayedError(BilstmError):
    """A failure of another process, as it reported it, with that process's exit code.

    Args:
        problems: As for `ConfigError`.
    """

    def __init__(
        self,
        message: str,
        *advice: str | Remedy,
        title: str,
        exit_code: int,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, *advice, title=title)
        self.exit_code = exit_code
        self.problems = self.problems if problems is None else problems
