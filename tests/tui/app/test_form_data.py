"""Data of one's own in the form: read in another process, trained with."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_core.config.resolve import resolve
from bilstm_core.data.data_overview import DataOverview
from bilstm_core.processes import data_reader_client
from bilstm_core.processes.protocol import ReadData
from bilstm_core.processes.worker_client import WorkerClient
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.widgets.choice_field import ChoiceField
from bilstm_tui.app.widgets.data_view import DataView
from bilstm_tui.app.widgets.form import Form
from tests.samples import small_config
from tests.tui.driving import FakeWorker, drive, said, text, until
from tests.tui.own_data import (
    TALL,
    choose,
    drive_with,
    is_pointed_to,
    is_shown,
    right_of_the_form,
)


def test_a_table_is_chosen_its_column_named_and_trained_with(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        assert not is_shown(app, "label_column")
        await choose(app, pilot, table)
        await until(pilot, lambda: "Set label_column to one of them" in said(app))
        await pilot.press("escape", "t")
        await until(pilot, lambda: is_pointed_to(app, "Set label_column to one of them"))
        assert worker.orders == []
        app.screen.query_one("#label_column", Input).value = "kind"
        await until(pilot, lambda: "walks: 16 training sequences" in text(app))
        await until(pilot, lambda: "--label-column kind" in right_of_the_form(app))
        await pilot.press("t")
        await until(pilot, lambda: worker.orders and "finished" in text(app))

    drive(worker := FakeWorker(), tmp_path / "runs", steps, TALL)
    (order,) = worker.orders
    assert (order.config.dataset, order.config.label_column) == (str(table), "kind")


def test_a_column_that_is_asked_for_is_marked_in_its_row(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "! label_column" in text(app))
        marked = app.train_screen.query("FormRow.-invalid")
        assert [row.query_one(Input).id for row in marked] == ["label_column"]
        await app.train_screen.query_one(Form).go_to("label_column")
        words = "! Which column holds the label? height (whole number), kind (text), place (text)."
        await until(pilot, lambda: words in said(app))
        await pilot.press(*"kind")
        await until(pilot, lambda: "walks: 16 training sequences" in text(app))
        await until(pilot, lambda: "! label_column" not in text(app) and words not in said(app))

    drive_with(resolve({"dataset": str(table)}), tmp_path / "runs", steps)


def test_names_of_columns_are_those_of_one_file(tmp_path: Path, labelled: Path) -> None:
    config = small_config(dataset=str(labelled), label_column="label", hidden_size=17)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "labelled: 16 training sequences" in text(app))
        app.screen.query_one("#dataset", ChoiceField).value = "digits"
        await until(pilot, lambda: "1,437 training images" in text(app))
        await until(pilot, lambda: not is_shown(app, "label_column"))
        assert app.train_screen.config == small_config(num_epochs=2, hidden_size=17)

    drive_with(config, tmp_path / "runs", steps)


def test_letters_are_text_in_the_name_of_a_column(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: is_shown(app, "label_column"))
        app.screen.query_one("#label_column", Input).focus()
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press(*"kitq", "backspace", "backspace", "n", "d")
        await until(pilot, lambda: "walks: 16 training sequences" in text(app))

    drive_with(resolve({"dataset": str(table)}), tmp_path / "runs", steps)


def test_the_end_of_a_long_text_is_seen(tmp_path: Path, table: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: is_shown(app, "features"))
        app.screen.query_one("#features", Input).focus()
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press(*"abcdefghijklmnopqrstuvwxyz")
        await until(pilot, lambda: "tuvwxyz" in text(app))

    drive_with(resolve({"dataset": str(table)}), tmp_path / "runs", steps)


def test_while_data_are_read_nothing_is_trained_and_keys_work(
    tmp_path: Path, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer, started, ended = asyncio.Event(), [], []
    ask = data_reader_client._read

    async def slow(question: ReadData) -> DataOverview:
        started.append(question)
        try:
            await may_answer.wait()
        except asyncio.CancelledError:
            ended.append(question.config.seed)
            raise
        return await ask(question)

    monkeypatch.setattr(data_reader_client, "_read", slow)

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: text(app).count("Reading labelled.csv …") == 2)
        await pilot.press("t")
        await until(pilot, lambda: is_pointed_to(app, "Reading labelled.csv …"))
        await until(pilot, lambda: len(started) == 1)  # it waits until nobody types any more
        app.screen.query_one("#test_fraction", Input).value = "0.4"  # other data
        await until(pilot, lambda: ended == [0])
        assert app.train_screen.config is None
        may_answer.set()
        await until(pilot, lambda: "labelled: 12 training sequences" in text(app))
        await until(pilot, lambda: "Reading" not in text(app))
        assert app.train_screen.config

    drive_with(resolve({"dataset": str(labelled)}), tmp_path / "runs", steps)


def test_a_setting_that_the_data_rule_out_is_named_at_once(tmp_path: Path) -> None:
    rows = [f"{n},{n * step},{'ab'[n % 2]}" for n in range(20) for step in range(3 + n % 3)]
    path = tmp_path / "walks.csv"
    path.write_text("\n".join(["id,height,label", *rows]), encoding="utf-8")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "16 training sequences" in text(app))
        app.screen.query_one("#readout", ChoiceField).value = "all"
        await until(pilot, lambda: "needs sequences of equal length" in text(app))
        await pilot.press("t")
        await until(pilot, lambda: is_pointed_to(app, "needs sequences of equal length"))
        app.screen.query_one("#readout", ChoiceField).value = "last"
        await until(pilot, lambda: "16 training sequences" in text(app))

    drive_with(resolve({"dataset": str(path)}), tmp_path / "runs", steps)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "there is no such file or folder" in text(app))
        assert app.train_screen.config is None
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.focused, DataView))
        assert "there is no such file or folder" in text(app)

    drive_with(resolve({"dataset": str(tmp_path / "gone.csv")}), tmp_path / "runs", steps)


@pytest.mark.usefixtures("real_children")
def test_a_run_with_a_table_trains(tmp_path: Path, labelled: Path) -> None:
    config = small_config(dataset=str(labelled), num_epochs=1)
    app = BilstmApp(config, "default", tmp_path / "runs", make_worker=WorkerClient)

    async def main() -> None:
        async with app.run_test(size=TALL) as pilot:
            await until(pilot, lambda: "labelled: 16 training sequences" in text(app))
            await pilot.press("t")
            await until(pilot, lambda: "/ 4 with accuracy" in text(app))

    asyncio.run(main())
