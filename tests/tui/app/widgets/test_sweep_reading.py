"""A sweep is read again where it has changed, also where only a process has ended."""

from pathlib import Path

import pytest

from bilstm_core.sweeps.leaderboard import Leaderboard, LeaderboardReader
from bilstm_tui.app.widgets.sweep.reading import SweepReader
from tests.sweeping import MadeUpSweep


def test_a_process_that_ends_while_the_sweep_is_read_is_missed_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MadeUpSweep(tmp_path) as sweep:
        claim = sweep.start(2)
        read = LeaderboardReader.read

        def read_and_lose(board: LeaderboardReader) -> Leaderboard:
            found = read(board)
            sweep.lose(claim)
            return found

        reader = SweepReader(sweep.study.folder)
        monkeypatch.setattr(LeaderboardReader, "read", read_and_lose)
        assert reader.poll().board.count("training") == 1
        monkeypatch.setattr(LeaderboardReader, "read", read)
        seen = reader.poll()
        assert seen.board.count("interrupted") == 1
        assert reader.poll() is seen
