"""`bilstm-tui sweep NAME`: searches for the best settings, on all devices that see the folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from bilstm_core import paths
from bilstm_core.config.resolve import read_toml, resolve
from bilstm_core.config.settings import SETTINGS
from bilstm_core.errors import UsageError
from bilstm_core.sweeps.choices import (
    EPOCH_HELP,
    HELD_OUT,
    HOW,
    MOST_TRIALS,
    OBJECTIVE_HELP,
    PRUNER_HELP,
    SAMPLER_HELP,
)
from bilstm_core.sweeps.folders import find_sweep, list_sweeps
from bilstm_core.sweeps.slots import find_slots
from bilstm_core.wording import counted

from ..text.command_line import option
from ..text.console import say
from . import sweep_orders
from .options import Ascii, ConfigFile, DataDir, Preset, Redraws, RunsDir, given, switch
from .train import chosen_preset, require_one_process, require_terminal, watch_sweep

if TYPE_CHECKING:
    from bilstm_core.config.schema import RunConfig
    from bilstm_core.sweeps.plan import Plan
    from bilstm_core.sweeps.study import Study

_TABLES = ("search", "sweep")
"""Tables of a TOML file of settings that are a sweep's."""


def _choices(help_line: str, choices: Mapping[str, str], default: str) -> Parameter:
    lines = "; ".join(f"{name} = {line}" for name, line in choices.items())
    in_words = f"{help_line}: {lines} (default: {default})"
    return Parameter(help=in_words, metavar="NAME", show_default=False)


def sweep(
    name: Annotated[
        str, Parameter(help="its name; a folder of this name keeps it", metavar="NAME")
    ],
    /,
    *,
    search: Annotated[
        list[str] | None,
        Parameter(
            help="a setting to search: hidden_size=64..512:log, dropout=0..0.5:0.1, or "
            "cell=lstm,gru; once for each",
            metavar="NAME=VALUES",
            negative="",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        Parameter(
            help="how many trials there are to be, over all helpers and machines (default: 50; of "
            "a grid all)",
            metavar="N",
            validator=Number(gte=1, lte=MOST_TRIALS),
        ),
    ] = None,
    sampler: Annotated[str | None, _choices("chooses trials", SAMPLER_HELP, "tpe")] = None,
    pruner: Annotated[str | None, _choices("ends trials early", PRUNER_HELP, "median")] = None,
    objective: Annotated[
        str | None, _choices("what is compared, on validation data", OBJECTIVE_HELP, "accuracy")
    ] = None,
    epoch: Annotated[str | None, _choices("of which epoch", EPOCH_HELP, "last")] = None,
    devices: Annotated[
        str,
        Parameter(
            help="where to train: auto = all NVIDIA GPUs, else the processor; or such as "
            "cuda:0,cuda:2 or cpu×4 (cpux4)",
            metavar="LIST",
        ),
    ] = "auto",
    parallel: Annotated[
        int | None,
        Parameter(
            help="trials at once on each device (default: 1 on a GPU, on a processor 1 a core, at "
            "most a quarter of the trials)",
            metavar="N",
            validator=Number(gte=1, lte=1024),
        ),
    ] = None,
    detach: Annotated[bool, switch("search in the background; print the sweep's name")] = False,
    json: Annotated[bool, switch("print JSON lines on stdout")] = False,
    status: Annotated[bool, switch("print the trials, the best first, and exit")] = False,
    best: Annotated[bool, switch("print the best trial's settings as TOML and exit")] = False,
    pause: Annotated[bool, switch("pause the sweep everywhere")] = False,
    resume: Annotated[bool, switch("end the pause")] = False,
    stop: Annotated[bool, switch("stop the sweep's helpers everywhere")] = False,
    watch: Annotated[
        bool,
        switch(
            "open the app at the leaderboard; with --search or --detach, search in the background"
        ),
    ] = False,
    ascii: Ascii = False,  # noqa: A002
    redraws: Redraws = None,
    preset: Preset = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = None,
    **settings: str | bool | None,
) -> int:
    """Search for the best settings: start a sweep, or help with one."""
    folder = paths.runs_dir(runs_dir).resolve()
    data_dir = data_dir and paths.expand_home(data_dir).absolute()
    if not name:
        raise UsageError("A sweep needs a name.", f"Such as: {_how_to_start('first')}")
    chosen_ways = [it for it in (status, best, pause, resume, stop, watch) if it]
    if len(chosen_ways) > 1:
        raise UsageError(
            "--status, --best, --pause, --resume, --stop and --watch exclude each other."
        )
    how = {"sampler": sampler, "pruner": pruner, "objective": objective, "epoch": epoch}
    if chosen_ways and not watch:
        ways = {"status": status, "best": best, "pause": pause, "resume": resume, "stop": stop}
        (way,) = (word for word, is_chosen in ways.items() if is_chosen)
        others = {"search": search, "trials": trials, **how, "parallel": parallel, "ascii": ascii}
        others |= {"devices": devices != "auto", "detach": detach, "redraws": redraws}
        others |= {"preset": preset, "config": config, "data-dir": data_dir}
        others["json"] = json and not status
        words = [f"--{word}" for word, value in others.items() if value]
        words += [option(SETTINGS[key], it).split()[0] for key, it in given(settings).items()]
        sweep_orders.require_effect(name, way, words)
        return sweep_orders.look_or_order(folder, name, way, as_json=json)
    require_one_process("A sweep is started")
    if watch:
        if json:
            raise UsageError("--watch and --json exclude each other.")
        other = ["Or search in this terminal, without --watch."] if search or detach else []
        require_terminal(f"Print its trials: bilstm-tui sweep {quote(name)} --status", *other)
    _require_devices(devices, parallel or 0)  # refused before anything starts
    request = _Request(
        searched=_searched(search or []),
        how={key: value for key, value in how.items() if value is not None},
        trials=trials,
        settings=given(settings),
        config=config,
        preset=preset,
    )
    if watch and not (request.is_described or trials or detach):
        find_sweep(folder, name)
        return watch_sweep(name, folder, data_dir, redraws, is_ascii=ascii)
    from . import sweep_report  # imports Optuna: a second

    study = request.open(folder, name)
    if watch:
        from bilstm_core.sweeps.helper import start_in_background

        start_in_background(study, devices, parallel or 0, data_dir)
        return watch_sweep(name, folder, data_dir, redraws, is_ascii=ascii)
    train = sweep_report.train_in_background if detach else sweep_report.train
    return train(study, devices, parallel or 0, data_dir, as_json=json)


def _how_to_start(name: str) -> str:
    return f"bilstm-tui sweep {quote(name)} --search hidden_size=64..512:log"


def _require_devices(devices: str, parallel: int) -> None:
    """Refuse devices that are not there or make no sense."""
    try:
        find_slots(devices, parallel, 1)
    except UsageError as error:
        example = "Such as: --devices cpux4, --devices cuda:0,cuda:2, or --devices cuda:0x3"
        raise UsageError(error.message, example, title=error.title) from None


@dataclass(frozen=True)
class _Request:
    """What was asked for when a sweep was started or joined.

    Attributes:
        how: Fields of a `Plan` by name, as typed.
    """

    searched: dict[str, str]
    how: dict[str, str]
    trials: int | None
    settings: dict[str, str | bool]
    config: Path | None
    preset: str | None

    @property
    def is_described(self) -> bool:
        """Whether anything was typed of what a sweep searches, and how."""
        return bool(self.searched or self.how or self.settings or self.config or self.preset)

    def open(self, runs_dir: Path, name: str) -> "Study":
        """The sweep: a new one, or that which is there if it is the same or nothing else is typed.

        Raises:
            UsageError: Another one has this name, or there is none and nothing is searched.
        """
        from bilstm_core.sweeps.plan import require_how
        from bilstm_core.sweeps.study import check_name

        check_name(name)
        written = read_toml(self.config) if self.config else {}
        search = {**_table(written, "search"), **self.searched}
        how = {**_table(written, "sweep"), **self.how}
        how.pop("trials", None)
        require_how(how)
        if search:
            study = self._create_or_join(runs_dir, name, search, how, _trials_in(written))
        else:
            study = self._join(runs_dir, name, how)
        if self.trials and self.trials != study.trials_wanted:
            _change_trials(study, self.trials)
        return study

    def _join(self, runs_dir: Path, name: str, how: Mapping[str, Any]) -> "Study":
        """The sweep that is there, if what is typed of it is the same."""
        from bilstm_core.sweeps.study import find_study

        try:
            study = find_study(runs_dir, name)
        except UsageError as error:
            start = f"Start it: {_how_to_start(name)}"
            raise UsageError(error.message, error.advice, start, title=error.title) from None
        if self.is_described:
            from bilstm_core.sweeps.plan import make_plan

            there = study.plan
            settings = self._resolved(base=None if self.preset else there.settings)
            same = {field: getattr(there, field) for field in HOW}
            _require_same(name, there, make_plan(settings, there.search, **{**same, **how}))
        return study

    def _create_or_join(
        self,
        runs_dir: Path,
        name: str,
        search: Mapping[str, object],
        how: Mapping[str, Any],
        trials: int,
    ) -> "Study":
        from bilstm_core.sweeps.plan import make_plan
        from bilstm_core.sweeps.study import DEFAULT_TRIALS, create_study, find_study

        settings = self._resolved()
        plan = make_plan(settings, search, **how)
        if name not in list_sweeps(runs_dir):
            trials = self.trials or trials
            try:
                study = create_study(runs_dir, name, plan, trials)
            except UsageError:  # of helpers that start at once all find none, and one creates it
                if name not in list_sweeps(runs_dir):
                    raise
            else:
                if not settings.validation_fraction:
                    _say_what_is_held_out()
                _say_if_fewer(study, trials or (0 if plan.sampler == "grid" else DEFAULT_TRIALS))
                return study
        study = find_study(runs_dir, name)
        _require_same(name, study.plan, plan)
        return study

    def _resolved(self, base: Mapping[str, Any] | None = None) -> "RunConfig":
        """The settings as typed; where there is a base, all others are its."""
        return resolve(
            self.settings,
            environ=os.environ if base is None else None,
            file=self.config,
            preset=chosen_preset(self.preset),
            base=base,
            typed_in="the command line",
            tables=_TABLES,
        )


def _searched(words: list[str]) -> dict[str, str]:
    """The searched settings by name, as typed: `NAME=VALUES`."""
    searched: dict[str, str] = {}
    for word in words:
        name, separator, text = word.partition("=")
        name = name.strip().replace("-", "_")
        if not separator:
            raise UsageError(
                f"--search {word} is not understood.",
                "Such as: --search hidden_size=64..512:log --search cell=lstm,gru",
            )
        if name in searched:
            raise UsageError(f"{name} is searched twice.")
        searched[name] = text
    return searched


def _table(written: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table of a TOML file."""
    table = written.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"[{name}] in the file is not a table.")
    return table


def _trials_in(written: Mapping[str, Any]) -> int:
    trials = _table(written, "sweep").get("trials", 0)
    if not isinstance(trials, int) or isinstance(trials, bool) or not 0 <= trials <= MOST_TRIALS:
        raise UsageError(f"trials = {trials!r} is not allowed. Allowed: 1 to {MOST_TRIALS:,}.")
    return trials


def _require_same(name: str, there: "Plan", asked: "Plan") -> None:
    """Refuse to join a sweep that searches something else."""
    if there == asked:
        return
    before, now = there.model_dump(), asked.model_dump()
    settings = [key for key, value in now["settings"].items() if before["settings"][key] != value]
    names = [key for key in before if key != "settings" and before[key] != now[key]] + settings
    raise UsageError(
        f"There is a sweep {name} already, with another {', '.join(names)}.",
        f"Join it as it is: bilstm-tui sweep {name}",
        "Or choose another name.",
        title="There is another sweep of this name",
    )


def _change_trials(study: "Study", asked: int) -> None:
    """Change how many trials there are to be, unless more have started already."""
    if asked < study.started:
        started = counted(study.started, "trial")
        say(f"{study.name} has {started} already; nothing was changed.", stderr=True)
        return
    _say_if_fewer(study, asked)
    study.want_trials(asked)


def _say_if_fewer(study: "Study", asked: int) -> None:
    """Say where there are fewer combinations than trials were asked for."""
    number = study.combinations
    if number and number < asked:
        trials = counted(number, "trial")
        say(f"All {number:,} combinations: {trials} instead of {asked:,}.", stderr=True)


def _say_what_is_held_out() -> None:
    part = round(100 * HELD_OUT)
    say(
        f"The settings hold out no validation data: the sweep holds out {part} % of the "
        "training set (--validation-fraction).",
        stderr=True,
    )
