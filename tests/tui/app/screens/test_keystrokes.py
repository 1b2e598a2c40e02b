"""How few keys are needed for what people come for, counted as they are pressed."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from bilstm_core.processes.protocol import FindLearningRate, ResumeRun
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import tour
from bilstm_tui.app.screens.home import HomeScreen
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets.gallery import Gallery
from tests.samples import small_config
from tests.tui.app.screens.test_explain import trained
from tests.tui.driving import FakeWorker, asked, drive, past_runs, said, text, until

SMALLEST = (80, 24)


class CountedKeys:
    """Presses keys, and counts them; the characters of a number count as none."""

    def __init__(self, app: BilstmApp, pilot: Pilot[int]) -> None:
        self._pilot = pilot
        self.count = 0

    async def press(self, key: str) -> None:
        self.count += 1
        await self._pilot.press(key)

    async def type(self, number: str) -> None:
        await self._pilot.press(*number)


class TestKeystrokes:
    def test_from_the_start_to_a_trained_network(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            keys = CountedKeys(app, pilot)
            await keys.press("t")
            await until(pilot, lambda: "got 351 / 360 with accuracy 97.50" in text(app))
            assert keys.count <= 2

        drive(FakeWorker(), tmp_path, steps, SMALLEST)

    def test_from_home_to_a_trained_network(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            keys = CountedKeys(app, pilot)
            await until(pilot, lambda: isinstance(app.screen, HomeScreen))
            await keys.press("enter")
            await until(pilot, lambda: "got 351 / 360 with accuracy 97.50" in text(app))
            assert keys.count <= 2

        drive(FakeWorker(), tmp_path, steps, SMALLEST, at_home=True)

    def test_an_lstm_compared_with_a_bilstm(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By the tour, which trains both with the same settings."""
        monkeypatch.setattr(tour, "_SETTINGS", {"dataset": "digits", "hidden_size": 16})

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            keys = CountedKeys(app, pilot)
            await until(pilot, lambda: "Take the tour" in text(app))
            await keys.press("3")
            for step in range(1, 4):
                await until(pilot, lambda step=step: f"step {step} of 5" in text(app))
                await keys.press("enter")
            await until(pilot, lambda: "the comparison" in text(app))
            await until(pilot, lambda: text(app).count("test 97.50 %") == 2)
            assert keys.count <= 8

        drive(worker := FakeWorker(), tmp_path, steps, SMALLEST, at_home=True)
        assert [order.config.bidirectional for order in worker.orders] == [False, True]

    def test_an_lstm_compared_with_a_bilstm_from_the_form(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            view, keys = app.train_screen.view, CountedKeys(app, pilot)
            await keys.press("t")
            await until(pilot, lambda: view.history.ending)
            await keys.press("slash")
            for letter in "bi":
                await keys.press(letter)
            await keys.press("enter")
            await until(pilot, lambda: app.focused and app.focused.id == "bidirectional")
            await keys.press("space")
            await until(pilot, lambda: app.train_screen.config != small_config())
            await keys.press("t")
            await until(pilot, lambda: len(worker.runs) == 2 and view.shown_run == worker.runs[1])
            await keys.press("C")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            await until(pilot, lambda: "training loss" in text(app) and "seconds" in text(app))
            values = [line.split() for line in text(app).splitlines() if "bidirectional" in line]
            assert values[0][-3:] == ["bidirectional", "true", "false"]
            assert keys.count <= 8

        drive(worker := FakeWorker(), tmp_path, steps, SMALLEST)

    def test_the_three_worst_mistakes_of_a_network(self, tmp_path: Path) -> None:
        run = trained(tmp_path)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            keys = CountedKeys(app, pilot)
            await until(pilot, lambda: "6  bilstm" in text(app))
            await keys.press("6")
            await until(pilot, lambda: app.train_screen.shown_run == run)
            await keys.press("i")
            await until(pilot, lambda: "(95 %" in text(app))
            await keys.press("j")
            await until(pilot, lambda: app.screen.query_one(Gallery).region.area)
            assert isinstance(app.screen, InspectScreen)
            assert app.screen._report
            mistakes = app.screen._report.mistakes
            assert mistakes == sorted(mistakes, key=lambda it: -it.probability)
            classes = app.screen._report.spec.classes
            for it in mistakes[:3]:
                words = f"{classes[it.actual]}→{classes[it.predicted]} {it.probability:.0%}"
                await until(pilot, lambda words=words: words in text(app))
            assert keys.count <= 3

        drive(FakeWorker(), tmp_path, steps, SMALLEST, at_home=True)

    def test_a_learning_rate_that_is_found_and_used(self, tmp_path: Path) -> None:
        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            keys = CountedKeys(app, pilot)
            await keys.press("f")
            worker.may_answer.set()
            await until(pilot, lambda: "Suggested: 0.012" in said(app))
            await until(pilot, lambda: app.focused and app.focused.id == "use")
            await keys.press("enter")
            await until(pilot, lambda: app.train_screen.config == small_config(learning_rate=0.012))
            assert keys.count <= 3

        drive(worker := FakeWorker(), tmp_path, steps, SMALLEST)
        assert isinstance(worker.orders[0], FindLearningRate)

    def test_a_run_that_is_trained_for_longer(self, tmp_path: Path) -> None:
        (run,) = past_runs(tmp_path, 16)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            keys = CountedKeys(app, pilot)
            await keys.press("r")
            await until(
                pilot, lambda: isinstance(app.screen, RunsScreen) and run.name[-3:] in text(app)
            )
            await keys.press("e")
            await asked(pilot, "Resume: total epochs")
            await keys.type("7")
            await keys.press("enter")
            await until(pilot, lambda: worker.orders)
            assert keys.count <= 3

        drive(worker := FakeWorker(), tmp_path, steps, SMALLEST)
        assert worker.orders == [ResumeRun(run=run.path, changes={"num_epochs": 7})]
