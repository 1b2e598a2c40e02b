"""Keys that arrive together have the effect that they have one at a time."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from textual.dom import DOMNode
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import TabbedContent

from bilstm_tui.app import key_order
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.runs import RunsScreen
from bilstm_tui.app.widgets.form import Form
from tests.samples import small_config
from tests.tui.driving import PATIENCE_SECONDS, FakeWorker, drive, until
from tests.tui.forms import SMALLEST, focused_name, go_to

CHARACTERS = {"space": " ", "slash": "/", "question_mark": "?"}

BURSTS: list[tuple[str, str, dict[str, Any], str]] = [
    # the row, the keys, what they change, and the row that has the focus then
    (
        "cell",
        "enter down enter down right",
        {"cell": "gru", "bidirectional": False},
        "bidirectional",
    ),
    ("cell", "enter g enter", {"cell": "gru"}, "cell"),
    ("cell", "enter escape down down", {}, "num_layers"),
    ("cell", "question_mark escape right", {"cell": "gru"}, "cell"),
    ("hidden_size", "3 2 left 1 enter right", {"hidden_size": "512"}, "hidden_size"),
    ("hidden_size", "5 escape down right", {"merge": "sum"}, "merge"),
    ("hidden_size", "6 escape escape v v v v down right", {"merge": "sum"}, "merge"),
    ("hidden_size", "7 7 tab right", {"hidden_size": "77", "merge": "sum"}, "merge"),
    ("readout", "space home enter up right", {"readout": "all", "merge": "sum"}, "merge"),
    ("preset", "slash l e escape down down", {}, "dataset"),
    ("preset", "slash w e i g h t enter right", {"weight_decay": "1e-05"}, "weight_decay"),
]


def type_at_once(app: BilstmApp, keys: list[str]) -> None:
    for key in keys:
        character = CHARACTERS.get(key, key if len(key) == 1 else None)
        app.post_message(Key(key, character))


def test_in_the_form(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        form = app.train_screen.query_one(Form)
        unchanged = dict(form._values)
        for row, keys, changes, focused in BURSTS:
            await go_to(app, pilot, row)
            type_at_once(app, keys.split())
            expected = unchanged | changes, focused
            await until(pilot, lambda it=expected: (form._values, focused_name(app)) == it)
            form.show(small_config())
            await until(pilot, lambda: form._values == unchanged)

    drive(FakeWorker(), tmp_path, steps, SMALLEST)


def is_idle(app: BilstmApp, worker: FakeWorker) -> bool:
    """Whether the latest run is shown with its end, and another may be started."""
    view = app.train_screen.view
    is_last = bool(worker.runs) and view.shown_run == worker.runs[-1]
    return is_last and view.history.ending is not None and not app._is_starting


def test_a_key_that_trains_uses_what_was_typed_before_it(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        rows = (("hidden_size", "right"), ("cell", "right"), ("bidirectional", "space"))
        for count, (row, key) in enumerate(rows, start=1):
            await go_to(app, pilot, row)
            type_at_once(app, [key, "t"])
            await until(pilot, lambda n=count: len(worker.orders) == n and is_idle(app, worker))
            app.train_screen.query_one(TabbedContent).active = "network"

    drive(worker := FakeWorker(), tmp_path, steps)
    trained = [
        (it.config.hidden_size, it.config.cell, it.config.bidirectional) for it in worker.orders
    ]
    assert trained == [(32, "lstm", True), (32, "gru", True), (32, "gru", False)]


def test_an_error_on_the_way_takes_no_key_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_up = key_order._go_up

    async def fail(first: DOMNode, times: int) -> None:
        monkeypatch.setattr(key_order, "_go_up", go_up)
        raise LookupError

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        monkeypatch.setattr(key_order, "_go_up", fail)
        with suppress(LookupError):  # asyncio reports it, and the effect is awaited here
            type_at_once(app, ["v", "r"])
            await until(pilot, lambda: app._effect)
            if app._effect:
                await app._effect
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))

    drive(FakeWorker(), tmp_path, steps)


def test_quitting_waits_for_no_other_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(first: DOMNode, times: int) -> None:
        await asyncio.Event().wait()

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        monkeypatch.setattr(key_order, "_go_up", never)
        monkeypatch.setattr(key_order, "_MOST_SECONDS", PATIENCE_SECONDS)
        type_at_once(app, ["v", "v", "v", "ctrl+c"])
        await until(pilot, lambda: app.return_value == 0)

    drive(FakeWorker(), tmp_path, steps)
