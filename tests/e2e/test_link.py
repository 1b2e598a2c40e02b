"""How many bytes the app sends: it must be usable over a slow link."""

from pathlib import Path

from tests.recording import Recording

from .terminal import Terminal, environment

MOST_BYTES = 20_000
"""Of a redraw, twice what it takes; the whole screen would take 27 kB. By default there is one a
second, with --redraws 0.2 one in five."""
REDRAWS = 30


def test_a_redraw_sends_less_than_the_screen(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with (
        Recording(tmp_path / "runs", 100_000) as recording,
        Terminal("--redraws", "10", env=env, columns=120, rows=36) as app,
    ):
        recording.advance(500)
        app.wait_for("Being trained now")
        app.type("\r")
        app.wait_for(r"\b500/100,000")  # Home has curves, too
        before = len(app.bytes)
        for step in range(1000, 1000 * (REDRAWS + 1), 1000):  # an epoch more each time
            recording.advance(step)
            app.wait_for(rf"\b{step:,}/100,000")
        assert 100 * REDRAWS < len(app.bytes) - before < MOST_BYTES * REDRAWS
