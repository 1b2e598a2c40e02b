"""What the app saves for the next start: theme, redraw rate, the last form, and recent data."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bilstm_core import paths
from bilstm_core.cleaning import Line
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.errors import ConfigError
from bilstm_core.files import read_text, write_atomically

MIN_REDRAWS = 0.1
MAX_REDRAWS = 10.0
MOST_RECENT = 10


class Preferences(BaseModel):
    """Theme (empty: the default), maximum redraw rate, last form, paths of data, first screen.

    Attributes:
        preset: Of the last form; `settings` are its settings.
        recent_data: Paths with which the app could work, newest first.
        starts_at_home: Whether a start without settings shows Home first, or the form.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    theme: str = ""
    redraws_per_second: Annotated[float, Field(ge=MIN_REDRAWS, le=MAX_REDRAWS)] = 1.0
    preset: str = "default"
    settings: dict[str, Any] = {}
    recent_data: Annotated[list[Line], Field(max_length=MOST_RECENT)] = []
    starts_at_home: bool = True

    @property
    def last_form(self) -> tuple[RunConfig, str] | None:
        """The configuration and the preset of the last form; None if there is no valid one."""
        if not self.settings:
            return None
        try:
            return resolve(self.settings, preset=self.preset), self.preset
        except ConfigError:  # they were saved by another version
            return None


class PreferencesFile:
    """The file of the preferences; an invalid file is not changed.

    Attributes:
        saved: The preferences in the file; the defaults if there are none or they are invalid.
        problem: What is wrong with the file; empty if nothing is.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or paths.preferences_file()
        self.problem = ""
        self.saved = self._load()

    def save(self, preferences: Preferences) -> None:
        """Save preferences; if the file cannot be written, nothing happens."""
        if self.problem or preferences == self.saved:
            return
        content = tomli_w.dumps(preferences.model_dump()).encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, content)
        except OSError:
            return
        self.saved = preferences

    def _load(self) -> Preferences:
        try:
            return Preferences.model_validate(tomllib.loads(read_text(self._path)))
        except FileNotFoundError:
            return Preferences()
        except ValidationError as error:
            first = error.errors()[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except (OSError, ValueError, RecursionError) as error:
            problem = str(error)
        self.problem = f"{self._path} is ignored and was not changed: {problem}."
        return Preferences()
