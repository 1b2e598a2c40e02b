"""Where things are kept, and the environment variables that say otherwise."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_log_path

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
    default = os.environ.get(DATA_DIR_VARIABLE) or user_cache_path("bilstm-tui") / "datasets"
    return Path(chosen or default).expanduser()


def runs_dir(chosen: Path | None = None) -> Path:
    """The folder of the runs: as chosen, else `BILSTM_RUNS_DIR`, else `runs` in this folder."""
    return Path(chosen or os.environ.get(RUNS_DIR_VARIABLE) or "runs").expanduser()


def preferences_file() -> Path:
    """What the app remembers of its user."""
    return user_config_path("bilstm-tui") / "app.toml"


def threads_file() -> Path:
    """How many threads were measured to be fastest on this machine."""
    return user_cache_path("bilstm-tui") / "threads.json"


def log_dir() -> Path:
    """The folder of crash reports."""
    return user_log_path("bilstm-tui")
