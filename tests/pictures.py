"""Pictures for the README: the real app, training for real, drawn as SVG into `docs/`.

`make pictures` makes them. Two runs are trained on digits in a folder that is thrown away.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Checkbox, TabbedContent

from bilstm_core.config.resolve import resolve
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.screens.runs import RunsScreen
from tests.tui.driving import text

DOCS = Path(__file__).parents[1] / "docs"
SIZE = (120, 36)
PATIENCE_SECONDS = 120


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    for _ in range(PATIENCE_SECONDS * 20):
        if condition():
            await pilot.pause(0.4)
            return
        await pilot.pause(0.05)
    raise TimeoutError


def reads_both_ways(app: BilstmApp) -> bool:
    config = app.train_screen.config
    return config is not None and config.bidirectional


async def main(runs_dir: Path) -> None:
    """Go through the screens as a person would."""
    app = BilstmApp(resolve({"dataset": "digits"}), "default", runs_dir, name="bilstm")
    async with app.run_test(size=SIZE) as pilot:

        def draw(name: str) -> None:
            svg = app.export_screenshot(title="bilstm-tui", simplify=True)
            (DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")

        view = app.train_screen.view
        await until(pilot, lambda: "parameters" in text(app))
        draw("network")
        await pilot.press("t")
        await until(pilot, lambda: view.history.step > 350)
        draw("training")
        await until(pilot, lambda: view.history.ending)
        draw("finished")
        app.train_screen.query_one("#bidirectional", Checkbox).value = False
        await until(pilot, lambda: not reads_both_ways(app))
        await pilot.press("t")
        await until(pilot, lambda: view.history.step and not view.history.ending)
        await until(pilot, lambda: view.history.ending)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: app.screen.query_one("#comparison").display)
        draw("runs")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, InspectScreen))
        await until(pilot, lambda: "misclassified" in text(app))
        draw("confusion")
        await pilot.press("j")
        await until(pilot, lambda: "predicted" in text(app))
        draw("mistakes")
        app.screen.query_one(TabbedContent).active = "draw-tab"
        await pilot.pause(0.5)
        app.screen.query_one("DrawingPad").focus()
        await pilot.press("up", "up", "up", "space", *["down"] * 6)
        await pilot.pause(1.0)
        draw("drawing")


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp())
    try:
        asyncio.run(main(folder))
    finally:
        shutil.rmtree(folder)
