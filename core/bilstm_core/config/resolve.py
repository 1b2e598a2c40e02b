"""Merging all sources of settings into one `RunConfig`, or one clear error message.

Precedence: command-line option > environment (`BILSTM_…`) > TOML file > preset > default.
"""

import os
import reprlib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..cleaning import escape, one_line
from ..errors import ConfigError, Remedy
from ..files import read_text
from ..paths import OTHER_VARIABLES, expand_home
from .presets import PRESETS
from .schema import BUILT_IN, GROUPS, RunConfig
from .settings import SETTINGS, settings_in

_MOST_SHOWN = 10
"""Wrong settings that a message describes."""
_LONGEST_WORD = 80


def resolve(
    settings: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    preset: str = "default",
    base: Mapping[str, Any] | None = None,
    is_untrusted: bool = False,
    typed_in: str = "",
    tables: Collection[str] = (),
) -> RunConfig:
    """Merge all sources of settings and validate the result.

    Args:
        settings: Values by setting name, such as those typed on a command line.
        environ: Environment variables; those that name a setting are used.
        file: A TOML file of settings.
        preset: A key of `PRESETS`.
        base: Settings to start from instead of a preset.
        is_untrusted: Whether the file comes from a run's folder, whose files are untrusted.
        typed_in: Where `settings` were typed, for messages; empty if that is obvious.
        tables: Names in the file that are no settings and belong to the caller.

    Raises:
        ConfigError: A setting is wrong; the message gives every wrong setting, its value and
            source, the allowed values, and the most similar valid name.
    """
    if preset not in PRESETS:
        raise ConfigError(
            f"There is no preset '{preset}'.{did_you_mean(preset, PRESETS)}",
            f"Presets: {', '.join(PRESETS)}.",
        )
    typed = settings or {}
    exported = {
        name: environ[setting.variable]
        for name, setting in SETTINGS.items()
        if environ and environ.get(setting.variable)
    }
    written = read_toml(file, is_untrusted=is_untrusted) if file else {}
    written = {name: value for name, value in written.items() if name not in tables}
    chosen = {**written, **exported, **typed}
    if "dataset" in chosen and not is_untrusted:
        chosen["dataset"] = _chosen_dataset(str(chosen["dataset"]))
    dataset = str(chosen.get("dataset") or "mnist")
    start = PRESETS[preset].values_for(dataset) if base is None else base
    is_chosen = not is_untrusted and "dataset" in chosen
    try:
        return RunConfig.model_validate({**start, **chosen}, context={"is_chosen": is_chosen})
    except ValidationError as error:
        origins = {
            **dict.fromkeys(start, f"preset {preset}" if base is None else "the run"),
            **dict.fromkeys(written, str(file)),
            **{name: SETTINGS[name].variable for name in exported},
            **dict.fromkeys(typed, typed_in),
        }
        wrong = error.errors()
        more = [f"And {len(wrong) - _MOST_SHOWN:,} more."] if len(wrong) > _MOST_SHOWN else []
        shown = [_describe_error(detail, origins) for detail in wrong[:_MOST_SHOWN]]
        raise ConfigError(
            "\n".join(shown + more),
            Remedy("See every setting and its allowed values.", "list_settings"),
            problems=_problems_of(wrong),
        ) from None


def _chosen_dataset(name: str) -> str:
    """A data set that a user chose: its name, or the absolute path of a file or folder.

    A name always means the data set of that name; `./digits` is the file.
    """
    if escape(name) != name:
        raise ConfigError(
            f"The path {one_line(name)} has characters that cannot be shown.",
            "Rename the file or folder.",
        )
    path = expand_home(Path(name))
    is_path = os.sep in name or path.suffix or os.path.lexists(path)
    return os.path.normpath(path.absolute()) if name not in BUILT_IN and is_path else name


def revise(config: RunConfig, changes: Mapping[str, Any], typed_in: str = "") -> RunConfig:
    """Return a copy of a configuration with some settings changed; see `resolve`.

    Raises:
        ConfigError: A new value is wrong.
    """
    return resolve(changes, base=config.model_dump(), typed_in=typed_in)


def nearest_valid(settings: Mapping[str, Any], valid: RunConfig) -> RunConfig:
    """Return the configuration of these settings, with those of a valid one for what is wrong."""
    values, known = dict(settings), valid.model_dump()
    replaced: set[str] = set()
    while True:
        try:
            return resolve(values)
        except ConfigError as error:
            if replaced.issuperset(error.problems):
                return valid
            replaced.update(error.problems)
            values |= {name: known[name] for name in replaced}


def problem_with(config: RunConfig, changes: Mapping[str, Any]) -> str:
    """Describe what is wrong with these changes to a configuration; empty if nothing is."""
    try:
        revise(config, changes, typed_in="this dialog")
    except ConfigError as error:
        return error.message
    return ""


def read_toml(file: Path, *, is_untrusted: bool = False) -> dict[str, Any]:
    """Read the settings in a TOML file, without validating them.

    Raises:
        ConfigError: The file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(read_text(file, is_untrusted=is_untrusted))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{file} is not TOML: {error}.",
            "Every line is `name = value`.",
            Remedy("Start from an example.", "print_config"),
        ) from None


def to_toml(config: RunConfig) -> str:
    """Convert a configuration to TOML, from which `resolve` reads an equal one."""
    lines = ["# bilstm-tui --no-ui --config THIS_FILE repeats this run"]
    for group, title in GROUPS.items():
        lines += ["", f"# {group}: {title}"]
        for setting in settings_in(group):
            value = tomli_w.dumps({setting.name: getattr(config, setting.name)}).strip()
            lines.append(f"{value}  # {setting.allowed}")
    return "\n".join(lines) + "\n"


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each `BILSTM_…` variable that is unknown."""
    known = {setting.variable for setting in SETTINGS.values()} | set(OTHER_VARIABLES)
    return [
        f"The environment variable {name} is unknown and ignored." + did_you_mean(name, known)
        for name in sorted(environ)
        if name.startswith("BILSTM_") and name not in known
    ]


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """Return ' Did you mean …?' with the most similar name; empty if none is similar."""
    by_lower = {name.lower(): name for name in names}
    nearest = get_close_matches(f"{word!s:.{_LONGEST_WORD}}".lower(), by_lower, n=1, cutoff=0.6)
    return f" Did you mean {by_lower[nearest[0]]}?" if nearest else ""


def _describe_error(detail: ErrorDetails, origins: Mapping[str, str]) -> str:
    """Describe one of pydantic's errors in one or two sentences."""
    if detail["type"] == "contradiction":
        context = detail.get("ctx", {})
        named = [f"{name} from {origins[name]}" for name in context["fields"] if origins.get(name)]
        shown = f" ({', '.join(named)})" if named else ""
        return f"{detail['msg']}{shown}. Allowed: {context['allowed']}."
    name = str(detail["loc"][0])
    origin = f" (from {origins[name]})" if origins[name] else ""
    if name not in SETTINGS:
        known = did_you_mean(name, SETTINGS)
        return f"There is no setting {one_line(name)}{origin}.{known}"
    setting, value = SETTINGS[name], detail["input"]
    shown = one_line(value if isinstance(value, str) else _short(value))
    nearest = did_you_mean(value, setting.choices) if setting.kind == "choice" else ""
    return f"{name} = {shown}{origin} is not allowed. Allowed: {setting.allowed}.{nearest}"


def _problems_of(details: Iterable[ErrorDetails]) -> dict[str, str]:
    """What is wrong with each setting, without its name and value, which stand beside it."""
    problems: dict[str, str] = {}
    for detail in details:
        if detail["type"] == "contradiction":
            context = detail.get("ctx", {})
            message = f"{detail['msg']}. Allowed: {context['allowed']}."
            problems |= dict.fromkeys(context["fields"], message)
        elif detail["loc"][0] in SETTINGS:
            name = str(detail["loc"][0])
            problems[name] = f"Not allowed. Allowed: {SETTINGS[name].allowed}."
    return problems


def _short(value: object) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # Python refuses to write numbers of thousands of digits
        return "a number of thousands of digits"
