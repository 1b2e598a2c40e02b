"""Whatever a screen shows can be read in every kind of theme, and without colours."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.color import ColorType
from rich.style import Style
from textual._compositor import Compositor
from textual.pilot import Pilot

from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.runs.store import list_runs
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.marks import MARKERS
from bilstm_tui.app.widgets.run_details import RunDetails
from tests.tui.app.contrast.made_up import RUNS, explain, make_runs
from tests.tui.app.contrast.walk import (
    FEWER_COLOURS,
    THEMES,
    Seen,
    Walk,
    restyle,
    send_nothing,
    walk_through,
)
from tests.tui.contrast import Drawn, drawn
from tests.tui.driving import FakeWorker, drive, open_runs, text, until

pytestmark = pytest.mark.timeout(600)  # the first test goes through all screens
SIZE = (120, 36)
BRAILLE = "".join(map(chr, range(0x2800, 0x2900)))


IN_FEWER_COLOURS = [
    f"{theme}, {colours}"
    for theme in THEMES
    if not theme.startswith("ansi")
    for colours in FEWER_COLOURS
]


@dataclass(frozen=True)
class Exempt:
    """What need not have the contrast.

    Attributes:
        widget: A class in the path of its widget; empty for all.
        characters: Those that are meant; empty for all.
        least: The contrast that they need all the same.
    """

    reason: str
    widget: str = ""
    characters: str = ""
    least: float = 0.0

    def applies(self, it: Drawn) -> bool:
        is_there = not self.widget or self.widget in it.widget.split()
        is_there = is_there and it.contrast >= self.least
        return is_there and (not self.characters or not {*it.characters} - {*self.characters})


EXEMPT = (
    Exempt("two pixels of a picture: their brightness is what they say", characters="▀"),
    Exempt("a scrollbar repeats what is in view", widget="ScrollBar"),
    Exempt("raw values behind a smoothed curve are fainter on purpose", "Chart", BRAILLE, 2.0),
    Exempt("the line below the tabs: the active one is bold", widget="Underline"),
    Exempt("the edge of a button, whose words are on its ground", "AnswerButton", "▁▔▊▎"),
    Exempt("Textual's palette of commands", widget="CommandPalette"),
    Exempt("the cursor on the first letter of a placeholder", "Filter", "/"),
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What every screen draws in every theme: the app is started once."""
    folder = tmp_path_factory.mktemp("contrast")
    worker, found = FakeWorker(), Seen()
    worker.may_answer.set()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        walk = Walk(app, pilot)
        (run,) = [it for it in list_runs(app._runs_dir) if "finished" in it.name]
        await until(pilot, lambda: "Being trained now" in text(app))
        await walk_through(walk, worker, run, changes)
        found.update(walk.seen)

    with pytest.MonkeyPatch.context() as changes:
        for name in ("CONFIG", "CACHE", "STATE"):
            changes.setenv(f"XDG_{name}_HOME", str(folder / name))
        changes.setattr(ExaminerClient, "explain", explain)
        changes.setattr(BilstmApp, "refresh_css", restyle)
        changes.setattr(Compositor, "render_update", send_nothing)
        lock = make_runs(folder / "runs")
        try:
            drive(worker, folder / "runs", steps, SIZE, has_toasts=True, at_home=True)
        finally:
            lock.release()
    return found


def is_exempt(it: Drawn) -> bool:
    return any(exempt.applies(it) for exempt in EXEMPT)


def report(wrong: list[tuple[str, Drawn]]) -> str:
    """What cannot be read, each once, with a screen where that is so."""
    lines = {str(it): screen for screen, it in reversed(wrong)}
    return "\n".join(["", *(f"{line}  ({screen})" for line, screen in sorted(lines.items()))])


@pytest.mark.parametrize("theme", [*THEMES, *IN_FEWER_COLOURS])
def test_everything_can_be_read(theme: str, seen: Seen) -> None:
    wrong = [
        (screen, it)
        for (screen, in_theme), everything in seen.items()
        for it in everything
        if in_theme == theme and it.contrast < it.least and not is_exempt(it)
    ]
    assert not wrong, report(wrong)


def test_every_exemption_is_needed(seen: Seen) -> None:
    faint = [it for everything in seen.values() for it in everything if it.contrast < it.least]
    for exempt in EXEMPT:
        assert any(map(exempt.applies, faint)), exempt


def test_the_walk_comes_to_every_kind_of_text_and_mark(seen: Seen) -> None:
    drawn_by = {
        name for everything in seen.values() for it in everything for name in it.widget.split()
    }
    screens = ("Home", "Tour", "Train", "Runs", "Inspect", "Sweep")
    assert {f"{it}Screen" for it in screens} <= drawn_by
    assert {"RunDetails", "Chart", "ClassBars", "Gallery", "SeriesView", "Toast"} <= drawn_by


def words_of_row(app: BilstmApp, y: int) -> list[tuple[str, Style]]:
    """The words in a line of the screen, each with its style."""
    strip = app.screen._compositor.render_strips()[y]
    return [(it.text.strip(), it.style or Style()) for it in strip if it.text.strip()]


async def mark_two_runs(app: BilstmApp, pilot: Pilot[int]) -> list[list[tuple[str, Style]]]:
    """Compare the first two of the listed runs; the first rows, of which the cursor has one."""
    await until(pilot, lambda: all(status in text(app) for status in RUNS))
    table = await open_runs(app, pilot, len(RUNS))
    await pilot.press("down", "space", "up", "space")
    details = app.screen.query_one(RunDetails)
    await until(pilot, lambda: len(details.marked) == 2)
    await until(pilot, lambda: "bidirectional" in text(app) or "hidden_size" in text(app))
    return [words_of_row(app, table.region.y + 1 + row) for row in range(len(RUNS))]


def check_rows(rows: list[list[tuple[str, Style]]]) -> None:
    """Check that cursor, marks and states differ without a look at the colour of the letters."""
    under_cursor, marked, other = (
        ({style.bgcolor for _, style in row}, [bool(style.bold) for _, style in row])
        for row in rows[:3]
    )
    assert all(under_cursor[1])
    assert {*marked[1]} == {True, False}  # the name is bold
    assert not any(other[1])
    assert under_cursor[0].isdisjoint(other[0])
    words = [" ".join(word for word, _ in row) for row in rows]
    assert all(status in row for status, row in zip(RUNS[::-1], words, strict=True))
    assert [row[0] for row in words[:2]] == [*MARKERS[1::-1]]


def test_without_colours_states_and_curves_differ_by_words_and_shapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    lock = make_runs(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        check_rows(await mark_two_runs(app, pilot))
        await until(pilot, lambda: "⠤⠤⠤● " in text(app) and "⠤⠤ ▲ " in text(app))
        lines = text(app).splitlines()
        for marker in MARKERS[:2]:  # in the table, at the end of the curve, and in the legend
            assert sum(marker in line for line in lines) >= 3
        everything = [*drawn(app)]
        assert everything
        assert all(it.ink.r == it.ink.g == it.ink.b for it in everything)
        assert not [it for it in everything if it.contrast < it.least and not is_exempt(it)]

    try:
        drive(FakeWorker(), tmp_path, steps, SIZE, at_home=True)
    finally:
        lock.release()


@pytest.mark.parametrize("terminal", ["screen", "xterm-16color"])
def test_on_a_terminal_of_sixteen_colours_the_app_chooses_them_itself(
    terminal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.delenv("COLORTERM")
    lock = make_runs(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        check_rows(await mark_two_runs(app, pilot))
        for y in range(SIZE[1]):
            for _, style in words_of_row(app, y):
                assert style.color is None or style.color.type == ColorType.STANDARD
                assert style.bgcolor is not None
                assert style.bgcolor.type == ColorType.STANDARD
                assert (style.bgcolor.number or 0) < 8
        app.theme = "textual-light"  # where few colours can be read
        await until(pilot, lambda: "⠤⠤ ▲ " in text(app))

    try:
        drive(FakeWorker(), tmp_path, steps, SIZE, at_home=True)
    finally:
        lock.release()
