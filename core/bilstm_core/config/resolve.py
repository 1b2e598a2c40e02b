"""From what was typed, set, written and chosen to one `RunConfig`, or to one clear message.

Precedence: flag typed > environment (`BILSTM_…`) > TOML file > preset > default.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..errors import ConfigError, Remedy
from ..files import read_text
from ..paths import OTHER_VARIABLES
from .presets import PRESETS
from .schema import DATASETS, GROUPS, SETTINGS, RunConfig, settings_in


@dataclass(frozen=True)
class _Layer:
    """Values from one place, and what to call that place in a message."""

    values: Mapping[str, Any]
    origin: Callable[[str], str]  # setting name -> words


def resolve(
    settings: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    preset: str = "default",
    base: Mapping[str, Any] | None = None,
    is_untrusted: bool = False,
    typed_in: str = "",
) -> RunConfig:
    """Merge all layers and check the result.

    Args:
        settings: Values by setting name, such as those typed on a command line.
        environ: Environment variables; those that name a setting count.
        file: A TOML file of settings.
        preset: A key of `PRESETS`.
        base: Settings to start from in the place of a preset.
        is_untrusted: Whether the file comes from a run's folder, where anything may lie.
        typed_in: Where `settings` were typed, for messages; empty where it goes without saying.

    Raises:
        ConfigError: With a message that names every wrong field, its value, where it came
            from, what is allowed, and the nearest right name.
    """
    if preset not in PRESETS:
        raise ConfigError(
            f"There is no preset '{preset}'.{did_you_mean(preset, PRESETS)}",
            f"Presets: {', '.join(PRESETS)}.",
        )
    chosen = [
        _Layer(settings or {}, lambda _: typed_in),
        _Layer(_from_environment(environ or {}), lambda name: SETTINGS[name].variable),
        _Layer(read_toml(file, is_untrusted=is_untrusted) if file else {}, lambda _: str(file)),
    ]
    dataset = next((layer.values["dataset"] for layer in chosen if "dataset" in layer.values), None)
    start = PRESETS[preset].values_for(str(dataset or "mnist")) if base is None else base
    origin = f"preset {preset}" if base is None else "the run"
    layers = [*chosen, _Layer(start, lambda _: origin)]
    merged = {name: value for layer in reversed(layers) for name, value in layer.values.items()}
    is_chosen = not is_untrusted and any("dataset" in layer.values for layer in chosen)
    try:
        return RunConfig.model_validate(
            merged, context={"datasets": DATASETS} if is_chosen else None
        )
    except ValidationError as error:
        origins = {name: _origin(name, layers) for name in merged}
        raise ConfigError(
            "\n".join(_in_words(detail, origins) for detail in error.errors()),
            Remedy("See every setting and its allowed values.", "list_settings"),
        ) from None


def revise(config: RunConfig, changes: Mapping[str, Any], typed_in: str = "") -> RunConfig:
    """A configuration with some settings otherwise.

    Args:
        config: The configuration.
        changes: As typed, by setting name.
        typed_in: Where they were typed, for messages; empty where it goes without saying.

    Raises:
        ConfigError: One of them is wrong.
    """
    return resolve(changes, base=config.model_dump(), typed_in=typed_in)


def problem_with(config: RunConfig, changes: Mapping[str, Any]) -> str:
    """What is wrong with changing a configuration so, in words; empty where nothing is."""
    try:
        revise(config, changes, typed_in="this dialog")
    except ConfigError as error:
        return error.message
    return ""


def read_toml(file: Path, *, is_untrusted: bool = False) -> dict[str, Any]:
    """The settings in a TOML file, unchecked.

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
    """The configuration as a TOML text that `resolve` reads back to an equal one."""
    lines = ["# bilstm-tui --no-ui --config THIS_FILE repeats this run"]
    for group, what in GROUPS.items():
        lines += ["", f"# {group}: {what}"]
        for setting in settings_in(group):
            value = tomli_w.dumps({setting.name: getattr(config, setting.name)}).strip()
            lines.append(f"{value}  # {setting.allowed}")
    return "\n".join(lines) + "\n"


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each `BILSTM_…` variable that names nothing we know."""
    known = {setting.variable for setting in SETTINGS.values()} | set(OTHER_VARIABLES)
    return [
        f"The environment variable {name} names no setting and is ignored."
        + did_you_mean(name, known)
        for name in sorted(environ)
        if name.startswith("BILSTM_") and name not in known
    ]


def did_you_mean(word: object, names: Iterable[str]) -> str:
    """' Did you mean …?' for the nearest of some names, or nothing where none is near."""
    by_lower = {name.lower(): name for name in names}
    nearest = get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.6)
    return f" Did you mean {by_lower[nearest[0]]}?" if nearest else ""


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        setting.name: environ[setting.variable]
        for setting in SETTINGS.values()
        if environ.get(setting.variable)
    }


def _origin(name: str, layers: list[_Layer]) -> str:
    """Where the value of a setting came from; empty where it goes without saying."""
    return next(layer.origin(name) for layer in layers if name in layer.values)


def _in_words(detail: ErrorDetails, origins: Mapping[str, str]) -> str:
    """One of pydantic's findings as a sentence or two."""
    if detail["type"] == "contradiction":
        context = detail.get("ctx", {})
        said = [f"{name} from {origins[name]}" for name in context["fields"] if origins.get(name)]
        shown = f" ({', '.join(said)})" if said else ""
        return f"{detail['msg']}{shown}. Allowed: {context['allowed']}."
    name = str(detail["loc"][0])
    origin = f" (from {origins[name]})" if origins[name] else ""
    if name not in SETTINGS:
        return f"There is no setting {name}{origin}.{did_you_mean(name, SETTINGS)}"
    setting, value = SETTINGS[name], detail["input"]
    shown = value if isinstance(value, str) else repr(value)
    nearest = did_you_mean(value, setting.choices) if setting.kind == "choice" else ""
    return f"{name} = {shown}{origin} is not allowed. Allowed: {setting.allowed}.{nearest}"
