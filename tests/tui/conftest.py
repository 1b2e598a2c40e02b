"""What tests of the app and of the command line share."""

from collections.abc import Iterator

import pytest

from tests.tui import idle

_FRAME_SECONDS = 0.05
"""Between two frames while something goes on; whatever is waited for is drawn at once."""


@pytest.fixture(autouse=True, scope="session")
def _apps_take_no_longer_than_what_they_show() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for user in ("textual.app", "textual.pilot"):
            patch.setattr(f"{user}.wait_for_idle", idle.wait_for_idle)
        patch.setattr("textual.screen.UPDATE_PERIOD", _FRAME_SECONDS)
        yield
