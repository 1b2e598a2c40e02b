"""The table of trials at any width: its words stay whole."""

from pathlib import Path

import pytest

from bilstm_tui.cli import sweep_report
from tests.sweeping import MadeUpSweep

SEARCH = {
    "bidirectional": "true,false",
    "hidden_size": "16..256:log",
    "learning_rate": "1e-3..3e-2:log",
    "label_smoothing": "0,0.1",
}


def printed(
    search: dict[str, str],
    width: int,
    runs_dir: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """The table of a sweep with a trial that finished and one that failed."""
    monkeypatch.setenv("COLUMNS", str(width))
    with MadeUpSweep(runs_dir, search=search) as sweep:
        sweep.finish()
        sweep.fail("too large")
        sweep_report.print_status(sweep.study, as_json=False)
    return capsys.readouterr().out.splitlines()[4:-1]


@pytest.mark.parametrize(
    ("searched", "width", "names", "values"),
    [
        (4, 160, ["bidirectional", "hidden_size", "learning_rate"], "0.00638"),
        (3, 100, ["bidirectional", "hidden_", "size", "learning_", "rate"], "0.00638"),
        (4, 80, ["settings"], "learning_rate=0.00638"),
    ],
)
def test_no_word_is_broken(
    searched: int,
    width: int,
    names: list[str],
    values: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    search = dict(list(SEARCH.items())[:searched])
    lines = printed(search, width, tmp_path, capsys, monkeypatch)
    rule = next(number for number, line in enumerate(lines) if "─" in line)
    words = " ".join(lines[:rule]).split()
    assert {*names, "trial", "epoch", "time", "state"} <= {*words}
    assert values in " ".join(lines[rule:]).split()
    assert "too large" in "\n".join(lines)
    assert max(map(len, lines)) <= width
