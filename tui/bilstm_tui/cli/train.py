"""`bilstm-tui`: trains in the app, in this terminal (`--no-ui`) or in the background."""

import os
import shlex
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from bilstm_core import paths
from bilstm_core.compute.launch import is_launched
from bilstm_core.config.resolve import resolve, to_toml, unknown_variables
from bilstm_core.config.settings import SETTINGS, without_effect
from bilstm_core.data.sources.registry import require_fit
from bilstm_core.errors import Remedy, UsageError
from bilstm_core.runs.store import check_label

from ..app.preferences import PreferencesFile
from ..text.console import is_screen, say, show_internal_error, show_warning
from .options import Ascii, ConfigFile, DataDir, Preset, Redraws, RunsDir, given, switch

if TYPE_CHECKING:
    from bilstm_core.config.schema import RunConfig
    from bilstm_core.processes.protocol import ResumeRun, StartRun
    from bilstm_core.runs.run import Run


def train(
    *,
    no_ui: Annotated[bool, switch("train in this terminal, in lines instead of the app")] = False,
    json: Annotated[
        bool,
        switch("print events as JSON lines on stdout, nothing else there; implies --no-ui"),
    ] = False,
    preset: Preset = None,
    config: ConfigFile = None,
    print_config: Annotated[bool, switch("print the resulting settings as TOML and exit")] = False,
    name: Annotated[
        str | None, Parameter(help="the readable part of the run's name; default: its cell")
    ] = None,
    detach: Annotated[
        bool,
        switch("train in a process that outlives this terminal; print the run's name; no app"),
    ] = False,
    ascii: Ascii = False,  # noqa: A002
    redraws: Redraws = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: str | bool | None,
) -> int:
    """Train: in the app, or with --no-ui in lines."""
    opens_app = not (no_ui or json or detach or print_config)
    if opens_app:
        require_one_process("The app runs")
    data_dir = data_dir and paths.expand_home(data_dir).absolute()
    typed = given(settings)
    is_data_chosen = "dataset" in typed or SETTINGS["dataset"].variable in os.environ or config
    needs_digits = opens_app and not is_data_chosen and not _has_mnist(paths.data_dir(data_dir))
    resolved = resolve_typed(
        {**typed, "dataset": "digits"} if needs_digits else typed,  # no download on a first start
        config,
        preset,
    )
    _warn(resolved, typed)
    if print_config:
        sys.stdout.write(to_toml(resolved))
        return 0
    if not resolved.is_own_data:  # which are read once, where the run is made
        require_fit(resolved)
    if opens_app:
        require_terminal()
    if name is not None:
        check_label(name)
    folder = paths.runs_dir(runs_dir).absolute()
    if not opens_app:
        from bilstm_core.processes.protocol import StartRun  # not needed for --help

        order = StartRun(config=resolved, runs_dir=folder, name=name, data_dir=data_dir)
        return carry_out(order, detach=detach, as_json=json)
    preferences, shown_preset = PreferencesFile(), chosen_preset(preset)
    variables = (paths.PRESET_VARIABLE, *(setting.variable for setting in SETTINGS.values()))
    is_anything_chosen = typed or config or preset or any(map(os.environ.get, variables))
    if not is_anything_chosen and preferences.saved.last_form:
        resolved, shown_preset = preferences.saved.last_form
    at_home = not is_anything_chosen and preferences.saved.starts_at_home
    where = (folder, data_dir)
    look = {"redraws_per_second": redraws, "is_ascii": ascii, "preferences": preferences}
    return _open_app(resolved, shown_preset, *where, name=name, at_home=at_home, **look)


def watch_sweep(
    sweep: str, folder: Path, data_dir: Path | None, redraws: float | None, *, is_ascii: bool
) -> int:
    """Open the app at the leaderboard of a sweep; Home is below it."""
    preferences = PreferencesFile()
    last = preferences.saved.last_form or (
        resolve_typed({"dataset": "digits"}, None, None),
        "default",
    )
    look = {"redraws_per_second": redraws, "is_ascii": is_ascii, "preferences": preferences}
    return _open_app(*last, folder, data_dir, sweep=sweep, at_home=True, **look)


def _open_app(
    config: "RunConfig",
    preset: str,
    folder: Path,
    data_dir: Path | None,
    *,
    is_ascii: bool,
    **options: Any,
) -> int:
    """Open the app; return the exit code."""
    from ..app.app import BilstmApp

    is_ascii = is_ascii or not sys.stdout.encoding.lower().startswith("utf")
    app = BilstmApp(config, preset, folder, data_dir, is_ascii=is_ascii, **options)
    code = app.run()
    if app.internal_error:
        return show_internal_error(app.internal_error)
    _say_what_was_left(app.left_run, folder)
    return code or 0


def _warn(config: "RunConfig", typed: Collection[str]) -> None:
    """Warn of variables that are unknown, and of options that have no effect."""
    for warning in unknown_variables(os.environ):
        show_warning(warning)
    for name, why in without_effect(config).items():
        if name in typed:
            show_warning(f"{SETTINGS[name].flag} has no effect: {why}.")


def _say_what_was_left(run: "Run | None", folder: Path) -> None:
    """Say which run continues after the app has been quit."""
    if run and run.is_live:
        say(f"{run.name} continues without the app.")
        _say_how_to_follow(run, folder)


def _say_how_to_follow(run: "Run", folder: Path) -> None:
    """Say how to follow and to stop a run that is trained elsewhere, from this folder."""
    is_default = folder == paths.runs_dir().absolute()
    option = "" if is_default else f" --runs-dir {shlex.quote(str(folder))}"
    say(f"Follow it: bilstm-tui attach {run.name}{option}")
    say(f"Stop it:   bilstm-tui stop {run.name}{option}")


def carry_out(order: "StartRun | ResumeRun", *, detach: bool, as_json: bool) -> int:
    """Train in this process, or start a worker and print its run's name; return the exit code."""
    if detach:
        require_one_process("--detach starts a run")
    else:
        from . import headless

        return headless.run(order, as_json=as_json)
    from bilstm_core.processes.worker_client import WorkerClient

    run = WorkerClient().open_run(order)
    sys.stdout.write(run.name + "\n")
    if sys.stdout.isatty():
        _say_how_to_follow(run, run.path.parent)
    return 0


def require_one_process(what: str) -> None:
    """Refuse what only one process can do, where torchrun has started several."""
    if is_launched():
        raise UsageError(
            f"{what} in one process, and torchrun has started several.",
            "Under torchrun, train with --no-ui, or resume a run.",
        )


def resolve_typed(
    settings: dict[str, str | bool], config: Path | None, preset: str | None
) -> "RunConfig":
    """The configuration from typed settings, the environment, a file and a preset."""
    return resolve(
        settings,
        environ=os.environ,
        file=config,
        preset=chosen_preset(preset),
        typed_in="the command line",
    )


def chosen_preset(typed: str | None) -> str:
    """The preset to start from: as typed, from the environment, or the default."""
    return typed or os.environ.get(paths.PRESET_VARIABLE) or "default"


def _has_mnist(folder: Path) -> bool:
    """Whether a data folder, in any accepted layout, seems to contain MNIST."""
    parts = ("MNIST/raw", "raw")
    return folder.name == "raw" or any(os.access(folder / part, os.F_OK) for part in parts)


def require_terminal(*instead: str) -> None:
    """Raise a `UsageError` if stdin or stdout is not a terminal that can show the app.

    Args:
        instead: Advice; by default to train without the app.
    """
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if is_terminal and is_screen():
        return
    raise UsageError(
        f"The app needs a terminal, and TERM={os.environ.get('TERM', '')} cannot show it."
        if is_terminal
        else "The app needs a terminal, and stdin or stdout is not one.",
        *(instead or [Remedy("Train without the app.", "train")]),
        title="No terminal",
    )
