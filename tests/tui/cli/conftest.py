"""What tests of the command line share."""

import pytest

from bilstm_tui.cli.main import run


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def said(capsys: pytest.CaptureFixture[str], *tokens: str) -> tuple[int, str, str]:
    code = run(list(tokens))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err
