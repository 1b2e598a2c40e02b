"""`bilstm-tui sweep NAME --status` and the other options that start nothing."""

from pathlib import Path
from shlex import quote

from bilstm_core.errors import UsageError

from ..text.console import say


def require_effect(name: str, way: str, words: list[str]) -> None:
    """Refuse options that change nothing beside one that starts nothing."""
    if not words:
        return
    advice = [f"Leave {'it' if len(words) == 1 else 'them'} out."]
    if "--trials" in words:
        advice.append(f"To train more trials: bilstm-tui sweep {quote(name)} --trials N")
    have = "has" if len(words) == 1 else "have"
    raise UsageError(f"{', '.join(words)} {have} no effect with --{way}.", *advice)


def look_or_order(folder: Path, name: str, way: str, *, as_json: bool) -> int:
    """Carry out one of the options that start nothing."""
    from bilstm_core.sweeps import orders
    from bilstm_core.sweeps.study import find_study

    from . import sweep_report  # imports Optuna: a second

    study = find_study(folder, name)
    match way:
        case "status":
            return sweep_report.print_status(study, as_json=as_json)
        case "best":
            return sweep_report.print_best(study)
        case "pause":
            orders.set_paused(study, True)
            say(f"Paused {study.name}")
        case "resume":
            orders.set_paused(study, False)
            say(f"{study.name} continues")
            if not study.is_over:
                say(f"If no process trains it: bilstm-tui sweep {study.name}")
        case _:
            orders.stop(study)
            say(
                f"The helpers of {study.name} stop; its trials are resumed by: "
                f"bilstm-tui sweep {name}"
            )
    return 0
