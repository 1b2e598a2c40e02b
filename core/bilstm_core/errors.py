"""Everything that can go wrong, in words.

Each class carries a title, a message (what happened), advice (what to do next) and the exit
code of the process that ends with it::

    BilstmError
    ├── UsageError          2   the command cannot be carried out as it was typed
    │   ├── ConfigError         a setting is wrong, unknown, or contradicts another
    │   ├── RunNotFoundError    there is no such run
    │   └── RunBusyError        another process is training it
    ├── DataError           3   the data set is not available
    │   └── DamagedDataError    a file of it is not what it should be
    ├── TrainingError       1   training began and failed
    │   ├── NonFiniteLossError  the loss became nan or infinite
    │   ├── OutOfMemoryError    the device has too little memory
    │   └── CheckpointError     a run's state cannot be gone on with
    │       └── NewerCheckpointError  a later version of the program wrote it
    ├── InstallationError   4   a library that training needs does not load
    ├── OutputError         5   what was to be told could not be written
    │   └── RunFolderMissingError        a run's folder was deleted or moved while it trained
    └── RelayedError            what another process failed with; its exit code
"""

from typing import ClassVar

INTERNAL_ERROR_EXIT_CODE = 70
"""Exit code for a defect of the program itself (`EX_SOFTWARE` of sysexits.h)."""


class BilstmError(Exception):
    """A failure that a user can read and act on.

    Args:
        message: What happened, in whole sentences.
        advice: What to do next; may hold several lines.
        title: A short name for the failure; the class has a fitting one.
    """

    exit_code: int = INTERNAL_ERROR_EXIT_CODE
    default_title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str, advice: str = "", *, title: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.title = title or self.default_title


class UsageError(BilstmError):
    """The command cannot be carried out as it was typed."""

    exit_code = 2
    default_title = "The command is not right"


class ConfigError(UsageError):
    """A setting is wrong, unknown, or contradicts another."""

    default_title = "The configuration is not right"


class RunNotFoundError(UsageError):
    """There is no such run, or more than one."""

    default_title = "No such run"


class RunBusyError(UsageError):
    """Another process is training the run."""

    default_title = "The run is live"


class DataError(BilstmError):
    """The data set is not available."""

    exit_code = 3
    default_title = "The data set is not available"


class DamagedDataError(DataError):
    """A file of the data set is not what it should be."""

    default_title = "A data file is damaged"


class TrainingError(BilstmError):
    """Training began and failed."""

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

    default_title = "The run cannot be gone on with"


class NewerCheckpointError(CheckpointError):
    """A later version of the program wrote the state; it is whole, and left alone."""

    default_title = "The checkpoint is of a newer version"


class InstallationError(BilstmError):
    """A library that training needs does not load."""

    exit_code = 4
    default_title = "The installation is broken"


class OutputError(BilstmError):
    """What was to be told could not be written."""

    exit_code = 5
    default_title = "The output cannot be written"


class RunFolderMissingError(OutputError):
    """A run's folder was deleted or moved while the run trained.

    Args:
        folder: Where it was.
    """

    default_title = "The run's folder is gone"

    def __init__(self, folder: object) -> None:
        super().__init__(
            f"{folder} was deleted or moved while the run trained, which ends it: "
            "there is nowhere to keep what it learns.",
            "Was it moved? Go on from its last checkpoint there: bilstm-tui resume ./FOLDER\n"
            "Else begin it anew.",
        )


class RelayedError(BilstmError):
    """A failure of another process, as it told it.

    Args:
        message: What happened.
        advice: What to do next.
        title: A short name for the failure.
        exit_code: Of that process.
    """

    def __init__(self, message: str, advice: str, *, title: str, exit_code: int) -> None:
        super().__init__(message, advice, title=title)
        self.exit_code = exit_code
