"""Keys for the run that is shown, how few are needed, and what is said of a run that is left."""

from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, Static, TabbedContent

from bilstm_core import events, paths
from bilstm_core.processes.protocol import ResumeRun, StartRun
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.form import Form
from bilstm_tui.cli import main as cli
from tests.samples import small_config
from tests.tui.driving import (
    STEPS,
    FakeWorker,
    asked,
    drive,
    open_runs,
    past_runs,
    said,
    tell,
    text,
    until,
)

SMALLEST = (80, 24)


@pytest.fixture(autouse=True)
def _command_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "command_file", lambda: tmp_path / "state" / "command.txt")


class TestRunTab:
    def test_a_finished_run_is_resumed_from_it(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("e")
            await until(pilot, lambda: "No run is shown" in said(app))
            await pilot.press("t")
            await until(pilot, lambda: "finished" in text(app))
            await pilot.press("e")
            await asked(pilot, "Resume: total epochs")
            field = app.screen.query_one(Input)
            field.value = "1"
            await until(pilot, lambda: "has already been trained for" in said(app))
            await pilot.press("enter")
            await pilot.pause()
            assert len(worker.orders) == 1
            field.value = "5"
            await until(pilot, lambda: "already been trained" not in said(app))
            await pilot.press("enter")
            await until(pilot, lambda: len(worker.orders) == 2)

        drive(worker := FakeWorker(), tmp_path, steps, SMALLEST)
        assert worker.orders[1] == ResumeRun(run=worker.runs[0].path, changes={"num_epochs": 5})

    def test_a_run_that_trains_cannot_be_resumed(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: app.train_screen.view.is_training)
            await pilot.press("e")
            await until(pilot, lambda: "s stops it, then e resumes it" in said(app))

        drive(FakeWorker(events_told=2), tmp_path, steps)

    def test_the_command_of_the_run_or_of_the_form_is_copied(self, tmp_path: Path) -> None:
        (run,) = past_runs(tmp_path, 77)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("c")
            await until(pilot, lambda: "--hidden-size 16" in app.clipboard)
            await app.train_screen.watch_run(run)
            await until(pilot, lambda: app.screen.query_one(TabbedContent).active == "run")
            await pilot.press("c")
            await until(pilot, lambda: "--hidden-size 77" in app.clipboard)
            assert app.clipboard.startswith("bilstm-tui --no-ui --dataset digits")
            file = paths.command_file()
            assert file.read_text(encoding="utf-8") == f"{app.clipboard}\n"
            assert f"it is also in {file}" in said(app)

        drive(FakeWorker(), tmp_path, steps)

    def test_where_no_file_can_be_written_it_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setattr(paths, "command_file", lambda: tmp_path / "file" / "command.txt")

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("c")
            await until(pilot, lambda: "could not be written" in said(app))
            assert app.clipboard

        drive(FakeWorker(), tmp_path / "runs", steps)


class TestAnswerComesLate:
    """A dialog is about the run that was shown when it was opened."""

    @pytest.mark.parametrize("key", ["s", "l"])
    def test_another_run_is_shown_meanwhile(self, tmp_path: Path, key: str) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await self.ask_about_run(app, pilot, key)
            other = worker.open_run(worker.orders[0])
            app.show_run(other, "")
            await until(pilot, lambda: app.train_screen.shown_run == other)
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is app.train_screen)

        drive(worker := FakeWorker(events_told=2), tmp_path, steps)
        asked_about, other = worker.runs
        assert asked_about.commands_file.exists()
        assert not other.commands_file.exists()

    @pytest.mark.parametrize("key", ["s", "l"])
    def test_it_has_ended(self, tmp_path: Path, key: str) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await self.ask_about_run(app, pilot, key)
            (run,) = worker.runs
            tell(run, events.Stopped(epoch=1, step=STEPS))
            worker.locks.pop().release()
            await until(pilot, lambda: app.train_screen.view.history.ending)
            await pilot.press("enter")
            await until(pilot, lambda: f"{run.name} has ended" in said(app))
            assert not run.commands_file.exists()

        drive(worker := FakeWorker(events_told=2), tmp_path, steps)

    @staticmethod
    async def ask_about_run(app: BilstmApp, pilot: Pilot[int], key: str) -> None:
        await pilot.press("t")
        await until(pilot, lambda: app.train_screen.view.is_training and not app._is_starting)
        await pilot.press(key)
        await asked(pilot, {"s": "Stop the run?", "l": "Learning rate"}[key])
        if key == "l":
            app.screen.query_one(Input).value = "0.002"


class TestRateByHand:
    @staticmethod
    def changed_run(tmp_path: Path) -> Run:
        worker = FakeWorker(2)
        run = worker.open_run(StartRun(config=small_config(), runs_dir=tmp_path))
        tell(run, events.LearningRateChanged(epoch=1, step=20, learning_rate=0.002))
        tell(run, events.Stopped(epoch=1, step=STEPS))
        worker.locks[0].release()
        return run

    def test_it_is_seen_on_the_run(self, tmp_path: Path) -> None:
        run = self.changed_run(tmp_path)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await app.train_screen.watch_run(run)
            await until(
                pilot, lambda: "lr 0.002 by hand at epoch 1  40 steps; e resumes it" in text(app)
            )

        drive(FakeWorker(), tmp_path, steps)

    @pytest.mark.parametrize("size", [(80, 24), (120, 36)])
    def test_it_is_not_cut_while_the_run_trains(
        self, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: app.train_screen.view.is_training)
            at: dict[str, Any] = {"epoch": 4, "step": 12_345}
            (run,) = worker.runs
            rate = events.LearningRateChanged(**at, learning_rate=0.00312)
            losses: list[float | None] = [0.1]
            progress = events.Progress(
                **at, losses=losses, learning_rate=0.00212, samples_per_second=12_345
            )
            tell(run, rate, progress)
            await until(pilot, lambda: "lr 0.00212 (0.00312 by hand at epoch 4)" in text(app))

        drive(worker := FakeWorker(2), tmp_path, steps, size)

    @pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 50)])
    def test_the_preview_names_it_beside_the_defaults(
        self, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        self.changed_run(tmp_path)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await open_runs(app, pilot, 1)
            await until(pilot, lambda: "learning_rate 0.008 → 0.002 by" in text(app))
            assert "epoch 1" in text(app)  # on the next line where there is little room

        drive(FakeWorker(), tmp_path, steps, size)

    def test_it_is_copied_into_the_form_which_says_so(self, tmp_path: Path) -> None:
        self.changed_run(tmp_path)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await open_runs(app, pilot, 1)
            await pilot.press("c")
            await until(pilot, lambda: app.train_screen.config == small_config(learning_rate=0.002))
            await until(pilot, lambda: "set by hand: 0.002, first 0.008" in said(app))
            app.clear_notifications()
            await app.train_screen.query_one(Form).go_to("learning_rate")
            await until(pilot, lambda: "* learning_rate" in text(app))
            await until(pilot, lambda: "it was set by hand: 0.002, first 0.008." in said(app))
            await pilot.press("right")  # another value
            await until(pilot, lambda: "* learning_rate" not in text(app))
            await until(pilot, lambda: "it was set by hand" not in said(app))

        drive(FakeWorker(), tmp_path, steps)

    def test_it_is_in_the_comparison(self, tmp_path: Path) -> None:
        self.changed_run(tmp_path)
        past_runs(tmp_path, 16)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await open_runs(app, pilot, 2)
            await pilot.press("space", "down", "space")
            await until(pilot, lambda: "learning_rate (by hand)" in text(app))
            assert "0.008 → 0.002" in text(app)

        drive(FakeWorker(), tmp_path, steps, (160, 50))


class TestLeaving:
    def test_the_run_that_goes_on_is_known_to_the_command_line(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: app.train_screen.view.is_training)
            await pilot.press("q")
            await asked(pilot, "Training in progress")
            await pilot.press("enter")
            await until(pilot, lambda: app.left_run)

        app = drive(worker := FakeWorker(events_told=2), tmp_path, steps)
        assert app.left_run
        assert app.left_run.name == worker.runs[0].name

    def test_a_run_that_is_stopped_is_not_left(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: app.train_screen.view.is_training)
            await pilot.press("q")
            await asked(pilot, "Training in progress")
            await pilot.press("right", "enter")
            await pilot.pause()

        assert drive(FakeWorker(events_told=2), tmp_path, steps).left_run is None

    @pytest.mark.parametrize("is_default", [True, False])
    def test_the_shell_shows_how_to_follow_and_to_stop_it(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        *,
        is_default: bool,
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.delenv("BILSTM_RUNS_DIR", raising=False)
        monkeypatch.chdir(tmp_path)
        folder = tmp_path / ("runs" if is_default else "other runs")
        worker = FakeWorker(2)
        run = worker.open_run(StartRun(config=small_config(), runs_dir=folder))

        def leave(app: BilstmApp) -> int:
            app.left_run = run
            return 0

        monkeypatch.setattr(BilstmApp, "run", leave)
        monkeypatch.setattr("bilstm_tui.cli.train.require_terminal", lambda: None)
        options = [] if is_default else ["--runs-dir", str(folder)]
        assert cli.run(["--dataset", "digits", *options]) == 0
        worker.locks[0].release()
        lines = capsys.readouterr().out.splitlines()
        option = "" if is_default else f" --runs-dir '{folder}'"
        assert lines == [
            f"{run.name} continues without the app.",
            f"Follow it: bilstm-tui attach {run.name}{option}",
            f"Stop it:   bilstm-tui stop {run.name}{option}",
        ]


class TestDialogs:
    def test_they_check_while_the_user_types_and_stay_open(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: app.train_screen.view.is_training)
            await pilot.press("l")
            await asked(pilot, "with this as its peak")
            await pilot.press("x")
            await until(pilot, lambda: "a number above 0 to 10" in said(app))
            await pilot.press("enter")
            await until(pilot, lambda: "a number above 0 to 10" in text(app).replace("\n", " "))
            await pilot.press("backspace", *"0.001")
            await until(pilot, lambda: "a number above 0 to 10" not in said(app))

        drive(FakeWorker(events_told=2), tmp_path, steps, (120, 36))

    def test_both_buttons_of_the_finder_fit_and_the_default_is_the_first(
        self, tmp_path: Path
    ) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("f")
            await asked(pilot, "rates that rise")
            worker.may_answer.set()
            await until(pilot, lambda: "Suggested" in said(app))
            await until(pilot, lambda: "Use it" in text(app) and "Cancel" in text(app))
            first, second = app.screen.query("Button")
            for button in (first, second):
                assert app.screen.region.contains_region(button.region)
            assert "-primary" in first.classes
            assert "-primary" not in second.classes
            await until(pilot, lambda: app.focused is first)

        drive(worker := FakeWorker(), tmp_path, steps, SMALLEST)


class TestFooter:
    def test_it_is_one_line_with_the_keys_of_the_focus(self, tmp_path: Path) -> None:
        past_runs(tmp_path, 16)

        async def last_line(app: BilstmApp, pilot: Pilot[int], words: str) -> None:
            await until(pilot, lambda: words in text(app).splitlines()[-1])
            line = text(app).splitlines()[-1]
            assert len(line) <= 80
            assert "Quit" not in text(app).splitlines()[-2]

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await last_line(app, pilot, "↑↓ Row ←→ Change")
            await last_line(app, pilot, "? Keys q Quit")
            app.train_screen.query_one("#hidden_size").focus()
            await last_line(app, pilot, "⏎ Edit")
            await pilot.press("enter")
            await last_line(app, pilot, "⏎ Accept")
            await pilot.press("escape")
            await pilot.press("slash")
            await last_line(app, pilot, "⏎ Accept")
            await pilot.press("escape", "r")
            await last_line(app, pilot, "⏎ Open space Mark")
            await last_line(app, pilot, "? Keys q Quit")

        drive(FakeWorker(), tmp_path, steps, SMALLEST)


class TestTerminal:
    def test_a_small_one_is_covered_until_it_is_larger(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: app.train_screen.view.is_training)
            await pilot.resize_terminal(59, 18)
            await until(pilot, lambda: "Too small: 59×18" in text(app))
            assert "running" not in text(app)
            await pilot.resize_terminal(60, 18)
            await until(pilot, lambda: "Too small" not in text(app) and "running" in text(app))
            assert app.train_screen.view.is_training
            await pilot.resize_terminal(60, 17)
            await until(pilot, lambda: "Too small: 60×17" in text(app))

        drive(FakeWorker(events_told=2), tmp_path, steps)

    def test_ctrl_z_suspends(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        suspended: list[bool] = []
        monkeypatch.setattr(
            BilstmApp, "action_suspend_process", lambda _: suspended.append(True), raising=True
        )

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            app.post_message(Key("ctrl+z", None))
            await until(pilot, lambda: suspended)
            app.train_screen.query_one("#hidden_size").focus()
            app.post_message(Key("ctrl+z", None))
            await until(pilot, lambda: len(suspended) == 2)
            assert isinstance(app.screen.query_one("#help"), Static)

        drive(FakeWorker(), tmp_path, steps)
