"""What is said of a sweep above its trials, and of the trial under the cursor below them."""

from typing import TYPE_CHECKING

from rich.text import Text

from ....text.numbers import bar
from ....text.sweep_lines import plan_lines, setting_text, value_text
from .reading import Seen

if TYPE_CHECKING:
    from bilstm_core.sweeps.leaderboard import Row, State

_BAR, _WIDE = 16, 100  # columns of the bar, and of the terminal from which on there is one
_STATES: tuple["State", ...] = (
    *("training", "interrupted", "finished", "pruned", "stopped", "failed"),
)
NO_SWEEP = (
    "No sweep here yet. A sweep trains many runs with different settings, here or on many "
    "machines, and ranks them by their result on validation data.\n\n"
    "Start one on the command line, such as:\n\n"
    "  bilstm-tui sweep first --dataset digits --trials 20 \\\n"
    "    --search hidden_size=16..256:log --search cell=lstm,gru\n\n"
    "Its leaderboard is then here, and continues without this terminal."
)
NO_TRIAL = "No trial has started yet. If no process trains this sweep, t starts one here."


def caption(seen: Seen, width: int, *, is_tall: bool) -> Text:
    """The sweep in two lines, of a tall terminal in three."""
    board = seen.board
    ended = board.ended
    first = Text().append(seen.name, "bold")
    if width >= _WIDE:
        done = bar(ended / max(1, board.wanted), _BAR)
        first.append("  ").append(done, "green").append("─" * (_BAR - len(done)), "dim")
    first.append(f"  {ended} of {board.wanted:,}", "bold")
    if board.is_paused:
        first.append("  ").append(" paused ", "reverse bold")
    counts = [(board.count(state), state) for state in _STATES]
    words = ", ".join(f"{count} {state}" for count, state in counts if count)
    first.append(f"  {words or 'no trial yet'}")
    lines = [first, _best_line(seen)]
    if is_tall:
        lines.append(Text(plan_lines(seen.plan, board.wanted)[1], "dim"))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join(lines)


def _best_line(seen: Seen) -> Text:
    best = seen.board.best
    if not best:
        return Text("best: no trial has finished yet", "dim")
    line = Text.assemble(("best ", "dim"), (value_text(seen.plan, best.value) + seen.unit, "bold"))
    line.append(f"  trial {best.number}", "dim")
    for name, value in best.settings.items():
        line.append(f"  {name} ", "dim").append(setting_text(value))
    return line


def trial_line(row: "Row | None", width: int) -> Text:
    """The trial under the cursor: its run, and why it has ended early."""
    if not row:
        return Text()
    line = Text().append(f"trial {row.number}", "bold")
    line.append(f"  {row.run}" if row.run else "  no run yet", "dim")
    if row.problem:
        line.append(f"  {row.problem}", "red" if row.state == "failed" else "")
    elif row.state == "interrupted":
        line.append("  no process trains it: the next free one resumes it", "yellow")
    line.truncate(width, overflow="ellipsis")
    return line
