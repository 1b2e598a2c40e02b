"""The explanation on the first screen and where a network is inspected, computed for real.

Mostly by a thread of this process; `real_children` marks what a process of its own computes.
"""

from pathlib import Path

import pytest
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, TabbedContent

from bilstm_core.errors import InstallationError
from bilstm_core.inference.explain import Explainer
from bilstm_core.processes import session
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.run import Run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.inspect import InspectScreen
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.explain.look import Cells, strip_of
from bilstm_tui.app.widgets.explain.view import ExplainView
from bilstm_tui.app.widgets.form import Form
from tests.samples import small_config
from tests.tui.driving import FakeWorker, drive, text, until


def trained(runs_dir: Path) -> Run:
    opened = session.start_run(small_config(num_epochs=1), runs_dir)
    opened.train(lambda _: None, StopRequest())
    return opened.run


async def explained(app: BilstmApp, pilot: Pilot[int]) -> ExplainView:
    """Go to the tab, and wait for the picture."""
    app.train_screen.query_one(TabbedContent).active = "explain"
    await until(pilot, lambda: app.screen.query(ExplainView))
    view = app.screen.query_one(ExplainView)
    await until(pilot, lambda: view.shown and "→ forward" in text(app))
    return view


def hold_the_clock(view: ExplainView) -> None:
    """Let no more steps come by themselves: how many do depends on the machine's speed."""
    assert view._timer
    view._timer.stop()


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_new_weights_are_explained_and_follow_the_form(
    size: tuple[int, int], tmp_path: Path
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        assert app.train_screen.explanation._examiner._child is None  # until the tab is shown
        view = await explained(app, pilot)
        expected = Explainer(tmp_path).explain(small_config(), None, 0)
        assert view.shown == expected
        assert "new weights, not trained" in text(app)
        await pilot.press("end", "left")
        await until(pilot, lambda: "readout = max" in text(app))
        assert "the highest of its 8 states" in text(app)
        await pilot.press("d", "d")  # all, last
        await until(pilot, lambda: "This wastes the second" in " ".join(text(app).split()))
        assert app.train_screen.config
        assert app.train_screen.config.readout == "last"
        assert app.train_screen.query_one("#readout", ChoiceField).value == "last"
        await pilot.press("m")
        await until(pilot, lambda: "⇄ sum" in text(app))
        await pilot.press("b")
        await until(pilot, lambda: "← backward" not in text(app) and "Merge:" not in text(app))
        assert "readout = last" in text(app)  # still at the same stage
        await pilot.press("m")  # two directions again, for there is nothing to merge in one
        await until(pilot, lambda: "⇄ sum" in text(app))
        app.train_screen.query_one("#hidden_size", Input).value = "9"
        await until(pilot, lambda: "of 9 units" in text(app) or " 9 units" in text(app))

    drive(FakeWorker(), tmp_path, steps, size)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_what_is_tried_is_said_and_nothing_is_lost(size: tuple[int, int], tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        def form_says(**settings: object) -> bool:
            return app.train_screen.config == small_config(**{"merge": "sum", **settings})

        app.train_screen.query_one("#merge", ChoiceField).value = "sum"
        await until(pilot, form_says)
        await explained(app, pilot)
        assert "form:" not in text(app)
        await pilot.press("d", "d")  # all, last
        words = "new weights, not trained; form: readout last"
        await until(pilot, lambda: words in text(app) and form_says(readout="last"))
        await pilot.press("b")
        words_of_one = "not trained; form: one direction, readout last"
        await until(pilot, lambda: words_of_one in text(app))
        assert ("(m, d, b change the form)" in text(app)) == (size[0] > 80)
        await pilot.press("b")
        await until(pilot, lambda: words in text(app) and form_says(readout="last"))
        await pilot.press("m", "d", "b", "b")  # together
        await until(pilot, lambda: "form: merge mean" in text(app))
        app.train_screen.query_one(Form).show(small_config(merge="sum"))
        await until(pilot, lambda: form_says() and "form: " not in text(app))

    drive(FakeWorker(), tmp_path, steps, size)


def test_it_plays_pauses_and_goes_on_to_the_next_example(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = await explained(app, pilot)
        await pilot.press("plus")  # 3 steps a second
        view._rewind()
        view._set_playing(True)
        await until(pilot, lambda: view.at >= 3)
        await until(pilot, lambda: not view.is_playing)  # it stops at the end
        assert "Classify" in text(app)
        hold_the_clock(view)  # from here on, a step comes where the test wants one
        await until(pilot, lambda: "space Play" in text(app))
        await pilot.press("space")
        assert (view.at, view.is_playing) == (0, True)
        await until(pilot, lambda: "space Pause" in text(app))
        for _ in range(3):
            view._tick()
        await pilot.press("space")
        assert (view.at, view.is_playing) == (3, False)
        assert "Read 3 of 8 rows" in text(app)
        await pilot.press("right")
        assert view.at == 4
        await pilot.press("left", "left")
        assert view.at == 2
        await pilot.press("n")
        await until(pilot, lambda: "test image 2 of 360" in text(app))
        assert (view.at, view.is_playing) == (0, True)

    drive(FakeWorker(), tmp_path, steps)


def test_it_stands_still_while_it_is_hidden(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = await explained(app, pilot)
        hold_the_clock(view)
        view._rewind()
        view._set_playing(True)
        await pilot.press("v")
        await until(pilot, lambda: not view.region.area)
        at = view.at
        for _ in range(3):
            view._tick()
        assert (view.at, view.is_playing) == (at, True)
        for tab in ("data", "run", "explain"):
            await pilot.press("v")
            await until(pilot, lambda tab=tab: app.screen.query_one(TabbedContent).active == tab)
        await until(pilot, lambda: view.region.area and app.focused is view)
        await pilot.press("plus")  # which starts a clock
        await until(pilot, lambda: view.at > at)

    drive(FakeWorker(), tmp_path, steps)


def note_updates(monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """Note from now on which parts of the screen are sent."""
    sent: list[Region] = []
    update = Compositor.render_partial_update

    def note(self: Compositor) -> ChopsUpdate | None:
        made = update(self)
        spans = made.spans if made else []
        sent.extend(Region(first, y, last - first, 1) for y, first, last in spans)
        return made

    monkeypatch.setattr(Compositor, "render_partial_update", note)
    return sent


def area_within(region: Region, sent: list[Region]) -> int:
    return sum(region.intersection(part).area for part in sent)


def test_a_step_sends_only_what_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is the new column of each direction, the row of the image, and what is predicted."""

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = await explained(app, pilot)
        view._set_playing(False)
        await pilot.press("home", "right", "right")
        sent = note_updates(monkeypatch)
        view.action_move(1)
        await pilot.pause()
        assert 0 < area_within(view.region, sent) < view.region.area / 8

    drive(FakeWorker(), tmp_path, steps, (160, 50))


def test_its_lines_are_drawn_once_for_a_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not again because the tab is shown again, or gets the focus."""
    drawn: list[Cells] = []

    def note(line: Cells, base: Style) -> Strip:
        drawn.append(line)
        return strip_of(line, base)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = await explained(app, pilot)
        view._set_playing(False)
        await pilot.pause()
        monkeypatch.setattr("bilstm_tui.app.widgets.explain.view.strip_of", note)
        await pilot.resize_terminal(130, 30)
        await until(pilot, lambda: view.size.height == 27)
        assert len(drawn) == 27
        await pilot.press("v", "v", "v")
        await until(pilot, lambda: not view.region.area)
        await pilot.press("v")
        await until(pilot, lambda: app.focused is view and "Directions" in text(app))
        assert len(drawn) == 27

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.parametrize(("size", "curves"), [((80, 24), 1), ((160, 50), 6)])
def test_a_series_is_drawn_as_curves_where_its_states_are(
    size: tuple[int, int], curves: int, tmp_path: Path
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.train_screen.query_one("#dataset", ChoiceField).value = "japanese-vowels"
        view = await explained(app, pilot)
        await until(pilot, lambda: view.shown and view.shown.kind == "series")
        hold_the_clock(view)
        view._go_to(3)
        await until(pilot, lambda: "Read 3 of" in text(app))
        assert f"the series  {curves} of 12 features: coefficient 1" in text(app)
        lines = ["".join(char or " " for char, _ in line) for line in view._lines]
        places = {line.index(mark) for line in lines if (mark := line.strip()) in {"▶", "◀"}}
        marked = [{at for at, char in enumerate(line) if char == "│"} for line in lines]
        assert set().union(*marked) == places
        assert len(places) == 2
        drawn = [line for line in lines if any("⠀" < char < "⤀" for char in line)]
        assert len(drawn) >= 2 * curves
        view._go_to(0)
        assert not any("│" in char for line in view._lines for char, _ in line)

    drive(FakeWorker(), tmp_path, steps, size)


def test_the_weights_of_a_run_are_used_and_what_fits_keeps_them(tmp_path: Path) -> None:
    run = trained(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.train_screen.watch_run(run)
        view = await explained(app, pilot)
        await until(pilot, lambda: run.name in text(app))
        assert view.shown == Explainer(tmp_path).explain(None, run, 0, "float32")
        view.action_change("readout")  # all: other shapes
        await until(pilot, lambda: "new weights, not trained" in text(app))
        view.action_change("readout")
        await until(pilot, lambda: "trained with readout = max" in text(app))

    drive(FakeWorker(), tmp_path, steps, (140, 40))


@pytest.mark.usefixtures("real_children")
def test_a_process_that_fails_is_told_in_words_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ExaminerClient._start
    failures = [InstallationError("No process could be started: none left.", "Close some.")]

    async def start(self: ExaminerClient) -> object:
        if failures:
            raise failures.pop()
        return await real(self)

    monkeypatch.setattr(ExaminerClient, "_start", start)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.train_screen.query_one(TabbedContent).active = "explain"
        await until(pilot, lambda: "No process could be started" in text(app))
        assert "Close some." in text(app)
        app.train_screen.query_one("#readout", ChoiceField).value = "final"
        await until(pilot, lambda: "→ forward" in text(app))

    drive(FakeWorker(), tmp_path, steps)


def test_a_wrong_form_and_data_that_are_not_there(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await explained(app, pilot)
        app.train_screen.query_one("#num_layers", Input).value = "99"
        await until(pilot, lambda: "→ forward" not in text(app) and "16 layers" in text(app))
        app.train_screen.query_one("#num_layers", Input).value = "1"
        await until(pilot, lambda: "→ forward" in text(app))
        app.train_screen.query_one("#dataset", ChoiceField).value = "kmnist"
        await until(pilot, lambda: "→ forward" not in text(app) and "KMNIST" in text(app))

    drive(FakeWorker(), tmp_path, steps, data_dir=tmp_path)


def test_without_colours_states_are_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        view = await explained(app, pilot)
        await pilot.press("end")
        await until(pilot, lambda: "Classify" in text(app) and view.at == 11)
        assert "▀" not in text(app)
        assert "read" in text(app)

    monkeypatch.setenv("NO_COLOR", "1")
    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.usefixtures("real_children")
def test_a_mistake_is_explained_where_the_network_is_inspected(tmp_path: Path) -> None:
    run = trained(tmp_path)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await app.push_screen(InspectScreen(run, tmp_path))
        await until(pilot, lambda: "(95 %" in text(app))
        app.screen.query_one(TabbedContent).active = "explain-tab"
        view = app.screen.query_one(ExplainView)
        await until(pilot, lambda: view.shown and "→ forward" in text(app))
        assert isinstance(app.screen, InspectScreen)
        assert app.screen._report
        first, second = app.screen._report.mistakes[:2]
        assert view.shown == Explainer(tmp_path).explain(None, run, first.index, "float32")
        await pilot.press("end")
        await until(pilot, lambda: "misclassified: it is" in " ".join(text(app).split()))
        await pilot.press("d")  # the network is that of the run
        await pilot.press("j")
        await until(pilot, lambda: view.shown and view.shown.index == second.index)
        assert view.shown
        assert view.shown.config.readout == "max"
        await pilot.press("n")
        await until(pilot, lambda: view.shown and view.shown.index == second.index + 1)

    drive(FakeWorker(), tmp_path, steps)


@pytest.mark.usefixtures("real_children")
def test_the_process_ends_with_the_app(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await explained(app, pilot)

    app = drive(FakeWorker(), tmp_path, steps)
    child = app.train_screen.explanation._examiner._child
    assert child
    assert child._process.wait(60) < 0


def test_a_readout_that_does_not_fit_the_data_is_not_offered(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.train_screen.query_one("#dataset", ChoiceField).value = "japanese-vowels"
        view = await explained(app, pilot)
        seen = []
        for _ in range(4):
            assert view.shown
            seen.append(view.shown.config.readout)
            await pilot.press("d")
            await until(pilot, lambda: view.shown and view.shown.config.readout != seen[-1])
        assert sorted(seen) == ["final", "last", "max", "mean"]

    drive(FakeWorker(), tmp_path, steps)
