"""Where things are kept, and the environment variables that say otherwise."""

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
"""Every environment variable of ours that is no setting, with a line of help."""


def data_dir(chosen: Path | None = None) -> Path:
    """The folder of the data sets: as chosen, else `BILSTM_DATA_DIR`, else the user's cache."""
    default = os.environ.get(DATA_DIR_VARIABLE) or _of_the_user(user_cache_path) / "datasets"
    return expanded(Path(chosen or default))


def runs_dir(chosen: Path | None = None) -> Path:
    """The folder of the runs: as chosen, else `BILSTM_RUNS_DIR`, else `runs` in this folder."""
    return expanded(Path(chosen or os.environ.get(RUNS_DIR_VARIABLE) or "runs"))


def preferences_file() -> Path:
    """What the app remembers of its user."""
    return _of_the_user(user_config_path) / "app.toml"


def threads_file() -> Path:
    """How many threads were measured to be fastest on this machine."""
    return _of_the_user(user_cache_path) / "threads.json"


def log_dir() -> Path:
    """The folder of crash reports."""
    return _of_the_user(user_log_path)


def expanded(path: Path) -> Path:
    """A path with its `~` filled in.

    Raises:
        UsageError: There is no such home.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise UsageError(
            f"The home folder in {path} is unknown.", "Name the folder in full, or set HOME."
        ) from None


def _of_the_user(find: Callable[[str], Path]) -> Path:
    """A folder of the user's; where they have no home, as in a container, one in this folder."""
    try:
        return find("bilstm-tui").expanduser()
    except RuntimeError:
        return Path(".bilstm-tui").absolute()
