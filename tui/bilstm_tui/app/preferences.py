"""What the app remembers from one start to the next: theme, redraw rate, the last form."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bilstm_core import paths
from bilstm_core.config.presets import PRESETS
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import ConfigError
from bilstm_core.files import read_text, write_atomically

MOST_REDRAWS = 10.0
LEAST_REDRAWS = 0.1


class Preferences(BaseModel):
    """One person's choices.

    Attributes:
        theme: Name of the app's theme; empty for the app's own.
        redraws_per_second: How often curves and figures are redrawn at most.
        preset: The preset of the last form.
        settings: The settings of the last form, where there was one.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    theme: str = ""
    redraws_per_second: Annotated[float, Field(ge=LEAST_REDRAWS, le=MOST_REDRAWS)] = 1.0
    preset: str = "default"
    settings: dict[str, Any] = {}

    @property
    def last_form(self) -> tuple[RunConfig, str] | None:
        """The configuration and the preset of the last form; None where there is none to use."""
        if not self.settings or self.preset not in PRESETS:
            return None
        try:
            return resolve(self.settings, base={}), self.preset
        except ConfigError:  # of another version
            return None


class PreferencesFile:
    """Where they are kept; a file that cannot be read is named and left alone.

    Args:
        path: The file.

    Attributes:
        kept: What it holds.
        problem: What is wrong with it, in words.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or paths.preferences_file()
        self.problem = ""
        self.kept = self._load()

    def save(self, preferences: Preferences) -> None:
        """Keep these, if the file may be written; it is no reason to disturb anybody if not."""
        if self.problem or preferences == self.kept:
            return
        content = tomli_w.dumps(preferences.model_dump()).encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, content)
        except OSError:
            return
        self.kept = preferences

    def _load(self) -> Preferences:
        try:
            return Preferences.model_validate(tomllib.loads(read_text(self._path)))
        except FileNotFoundError:
            pass
        except ValidationError as error:
            first = error.errors()[0]
            self.problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except (OSError, ValueError, RecursionError) as error:
            self.problem = str(error)
        if self.problem:
            self.problem = f"{self._path} is not used, and left as it is: {self.problem}."
        return Preferences()
