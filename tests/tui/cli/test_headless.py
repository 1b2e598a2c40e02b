"""Training without the app."""

import json

import pytest

from tests.tui.cli.conftest import said


def test_json_mode_prints_events_alone(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(
        capsys, "--json", "--dataset", "digits", "--num-epochs", "1", "--hidden-size", "8"
    )
    assert code == 0
    assert err == ""
    types = [json.loads(line)["type"] for line in out.splitlines()]
    assert types[0] == "run_started"
    assert types[-1] == "finished"
