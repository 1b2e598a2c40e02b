"""The leaderboard of a sweep, over a journal that is made up."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from textual.pilot import Pilot
from textual.widget import AwaitMount, Widget
from textual.widgets import Input, OptionList

from bilstm_core.config.schema import RunConfig
from bilstm_core.processes.protocol import ResumeRun
from bilstm_core.runs.run import Run
from bilstm_core.sweeps import helper
from bilstm_core.sweeps.folders import JOURNAL
from bilstm_core.sweeps.study import Study
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens import sweep as sweep_screen
from bilstm_tui.app.screens.dialogs import Dialog
from bilstm_tui.app.screens.home import HomeScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.screens.sweep_list import SweepList
from bilstm_tui.app.widgets.sweep.board import Board
from bilstm_tui.app.widgets.sweep.charts import BestChart, ScatterChart, TrialCurves
from bilstm_tui.app.widgets.sweep.reading import SweepReader
from bilstm_tui.app.widgets.sweep.table import ContentMaker, TrialsTable
from tests.sweeping import EPOCHS, MadeUpSweep
from tests.tui.driving import FakeWorker, Steps, asked, drive, said, text, until

MANY = {
    "hidden_size": "16..256:log",
    "cell": "lstm,gru",
    "bidirectional": "true,false",
    "learning_rate": "1e-3..3e-2:log",
    "dropout": "0..0.5:0.1",
    "num_layers": "1..3",
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are seen sooner."""
    monkeypatch.setattr(sweep_screen, "_POLL_SECONDS", 0.05)


def watch(runs_dir: Path, steps: Steps, worker: FakeWorker | None = None, **options: Any) -> None:
    """Open the app at the sweep `first`, and do something there once it is read."""

    async def wait(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, SweepScreen) and app.screen.seen)
        await steps(app, pilot)

    options = {"redraws_per_second": 10, **options}
    drive(worker or FakeWorker(), runs_dir, wait, sweep="first", at_home=True, **options)


def table_of(app: BilstmApp) -> TrialsTable:
    return app.screen.query_one(TrialsTable)


def rows_of(app: BilstmApp) -> list[str]:
    """The words of each row of the table, without what is not in view."""
    region = table_of(app).region
    lines = text(app).splitlines()[region.y + 1 : region.bottom]
    rows = [line[region.x : region.right].strip(" ▁▂▃▄▅▆▇█▔") for line in lines]
    return [row for row in rows if row]


def test_without_a_sweep_it_says_what_one_is(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await pilot.press("w")
        await until(pilot, lambda: "bilstm-tui sweep first" in text(app))
        assert "A sweep trains many runs" in text(app)
        await pilot.press("p", "s", "a", "t", "c", "e", "b", "right")
        await pilot.press("w")
        await until(pilot, lambda: not isinstance(app.screen, SweepScreen))

    drive(FakeWorker(), tmp_path, steps)


def test_trials_are_ranked_and_each_state_has_its_word(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        lost, live = sweep.start(2), sweep.start(3)
        finished = [sweep.finish() for _ in range(3)]
        sweep.prune()
        sweep.fail("The loss was not finite.")
        sweep.lose(lost)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: "5 of 20" in text(app))
            assert "1 training, 1 interrupted, 3 finished, 1 pruned, 1 failed" in text(app)
            rows = rows_of(app)
            states = [row.split()[-1] for row in rows]
            assert states == [*["finished"] * 3, "training", "interrupted", "pruned", "failed"]
            values = {trial.number: trial.value or 0.0 for trial in sweep.study.trials}
            best = max((it.number for it in finished), key=lambda number: values[number])
            assert rows[0].split()[:3] == ["1", str(best), f"{100 * values[best]:.2f}"]
            assert f"best {100 * values[best]:.2f} %  trial {best}" in text(app)
            assert f"3/{EPOCHS}" in rows[3]
            await pilot.press("ctrl+end")
            await until(pilot, lambda: "The loss was not finite." in text(app))
            await pilot.press("up", "up")
            await until(pilot, lambda: "no process trains it" in text(app))

            sweep.study.report(live, 4, 0.9)
            await until(pilot, lambda: f"4/{EPOCHS}" in text(app))
            sweep.lose(live)  # of which the journal says nothing
            await until(pilot, lambda: "2 interrupted" in text(app))

        watch(tmp_path, steps)


def test_a_sweep_that_goes_on_is_followed_and_the_cursor_stays(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path, trials=6) as sweep:

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            assert "No trial has started yet" in text(app)
            first = sweep.finish()
            await until(pilot, lambda: "1 of 6" in text(app))
            assert "No trial has started yet" not in text(app)
            sweep.finish()
            await until(pilot, lambda: table_of(app).row_count == 2)
            await pilot.press("down")
            selected = table_of(app).selected
            for count in range(3, 7):
                sweep.finish()
                await until(pilot, lambda count=count: table_of(app).row_count == count)
                assert table_of(app).selected == selected
            assert "6 of 6" in text(app)
            assert first.number == 0

        watch(tmp_path, steps)


def test_the_best_run_and_any_other_are_opened(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        runs = [sweep.finish(with_events=True).run for _ in range(2)]

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).selected is not None)
            best = table_of(app).selected or 0
            await pilot.press("down", "b")
            await until(pilot, lambda: app.train_screen.view.shown_run == runs[best])
            await until(pilot, lambda: "got 351 / 360" in text(app))
            await pilot.press("w")
            await until(pilot, lambda: isinstance(app.screen, SweepScreen) and rows_of(app))
            await until(pilot, lambda: table_of(app).row_count == 2)
            await pilot.press("down", "enter")
            await until(pilot, lambda: app.train_screen.view.shown_run == runs[1 - best])

        watch(tmp_path, steps)


def copied(app: BilstmApp) -> RunConfig:
    """The settings of the form."""
    assert app.train_screen.config
    return app.train_screen.config


def test_the_settings_of_a_trial_are_copied(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 1)
            await pilot.press("c")
            await until(pilot, lambda: app.screen is app.train_screen)
            there = claim.run.config
            await until(pilot, lambda: copied(app).hidden_size == there.hidden_size)
            assert copied(app).cell == there.cell
            assert copied(app).learning_rate == pytest.approx(there.learning_rate)
            assert copied(app).validation_fraction == 0.1

        watch(tmp_path, steps)


def test_a_run_is_resumed_for_longer(tmp_path: Path) -> None:
    worker = FakeWorker()
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.finish(with_events=True)
        sweep.start(1)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 2)
            await pilot.press("down", "e")
            await until(pilot, lambda: "is being trained: stop it first" in said(app))
            await pilot.press("up", "e")
            await asked(pilot, "Resume: total epochs")
            app.screen.query_one("#answer", Input).value = "30"
            await pilot.press("enter")
            await until(pilot, lambda: worker.orders)

        watch(tmp_path, steps, worker)
    assert worker.orders == [ResumeRun(run=claim.run.path, changes={"num_epochs": 30})]


def orders_to(run: Run) -> list[str]:
    """The orders that were sent to a run."""
    file = run.commands_file
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line)["command"] for line in lines]


def test_a_trial_is_stopped_or_the_whole_sweep(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        sweep.finish()
        claim = sweep.start(2)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 2)
            await pilot.press("down", "s")
            await asked(pilot, f"Stop trial {claim.number}?")
            await pilot.press("escape", "s")
            await asked(pilot, f"Stop trial {claim.number}?")
            await pilot.press("enter")
            await until(pilot, lambda: orders_to(claim.run) == ["stop_at_once"])
            assert not sweep.study.stops
            await pilot.press("up", "s")
            await asked(pilot, "Stop the sweep?")
            await pilot.press("enter")
            await until(pilot, lambda: sweep.study.stops)
            sweep.lose(claim)
            await until(pilot, lambda: "interrupted" in text(app))
            await pilot.press("s")
            await until(pilot, lambda: "No trial is being trained" in said(app))

        watch(tmp_path, steps)


def test_a_sweep_is_paused_and_continued(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.start(2)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("p")
            await until(pilot, lambda: " paused   1 training" in text(app))
            assert sweep.study.is_paused
            await until(pilot, lambda: orders_to(claim.run) == ["pause"])
            await pilot.press("t")
            await until(pilot, lambda: "p continues it" in said(app))
            await pilot.press("p")
            await until(pilot, lambda: " paused " not in text(app).splitlines()[0])
            assert not sweep.study.is_paused
            await until(pilot, lambda: orders_to(claim.run) == ["pause", "resume"])

        watch(tmp_path, steps)


class Helpers:
    """Stands in for what starts a process that trains trials."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def __call__(self, study: Study, devices: str, *_: object) -> None:
        self.started.append(f"{study.name} {devices}")


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> Helpers:
    helpers = Helpers()
    monkeypatch.setattr(helper, "start_in_background", helpers)
    return helpers


def test_trials_are_added_and_trained_here_if_nobody_does(tmp_path: Path, helpers: Helpers) -> None:
    with MadeUpSweep(tmp_path, trials=1) as sweep:
        sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("t")
            await until(pilot, lambda: "a adds more" in said(app))
            await pilot.press("a")
            await asked(pilot, "How many more?")
            answer = app.screen.query_one("#answer", Input)
            for typed in ("0", "x", "-1", "1e3", "9999999"):
                answer.value = typed
                await until(pilot, lambda: "a whole number from 1" in said(app))
                await pilot.press("enter")
                assert isinstance(app.screen, Dialog)
                answer.value = "3"
                await until(pilot, lambda: "a whole number from 1" not in said(app))
            await pilot.press("enter")
            await asked(pilot, "No trial is being trained")
            assert sweep.study.trials_wanted == 4
            await pilot.press("enter")
            await until(pilot, lambda: helpers.started == ["first auto"])
            await until(pilot, lambda: "1 of 4" in text(app))
            sweep.start(1)
            await until(pilot, lambda: "1 training" in text(app))
            await pilot.press("a")
            await asked(pilot, "How many more?")
            await pilot.press("enter")
            await until(pilot, lambda: "1 of 14" in text(app))
            assert not isinstance(app.screen, Dialog)
            await pilot.press("t")
            await asked(pilot, "Train here, too?")
            await pilot.press("enter")
            await until(pilot, lambda: len(helpers.started) == 2)

        watch(tmp_path, steps)


@pytest.mark.parametrize("sampler", ["grid", "tpe"])
def test_there_are_no_more_trials_than_combinations(sampler: str, tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path, trials=1, search={"cell": "lstm,gru"}, sampler=sampler) as sweep:

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("a")
            await asked(pilot, "How many more?")
            assert app.screen.query_one("#answer", Input).value == "1"
            await pilot.press("enter")
            await asked(pilot, "No trial is being trained")
            await pilot.press("escape")
            await until(pilot, lambda: "0 of 2" in text(app))
            await pilot.press("a")
            await until(pilot, lambda: "All combinations" in said(app))

        watch(tmp_path, steps)
    assert sweep.study.trials_wanted == 2


def test_what_has_ended_is_not_paused(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path, trials=1) as sweep:
        sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("p")
            await until(pilot, lambda: "nothing to pause" in said(app))

        watch(tmp_path, steps)
        assert not sweep.study.is_paused


def truncated(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:200])


def replaced(journal: Path) -> None:
    journal.write_bytes(b'{"op_code":4,"worker_id":"a","study_id":7}\n' * 9000)


@pytest.mark.parametrize("damage", [truncated, replaced, Path.unlink])
def test_a_journal_that_is_damaged_meanwhile(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        sweep.finish()
        journal = sweep.study.folder / JOURNAL
        whole = journal.read_bytes()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 1)
            damage(journal)
            problem = app.screen.query_one("#sweep-problem")
            await until(pilot, lambda: problem.display)
            assert "journal" in text(app) or "There is no sweep" in text(app)
            assert table_of(app).row_count == 1
            await pilot.press("p")
            await asked(pilot, "✗ ")
            await pilot.press("enter")
            journal.write_bytes(whole)
            await until(pilot, lambda: not problem.display)

        watch(tmp_path, steps)


def test_what_somebody_else_wrote_into_the_journal_is_shown_or_passed_over(tmp_path: Path) -> None:
    number = {"log": False, "step": 1, "low": 1, "high": 10**400}
    rate = {"log": True, "step": None, "low": 1e-300, "high": 1e300}
    params: list[tuple[str, float, str, dict[str, Any]]] = [
        ("hidden_size", 1e290, "Int", number),
        ("learning_rate", 1e290, "Float", rate),
        ("cell", 0, "Categorical", {"choices": ["[red]\x1b[31m" + "x" * 5000]}),
        ("dropout", 0, "Categorical", {"choices": [float("nan")]}),
        ("num_layers", 0, "Categorical", {"choices": [10**400]}),
        ("bidirectional", 0, "Categorical", {"choices": [[None]]}),
    ]
    with MadeUpSweep(tmp_path, search=MANY) as sweep:
        sweep.prune()
        write = {"worker_id": "somebody"}
        trial = {**write, "trial_id": 1}
        operations: list[dict[str, Any]] = [{**write, "op_code": 4, "study_id": 0}]
        operations[0]["datetime_start"] = "1999-01-01T00:00:00+00:00"
        for name, value, kind, attributes in params:
            distribution = json.dumps({"name": f"{kind}Distribution", "attributes": attributes})
            operation = {"param_name": name, "param_value_internal": value}
            operations.append({**trial, "op_code": 5, "distribution": distribution, **operation})
        for step, value in ((2**31 - 1, 0.5), (2**31, 0.5), (1, 10**500), (2, -1e200)):
            operation = {"op_code": 7, "step": step, "intermediate_value": value}
            operations.append({**trial, **operation})
        end = {"op_code": 6, "state": 1, "datetime_complete": "2999-01-01T00:00:00+00:00"}
        operations += [{"op_code": 4, **write}, {**trial, **end, "values": [1e200]}]
        attribute = {**write, "op_code": 2, "study_id": 0}
        operations.append({**attribute, "user_attr": {"trials": 10**30}})
        with (sweep.study.folder / JOURNAL).open("a") as file:
            file.writelines(json.dumps(operation) + "\n" for operation in operations)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 2)
            assert "\x1b[31m" not in text(app)
            await pilot.press("down", "right", "right", "right", "v", "v", "up", "right", "right")
            await until(pilot, lambda: "1 finished, 1 pruned" in text(app))

        watch(tmp_path, steps, size=(160, 50))


def test_the_rows_of_trials_that_have_ended_are_made_once(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        for _ in range(3):
            sweep.finish()
        reader, maker = SweepReader(sweep.study.folder), ContentMaker()
        before = reader.poll()
        made = maker.make(before, 100).cells
        live = sweep.start(2)
        during = reader.poll()
        assert during.ended is before.ended
        assert [*map(id, during.board.rows[:3])] == [*map(id, before.board.rows[:3])]
        again = maker.make(during, 100).cells
        assert all(again[str(row.number)] is made[str(row.number)] for row in before.ended)
        sweep.end(live, TrialState.COMPLETE, 0.9999)
        after = reader.poll()
        ranks = [cells["rank"].plain for cells in maker.make(after, 100).cells.values()]
        assert ranks == ["1", "2", "3", "4"]
        assert after.board.best is after.ended[3]


@pytest.mark.parametrize(
    ("size", "charts", "objective"),
    [((80, 24), 0, "loss"), ((120, 36), 3, "accuracy"), ((160, 50), 2 + len(MANY), "loss")],
)
def test_what_is_in_view_follows_the_size(
    size: tuple[int, int], charts: int, objective: str, tmp_path: Path
) -> None:
    with MadeUpSweep(tmp_path, search=MANY, objective=objective) as sweep:
        for _ in range(6):
            sweep.finish()
        sweep.prune()
        sweep.start(4)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 8)
            board = app.screen.query_one(Board)
            await until(pilot, lambda: shown(board) == charts)
            assert len({row.split()[-1] for row in rows_of(app)}) == 3  # the states are in view
            assert not table_of(app).show_horizontal_scrollbar
            if charts:
                await until(pilot, lambda: "importance" in text(app))
                assert f"best {objective}" in text(app)
                count = 1 + board.query_one(TrialCurves).display
                await until(pilot, lambda: text(app).count("▲ best") == count)
            names = [*(it.dimension.name for it in board.query(ScatterChart))]
            assert sorted(names) == sorted(MANY)
            await until(pilot, lambda: board._parts)
            assert board.chosen == max(board._parts, key=lambda name: board._parts[name])
            first = names.index(board.chosen)
            names = [*names[first:], *names[:first]]
            for name in (*names[1:], names[0]):
                await pilot.press("right")
                assert board.chosen == name
                mark = f"▸{name}" if charts else "▸"
                await until(pilot, lambda mark=mark: mark in text(app))
                assert shown(board) == charts
            await pilot.press("left")
            assert board.chosen == names[-1]

        watch(tmp_path, steps, size=size)


def test_a_setting_can_be_chosen_while_the_charts_are_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = Board.mount

    def mount_after_a_key(board: Board, *charts: Widget, **where: Any) -> AwaitMount:
        board.choose(1)
        return mount(board, *charts, **where)

    monkeypatch.setattr(Board, "mount", mount_after_a_key)
    with MadeUpSweep(tmp_path):

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            board = app.screen.query_one(Board)
            await until(pilot, lambda: board.query(ScatterChart))
            second = [*board.query(ScatterChart)][1].dimension.name
            assert board.chosen == second

        watch(tmp_path, steps)


def shown(board: Board) -> int:
    """How many charts are in view; -1 as long as one reaches beyond the board."""
    charts = [*board.query(BestChart), *board.query(TrialCurves), *board.query(ScatterChart)]
    regions = [chart.region for chart in charts if chart.display and chart.region.area]
    are_inside = all(board.region.contains_region(region) for region in regions)
    return len(regions) if are_inside else -1


def test_in_a_small_terminal_a_key_shows_the_charts(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        for _ in range(5):
            sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            board = app.screen.query_one(Board)
            await until(pilot, lambda: table_of(app).row_count == 5)
            await pilot.press("v")
            await until(pilot, lambda: shown(board) == 3 and "by trial" in text(app))
            await pilot.press("right")
            await until(pilot, lambda: f"▸{board.chosen}" in text(app))
            await pilot.press("v", "down")
            await until(pilot, lambda: shown(board) == 0 and table_of(app).cursor_row == 1)
            await pilot.resize_terminal(120, 36)
            await until(pilot, lambda: shown(board) == 3)

        watch(tmp_path, steps, size=(80, 24))


def test_the_values_of_a_setting_are_on_its_axis(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path, search=MANY) as sweep:
        for _ in range(6):
            sweep.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 6)
            charts = {it.dimension.name: it for it in app.screen.query(ScatterChart)}

            def lines(name: str) -> str:
                region = charts[name].region
                cut = text(app).splitlines()[region.y : region.bottom + 1]
                return "\n".join(line[region.x : region.right] for line in cut)

            for name, words in (
                ("cell", "lstm"),
                ("cell", "gru"),
                ("hidden_size", "hidden_size, log"),
                ("hidden_size", "100"),
                ("learning_rate", "0.01"),
                ("bidirectional", "true"),
                ("dropout", "0.5"),
            ):
                await until(pilot, lambda n=name, w=words: w in lines(n))
            for name in MANY:
                await until(pilot, lambda n=name: "●" in lines(n) or "▲" in lines(n))
                assert lines(name).count("●") + lines(name).count("▲") <= 6

        watch(tmp_path, steps, size=(160, 50))


def test_in_ascii_nothing_else_is_drawn(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        for _ in range(5):
            sweep.finish()
        sweep.prune()
        sweep.stop()
        sweep.start(3)

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 8)
            await until(pilot, lambda: "importance" in text(app) and "A best" in text(app))
            drawn = "".join(
                segment.text
                for strip in app.screen._compositor.render_strips()
                for segment in strip.apply_filter(app.get_line_filters()[-1], app.styles.background)
            )
            assert drawn.isascii()
            assert "A best o finished # stopped x pruned" in drawn
            assert "?" not in drawn.replace("? Keys", "")

        watch(tmp_path, steps, is_ascii=True)


def test_several_sweeps_are_listed(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as first, MadeUpSweep(tmp_path, "second"):
        first.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, HomeScreen))
            await until(pilot, lambda: "searches for the best settings" in text(app))
            await pilot.press("6")
            await until(pilot, lambda: isinstance(app.screen, SweepList))
            await until(pilot, lambda: "1 finished of 20, best" in text(app))
            choices = app.screen.query_one(OptionList)
            assert choices.highlighted_option
            assert choices.highlighted_option.id == "first"
            choices.highlighted = choices.get_option_index("second")
            await pilot.press("enter")
            await until(pilot, lambda: "No trial has started yet" in text(app))
            assert "second" in text(app)
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            await pilot.press("w")
            await until(pilot, lambda: isinstance(app.screen, SweepList))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, HomeScreen))

        watch(tmp_path, steps)


def test_a_run_that_was_deleted_is_named(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.finish()
        claim.run.config_file.unlink()
        sweep.fail("[bold]too large[/]")

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await until(pilot, lambda: table_of(app).row_count == 2)
            await pilot.press("enter")
            await until(pilot, lambda: "was deleted or moved" in said(app))
            await pilot.press("down")
            await until(pilot, lambda: "[bold]too large[/]" in text(app))

        watch(tmp_path, steps)
