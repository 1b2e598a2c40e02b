"""Pictures and a recording for the README: the real app, training for real, drawn into `docs/`.

`make pictures` makes them. Some runs are trained on digits in a folder that is thrown away.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import TabbedContent

from bilstm_core.config.resolve import resolve
from bilstm_core.processes.signals import StopRequest
from bilstm_core.sweeps.helper import help_sweep
from bilstm_core.sweeps.plan import make_plan
from bilstm_core.sweeps.slots import Slot
from bilstm_core.sweeps.study import Study, create_study
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets.explain.view import ExplainView
from bilstm_tui.app.widgets.form import Form
from tests.screen_svg import Frame, picture, recording, rows_of
from tests.tui.driving import text

DOCS = Path(__file__).parents[1] / "docs"
TITLE = "bilstm-tui"
SIZE, FILM_SIZE = (120, 36), (118, 42)
PATIENCE_SECONDS = 120
TRAINING_FRAMES = 14
EXPLAINED_FRAMES = 9  # one more than the rows of a digit
SWEEP, TRIALS = "digits", 24
SEARCH = {
    "hidden_size": "16..256:log",
    "cell": "lstm,gru",
    "learning_rate": "1e-3..3e-2:log",
    "dropout": "0..0.5:0.1",
}


async def until(pilot: Pilot[int], condition: Callable[[], object], pause: float = 0.4) -> None:
    for _ in range(PATIENCE_SECONDS * 50):
        if condition():
            await pilot.pause(pause)
            return
        await pilot.pause(0.02)
    raise TimeoutError(text(pilot.app))


class Studio:
    """Goes through the screens as a person would, and draws them."""

    def __init__(self, app: BilstmApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot
        self.frames: list[Frame] = []

    def draw(self, name: str) -> None:
        """Make a picture of the screen."""
        (DOCS / f"{name}.svg").write_text(picture(rows_of(self.app), TITLE), encoding="utf-8")

    def film(self, seconds: float) -> None:
        """Add the screen to the recording."""
        self.frames.append(Frame(rows_of(self.app), seconds))

    async def shows(self, *words: str, pause: float = 0.4) -> None:
        """Wait until the screen shows some words."""
        await until(self.pilot, lambda: all(it in text(self.app) for it in words), pause)

    async def has_trained(self) -> None:
        """Wait for the end of a run."""
        view = self.app.train_screen.view
        await until(self.pilot, lambda: view.history.step and not view.history.ending)
        await until(self.pilot, lambda: view.history.ending)

    async def train(self, **settings: Any) -> None:
        """Train with other settings in the form."""
        form = self.app.train_screen.query_one(Form)
        form.show(resolve({"dataset": "digits", **settings}))
        await until(self.pilot, lambda: self.app.train_screen.config)
        await self.pilot.press("t")
        await self.has_trained()


async def take_pictures(studio: Studio) -> None:
    """Draw what the README describes."""
    app, pilot = studio.app, studio.pilot
    view = app.train_screen.view
    await studio.train(cell="gru", hidden_size=32, seed=1)
    await studio.train(bidirectional=False, learning_rate=0.02)
    app.train_screen.query_one(Form).show(resolve({"dataset": "digits"}))
    app.train_screen.query_one(TabbedContent).active = "network"
    await studio.shows("parameters")
    before = view.shown_run
    await pilot.press("t")
    await until(pilot, lambda: view.shown_run != before and view.history.step > 350)
    studio.draw("training")
    await until(pilot, lambda: view.history.ending)
    await pilot.press("h")
    await studio.shows("Recent runs")
    studio.draw("home")
    await pilot.press("escape", "r")
    await until(pilot, lambda: isinstance(app.screen, RunsScreen))
    await pilot.press("down")
    await studio.shows("learning_rate", "epochs trained")
    studio.draw("runs")
    await pilot.press("space", "up", "space")
    await studio.shows("▲")
    studio.draw("comparison")
    await pilot.press("i")
    await until(pilot, lambda: isinstance(app.screen, InspectScreen))
    await studio.shows("misclassified")
    await pilot.press("j")
    await studio.shows("predicted", "1 of")
    studio.draw("gallery")
    await pilot.press("enter")
    await studio.shows("Each direction")
    studio.draw("mistake")
    app.screen.query_one(TabbedContent).active = "explain-tab"
    await until(pilot, lambda: app.screen.query_one(ExplainView).shown)
    await pilot.press("end", *["left"] * 5)
    await studio.shows("backward")
    studio.draw("explain")


async def watch_sweep(studio: Studio, study: Study) -> None:
    """Draw the leaderboard of a sweep while its last trials are trained."""
    slot = Slot("cpu", 1)
    trained = asyncio.to_thread(help_sweep, study, [slot] * 2, None, StopRequest(), study.stops)
    training = asyncio.create_task(trained)
    await until(studio.pilot, lambda: len(study.trials) > TRIALS * 3 // 4)
    await studio.shows(f"of {TRIALS}", "training", "importance", pause=2)
    studio.draw("sweep")
    study.stop_helpers()
    await training


async def shoot(studio: Studio) -> None:
    """From Home to a trained network, and into what it has learned."""
    app, pilot = studio.app, studio.pilot
    await studio.shows("Take the tour")
    studio.film(2.2)
    await pilot.press("t")
    view = app.train_screen.view
    await until(pilot, lambda: view.history.started and view.history.step, pause=0.1)
    assert view.history.started
    total = view.history.started.total_steps
    for number in range(TRAINING_FRAMES):
        due = total * number // TRAINING_FRAMES
        await until(pilot, lambda due=due: view.history.step >= due, pause=0.15)
        studio.film(0.45)
    await until(pilot, lambda: view.history.ending)
    studio.film(2.5)
    await pilot.press("i")
    await studio.shows("misclassified")
    studio.film(1.8)
    await pilot.press("j")
    await studio.shows("predicted", "1 of")
    studio.film(1.0)
    for _ in range(2):
        await pilot.press("right")
        await pilot.pause(0.3)
        studio.film(0.7)
    await pilot.press("enter")
    await studio.shows("Each direction")
    studio.film(2.5)
    app.screen.query_one(TabbedContent).active = "explain-tab"
    explained = app.screen.query_one(ExplainView)
    await until(pilot, lambda: explained.shown)
    await pilot.press("home")
    for _ in range(EXPLAINED_FRAMES):
        await pilot.pause(0.3)
        studio.film(0.5)
        await pilot.press("right")
    await pilot.press("end")
    await pilot.pause(0.3)
    studio.film(3)


async def main(folder: Path) -> None:
    """Make the pictures and the recording."""
    for name, size, act in (("pictures", SIZE, take_pictures), ("film", FILM_SIZE, shoot)):
        app = BilstmApp(
            resolve({"dataset": "digits"}),
            "default",
            folder / name,
            redraws_per_second=5,
            at_home=act is shoot,
        )
        async with app.run_test(size=size) as pilot:
            studio = Studio(app, pilot)
            await act(studio)
            if studio.frames:
                poster = TRAINING_FRAMES  # in the middle of the training
                content = recording(studio.frames, TITLE, poster)
                (DOCS / "recording.svg").write_text(content, encoding="utf-8")
    plan = make_plan(resolve({"dataset": "digits"}), SEARCH)
    study = create_study(folder, SWEEP, plan, TRIALS)
    app = BilstmApp(resolve({}), "default", folder, redraws_per_second=5, sweep=SWEEP)
    async with app.run_test(size=SIZE) as pilot:
        await watch_sweep(Studio(app, pilot), study)


if __name__ == "__main__":
    os.environ["COLORTERM"] = "truecolor"  # whatever the terminal has
    DOCS.mkdir(exist_ok=True)
    made_in = Path(tempfile.mkdtemp())
    try:
        asyncio.run(main(made_in))
    finally:
        shutil.rmtree(made_in)
