"""A run in words and small curves."""

from pathlib import Path

import pytest

from bilstm_core.runs.follow import Follower
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import read_overview
from bilstm_tui.app.widgets.run_tables import brief_preview
from tests.tui.driving import past_runs


@pytest.mark.parametrize("width", [-2, 0, 1, 7, 18, 20, 24])
def test_a_preview_of_a_few_lines_has_words_only_where_no_curve_fits(
    width: int, tmp_path: Path
) -> None:
    (run,) = past_runs(tmp_path, 16)
    preview = brief_preview(read_overview(run), Follower(run, History()).state, {}, width)
    lines = preview.plain.split("\n")
    assert len(lines) == 4
    assert max(map(len, lines)) <= max(1, width)
    assert any(character > "\u2800" for character in preview.plain) == (width >= 18)
