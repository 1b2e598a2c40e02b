"""The opening screen, and what leads from it."""

from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandList, CommandPalette
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TabbedContent

from bilstm_core.processes.protocol import StartRun
from bilstm_tui.app import app as app_module
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.preferences import Preferences, PreferencesFile
from bilstm_tui.app.screens import home
from bilstm_tui.app.screens.dialogs import Dialog
from bilstm_tui.app.screens.home import HomeScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.screens.tour import TourScreen
from bilstm_tui.app.widgets.charts.chart import Chart
from bilstm_tui.app.widgets.run_details import RunDetails
from bilstm_tui.cli import main as cli
from tests.recording import Recording
from tests.samples import small_config
from tests.tui.driving import FakeWorker, Steps, drive, past_runs, said, text, until


def words(app: BilstmApp) -> str:
    """What the screen shows beside or below the choices, each gap as one space."""
    place = app.screen.query_one("#home-right").region
    lines = text(app).splitlines()[place.y : place.bottom]
    return " ".join(" ".join(line[place.x + 1 :] for line in lines).split())


def at_home(worker: FakeWorker, runs_dir: Path, steps: Steps, **options: Any) -> BilstmApp:
    async def wait(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Take the tour" in text(app))
        await steps(app, pilot)

    return drive(worker, runs_dir, wait, at_home=True, **options)


def test_one_key_trains(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        assert "BiLSTM 1×16 on digits" in text(app)
        await pilot.press("t")
        await until(pilot, lambda: "got 351 / 360 with accuracy 97.50" in text(app))
        assert app.screen is app.train_screen

    worker = FakeWorker()
    at_home(worker, tmp_path, steps)
    assert worker.orders[0].config == small_config()


@pytest.mark.parametrize("keys", [["1"], ["enter"]])
def test_the_first_choice_trains_too(keys: list[str], tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: worker.orders)

    worker = FakeWorker()
    at_home(worker, tmp_path, steps)
    assert worker.orders[0].config == small_config()


def test_the_other_choices(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("5")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "parameters" in text(app))
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await pilot.press("4")
        await until(pilot, lambda: app.train_screen.query_one(TabbedContent).active == "data")
        assert app.screen is app.train_screen

    worker = FakeWorker()
    at_home(worker, tmp_path, steps)
    assert worker.orders == []


def test_the_settings_are_seen_in_a_small_terminal_after_a_run(tmp_path: Path) -> None:
    past_runs(tmp_path, 8)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Recent runs" in text(app))
        await pilot.press("6")
        await until(pilot, lambda: "got 351 / 360" in text(app))
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen))
        await pilot.press("2")
        await until(pilot, lambda: "hidden_size" in text(app))

    at_home(FakeWorker(), tmp_path, steps, size=(80, 24))


def test_a_run_is_chosen_again_while_the_runs_are_read_again(tmp_path: Path) -> None:
    past_runs(tmp_path, 8)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Recent runs" in text(app))
        for key in ("enter", "6"):
            await pilot.press("6")
            await until(pilot, lambda: "got 351 / 360" in text(app))
            app.post_message(Key("escape", None))
            app.post_message(Key(key, key if len(key) == 1 else None))
            await until(pilot, lambda: app._effect is None and not app._typed_ahead)
            await until(pilot, lambda: app.screen is app.train_screen or words(app))
            await app.show_home()

    at_home(FakeWorker(), tmp_path, steps)


def test_recent_runs_have_their_results_and_open(tmp_path: Path) -> None:
    runs = past_runs(tmp_path, 8, 12)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Recent runs" in text(app))
        newest, older = (text(app).index(f"BiLSTM 1×{size}, digits") for size in (12, 8))
        assert newest < older
        assert "test 97.50 %" in text(app)
        assert "Being trained now" not in text(app)
        await until(pilot, lambda: "settings hidden_size 16, num_epochs 2" in words(app))
        await pilot.press("7")
        await until(pilot, lambda: app.train_screen.view.shown_run == runs[0])
        await until(pilot, lambda: "got 351 / 360" in text(app))

    at_home(FakeWorker(), tmp_path, steps)


def test_a_live_run_is_first_and_enter_shows_it(tmp_path: Path) -> None:
    past_runs(tmp_path, 8)
    live = FakeWorker(events_told=2)
    run = live.open_run(StartRun(config=small_config(), runs_dir=tmp_path))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Being trained now" in text(app))
        assert text(app).index("Being trained now") < text(app).index("Recent runs")
        assert not isinstance(app.screen, Dialog)
        highlighted = app.screen.query_one(OptionList).highlighted_option
        assert highlighted
        assert highlighted.id == f"run:{run.name}"
        await pilot.press("enter")
        await until(pilot, lambda: app.train_screen.view.is_training)

    try:
        at_home(FakeWorker(), tmp_path, steps)
    finally:
        for lock in live.locks:
            lock.release()


def test_a_run_that_ends_meanwhile_is_listed_as_ended(tmp_path: Path) -> None:
    live = FakeWorker(events_told=2)
    live.open_run(StartRun(config=small_config(), runs_dir=tmp_path))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Being trained now" in text(app))
        live.locks[0].release()
        await until(pilot, lambda: "Recent runs" in text(app) and "lost" in text(app))
        assert "Being trained now" not in text(app)

    at_home(FakeWorker(), tmp_path, steps)


def test_foreign_names_are_no_markup(tmp_path: Path) -> None:
    (run,) = past_runs(tmp_path, 8)
    run.path.rename(tmp_path / "[bold]name[")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "[bold]name[" in text(app))

    at_home(FakeWorker(), tmp_path, steps)


async def choose_command(app: BilstmApp, pilot: Pilot[int], typed: str, title: str) -> None:
    """Type a part of a command's title into the palette, and choose it once the cursor is on it."""
    await pilot.press("ctrl+p")
    await until(pilot, lambda: isinstance(app.screen, CommandPalette))
    await pilot.press(*typed)
    commands = app.screen.query_one(CommandList)

    def is_marked() -> bool:  # the list that was there before the typing may show it, too
        marked = commands.highlighted_option
        is_first = commands.highlighted == 0
        return is_first and marked is not None and str(marked.prompt).startswith(title)

    await until(pilot, is_marked)
    await pilot.press("enter")


def test_commands_of_the_palette(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[TourScreen] = []

    def note(screen: TourScreen) -> None:
        opened.append(screen)

    monkeypatch.setattr(TourScreen, "on_mount", note)
    file = PreferencesFile(tmp_path / "preferences.toml")
    assert file.saved.starts_at_home

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await choose_command(app, pilot, "Start with", "Start with the form")
        await until(pilot, lambda: "shows the form first" in said(app))
        await choose_command(app, pilot, "Guided", "Guided tour")
        await until(pilot, lambda: opened)

    at_home(FakeWorker(), tmp_path / "runs", steps, preferences=file)
    assert not PreferencesFile(tmp_path / "preferences.toml").saved.starts_at_home


@pytest.mark.parametrize(
    ("tokens", "starts_at_home", "expected"),
    [
        ([], True, True),
        ([], False, False),
        (["--hidden-size", "64"], True, False),
        (["--preset", "quick"], True, False),
        (["--ascii"], True, True),
    ],
)
def test_settings_on_the_command_line_skip_it(
    tokens: list[str],
    starts_at_home: bool,
    expected: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[bool] = []

    class App:
        internal_error = left_run = None

        def __init__(self, *_: object, at_home: bool, **__: object) -> None:
            opened.append(at_home)

        def run(self) -> int:
            return 0

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    PreferencesFile().save(Preferences(starts_at_home=starts_at_home, redraws_per_second=2))
    monkeypatch.setattr(app_module, "BilstmApp", App)
    monkeypatch.setattr("bilstm_tui.cli.train.require_terminal", lambda: None)
    assert cli.run([*tokens, "--runs-dir", str(tmp_path)]) == 0
    assert opened == [expected]


def test_it_says_what_the_form_says_now(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "a BiLSTM 1×16" in text(app))
        await pilot.press("2")
        await until(pilot, lambda: "parameters" in text(app))
        app.train_screen.query_one("#hidden_size", Input).value = "24"
        await until(pilot, lambda: "BiLSTM 1×24" in text(app))
        await pilot.press("h")
        await until(pilot, lambda: "a BiLSTM 1×24 on digits (also t)" in text(app))
        await until(pilot, lambda: "--hidden-size 24" in text(app))

    at_home(FakeWorker(), tmp_path, steps)


def test_a_message_that_was_removed_is_shown_again(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for _ in range(2):
            app.notify("The same.")
        await until(pilot, lambda: said(app).count("The same.") == 1)
        app.clear_notifications()
        await until(pilot, lambda: "The same." not in said(app))
        app.notify("The same.")
        await until(pilot, lambda: said(app).count("The same.") == 1)

    at_home(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)])
def test_the_run_under_the_cursor_is_shown(size: tuple[int, int], tmp_path: Path) -> None:
    past_runs(tmp_path, 8, 12)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "1 epoch trained" in text(app))
        assert ("hidden_size 12" in words(app), "hidden_size 8" in words(app)) == (True, False)
        assert len(text(app).splitlines()) == size[1]
        if size[0] >= 120:
            assert "training loss by step" in text(app)
            assert "accuracy % by epoch" in text(app)
            assert "digits 1,437 training and 360 test images, 10 classes" in words(app)
            await until(pilot, lambda: "GiB free" in text(app))
        await pilot.press(*["down"] * 6)
        await until(pilot, lambda: "hidden_size 8" in words(app))
        assert "hidden_size 12" not in words(app)

    at_home(FakeWorker(), tmp_path, steps, size=size)


def test_a_live_run_is_followed_and_read_only_when_there_is_something_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "_POLL_SECONDS", 0.02)
    seen: list[str] = []
    show = RunDetails._show
    monkeypatch.setattr(RunDetails, "_show", lambda self: (seen.append("drawn"), show(self))[1])

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Training in progress: epoch 1 of 2" in words(app))
        recording.advance(1500)
        await until(pilot, lambda: "Training in progress: epoch 2 of 2" in words(app))
        await until(pilot, lambda: "left, ends" in words(app) and "samples/s" in words(app))
        await until(pilot, lambda: app.screen.query_one("#overlay", Chart)._series)
        recording.finish()
        recording.release()
        await until(pilot, lambda: "finished 2 epochs trained" in words(app))
        await until(pilot, lambda: "Being trained now" not in text(app))
        await until(pilot, lambda: seen[-4:] == ["polled"] * 4)

    latest = home._latest
    monkeypatch.setattr(home, "_latest", lambda *given: (seen.append("polled"), latest(*given))[1])
    with Recording(tmp_path, 2000) as recording:
        recording.advance(100)
        at_home(FakeWorker(), tmp_path, steps)


def test_without_a_run_the_network_is_drawn_that_would_be_trained(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "not known before the first run on cpu" in words(app))
        assert "↑ LSTM 16" in text(app)
        assert "appear here, live while it is trained" in words(app)

    at_home(FakeWorker(), tmp_path, steps)
