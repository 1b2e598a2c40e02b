"""`bilstm-tui runs`: a line for each run."""

import json
from pathlib import Path

import pytest
import tomli_w

from bilstm_core.runs.store import create_run
from tests.samples import small_config
from tests.sessions import start
from tests.tui.cli.conftest import said


def test_a_run_has_one_line_whatever_its_name_and_note(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run, lock = create_run(tmp_path, small_config())
    lock.release()
    hostile = "a\x1b[2J\u202e\n2001-02-03_040506_forged  finished"
    run.notes_file.write_text(tomli_w.dumps({"note": hostile}), encoding="utf-8")
    run.path.rename(tmp_path / hostile)
    code, out, _ = said(capsys, "runs", "--runs-dir", str(tmp_path))
    assert code == 0
    (line,) = out.splitlines()
    assert line.isprintable()
    assert line.count("forged") == 2


def test_no_control_code_of_a_foreign_run_reaches_the_screen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = start(tmp_path / "runs", small_config(num_epochs=1))
    evil = "\x1b]0;owned\x07\x1b[2J[bold red]"
    log = run.log_file.read_text().replace("BiLSTM 1", json.dumps(evil)[1:-1])
    run.log_file.write_text(log)
    run.config_file.write_text(run.config_file.read_text() + f"{json.dumps(evil)} = 1\n")
    run.path.rename(run.path.with_name("2026-01-01_000000_\x1b[31m"))
    for command, expected in (
        (["runs"], 0),
        (["attach", "latest"], 0),
        (["runs", "--json"], 0),
        (["resume", "latest"], 2),
    ):
        code, out, err = said(capsys, *command)
        assert code == expected
        assert "\x1b" not in out + err
        assert "\x07" not in out + err
