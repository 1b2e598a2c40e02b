"""Where files are kept, and the environment variables that change it."""

import os
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_log_path

from .errors import UsageError

DATA_DIR_VARIABLE = "BILSTM_DATA_DIR"
RUNS_DIR_VARIABLE = "BILSTM_RUNS_DIR"
MIRROR_VARIABLE = "BILSTM_MIRROR"
PRESET_VARIABLE = "BILSTM_PRESET"

OTHER_VARIABLES = {
    DATA_DIR_VARIABLE: "folder of the data sets, in torchvision's layout",
    RUNS_DIR_VARIABLE: "folder of the runs",
    MIRROR_VARIABLE: "address of a data folder served over HTTP, tried before the public mirrors",
    PRESET_VARIABLE: "the preset to start from",
}
"""The environment variables that are not settings, each with a line of help."""


def data_dir(chosen: Path | None = None) -> Path:
    """The folder of the data sets: `chosen`, else `BILSTM_DATA_DIR`, else in the user's cache."""
    default = os.environ.get(DATA_DIR_VARIABLE) or _user_folder(user_cache_path) / "datasets"
    return expand_home(Path(chosen or default))


def runs_dir(chosen: Path | None = None) -> Path:
    """The folder of the runs: `chosen`, else `BILSTM_RUNS_DIR`, else `./runs`."""
    return expand_home(Path(chosen or os.environ.get(RUNS_DIR_VARIABLE) or "runs"))


def preferences_file() -> Path:
    """The file of the user's preferences for the app."""
    return _user_folder(user_config_path) / "app.toml"


def layouts_file() -> Path:
    """The file that caches the fastest layout of a step for each network."""
    return _user_folder(user_cache_path) / "layouts.json"


def command_file() -> Path:
    """The file with the command that was copied last, for terminals without a clipboard."""
    return _user_folder(user_cache_path) / "command.txt"


def log_dir() -> Path:
    """The folder of crash reports."""
    return _user_folder(user_log_path)


def require_working_directory() -> None:
    """Check what a library of PyTorch needs: without it, that ends the process when it is loaded.

    Raises:
        UsageError: The working directory was deleted.
    """
    try:
        Path.cwd()
    except OSError:
        raise UsageError(
            "The working directory was deleted.",
            "Change to a folder that exists.",
            title="No working directory",
        ) from None


def expand_home(path: Path) -> Path:
    """Replace a leading `~` by the home folder.

    Raises:
        UsageError: The home folder cannot be determined.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise UsageError(
            f"The home folder in {path} cannot be determined.",
            "Give the path without ~, or set HOME.",
        ) from None


def _user_folder(locate: Callable[[str], Path]) -> Path:
    """A folder of the user; without a home, as in a container, one in the working directory."""
    try:
        return locate("bilstm-tui").expanduser()
    except RuntimeError:
        return Path(".bilstm-tui").absolute()
