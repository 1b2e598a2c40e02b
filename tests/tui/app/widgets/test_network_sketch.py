"""The sketch of the network and the estimate beside it."""

import pytest

from bilstm_tui.app.widgets.network_sketch import _format_seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "a second"),
        (59, "59 s"),
        (3600, "1 h 0 min"),
        (86_399, "24 h 0 min"),
        (9e4, "1.0 days"),
    ],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert _format_seconds(seconds) == words
