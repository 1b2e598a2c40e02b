"""What tests of the app and of the command line share."""

from collections.abc import Iterator

import pytest

from tests.tui import idle


@pytest.fixture(autouse=True, scope="session")
def _keys_are_not_waited_for_longer_than_they_take() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for user in ("textual.app", "textual.pilot"):
            patch.setattr(f"{user}.wait_for_idle", idle.wait_for_idle)
        yield
