"""The screen of a sweep: what it reads, follows and opens."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from textual.pilot import Pilot
from textual.widgets import OptionList

from bilstm_core.sweeps.folders import JOURNAL
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.home import HomeScreen
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.screens.sweep import SweepScreen
from bilstm_tui.app.screens.sweep_list import SweepList
from bilstm_tui.app.widgets.sweep.reading import SweepReader
from bilstm_tui.app.widgets.sweep.table import ContentMaker
from tests.sweeping import EPOCHS, MadeUpSweep
from tests.tui.driving import FakeWorker, asked, drive, said, text, until
from tests.tui.sweep_driving import MANY, rows_of, table_of, watch


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
            await until(pilot, lambda: "No trial has started yet" in text(app))
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


def test_several_sweeps_are_listed(tmp_path: Path) -> None:
    with MadeUpSweep(tmp_path) as first, MadeUpSweep(tmp_path, "second"):
        first.finish()

        async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, HomeScreen))
            await until(pilot, lambda: "searches for settings" in text(app))
            await pilot.press("6")
            await until(pilot, lambda: isinstance(app.screen, SweepList))
            await until(pilot, lambda: "1 finished of 20" in text(app))
            assert "⏎ Select" in text(app)
            assert app.screen.query_one(OptionList).virtual_size.height == 2  # none is wrapped
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
