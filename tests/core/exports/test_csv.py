"""Tables: every epoch and step once, and cells that a spreadsheet shows as they are."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from bilstm_core.config.settings import SETTINGS
from bilstm_core.exports.cells import csv_text
from bilstm_core.exports.csv import EPOCH_COLUMNS, STEP_COLUMNS, export_csv
from bilstm_core.exports.run_table import COLUMNS, runs_csv
from bilstm_core.runs.notes import Notes, write_notes
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.run import Run
from tests.core.exports.recorded import Recorded


def rows_of(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text))]


def exported(run: Run, folder: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    epochs, steps = folder / "a.epochs.csv", folder / "a.steps.csv"
    export_csv(run, epochs, steps)
    return rows_of(epochs.read_text()), rows_of(steps.read_text())


def test_a_step_that_was_trained_twice_stands_there_once(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    epochs, steps = exported(recorded.run, tmp_path)
    assert (*epochs[0],) == EPOCH_COLUMNS
    assert (*steps[0],) == STEP_COLUMNS
    assert [row["loss"] for row in steps] == ["3.0", "", "2.0", "1.5", "1.25", "1.0"]
    assert [row["epoch"] for row in steps] == ["1", "1", "1", "2", "2", "2"]
    assert [row["learning_rate"] for row in steps] == ["", "", "0.1", "", "", "0.05"]
    assert [row["gradient_norm"] for row in steps] == ["", "", "2.0", "", "", "4.0"]
    assert [(row["epoch"], row["step"]) for row in epochs] == [("1", "3"), ("2", "6")]
    second = epochs[1]
    assert (second["train_loss"], second["train_seconds"]) == ("0.5", "2.5")
    assert (second["split"], second["loss"], second["macro_f1"]) == ("test", "1.0", "0.75")


def test_steps_are_discarded_also_where_the_start_of_their_repetition_is_lost(
    tmp_path: Path,
) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.start(1, 0)
    recorded.train(1, [3.0, 2.5, 2.0])
    recorded.train(2, [9.0, 9.0, 9.0])
    recorded.train(1, [2.0, 1.5, 1.0])
    epochs, steps = exported(recorded.run, tmp_path)
    assert [row["loss"] for row in steps] == ["2.0", "1.5", "1.0"]
    assert [row["epoch"] for row in epochs] == ["1"]
    recorded.finish()


def test_an_epoch_that_is_not_evaluated_yet_has_empty_cells(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    lines = recorded.run.log_file.read_text().splitlines(keepends=True)
    recorded.run.log_file.write_text("".join(lines[:3]))
    (row,) = exported(recorded.run, tmp_path)[0]
    assert row["train_loss"] == "1.0"
    assert {row[name] for name in EPOCH_COLUMNS[6:]} == {""}


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_text_that_a_spreadsheet_would_compute_stays_text(start: str) -> None:
    formula = f"{start}cmd|' /C calc'!A0"
    (row,) = rows_of(csv_text(["name", "number"], [[formula, -1.5]]))
    assert row == {"name": f"'{formula}", "number": "-1.5"}


def test_control_characters_are_escaped() -> None:
    (row,) = rows_of(csv_text(["name"], [["\t=1\r\n\x1b[2J"]]))
    assert row == {"name": r"\t=1\r\n\x1b[2J"}


def test_a_run_is_one_row_with_results_and_all_settings(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    write_notes(recorded.run, Notes(pinned=True, note='=HYPERLINK("x"), "quoted"'))
    (row,) = rows_of(runs_csv([read_overview(recorded.run)]))
    assert (*row,) == COLUMNS
    assert {*SETTINGS} <= row.keys()
    assert row["run"] == recorded.run.name
    assert row["started"] == "2001-09-09T01:46:41+00:00"
    assert (row["status"], row["epochs"], row["steps"]) == ("finished", "2", "6")
    assert (row["test_accuracy"], row["train_loss"]) == ("0.75", "0.25")
    assert row["validation_accuracy"] == ""
    assert row["note"] == '\'=HYPERLINK("x"), "quoted"'
    assert row["pinned"] == "true"
    for name, value in recorded.config.model_dump().items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        assert row[name] == shown


def test_figures_in_a_row_are_of_one_state_of_the_network(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    lines = recorded.run.log_file.read_text().splitlines(keepends=True)
    again = [line for line in lines[-8:-3] if '"step":6' in line]  # the last epoch
    later = (
        "".join(again).replace('"step":6', '"step":9').replace('"accuracy":0.5', '"accuracy":0.6')
    )
    with recorded.run.log_file.open("a") as log:
        log.write(later)
    (row,) = rows_of(runs_csv([read_overview(recorded.run)]))
    assert (row["steps"], row["test_accuracy"], row["train_accuracy"]) == ("9", "0.6", "")


@pytest.mark.parametrize("name", ["config_file", "log_file"])
def test_a_run_that_cannot_be_read_has_empty_cells(name: str, tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    damaged: Any = getattr(recorded.run, name)
    damaged.write_text('{"type":"warning","time":-99999999999,"message":"x"}\n')
    (row,) = rows_of(runs_csv([read_overview(Run(recorded.run.path))]))
    assert row["run"] == recorded.run.name
    if name == "config_file":
        assert row["hidden_size"] == ""
    else:
        assert row["test_accuracy"] == ""
        assert row["started"] == ""
