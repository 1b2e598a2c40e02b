"""`resume` has an option for each setting that may change, and for no other."""

import inspect

from bilstm_core.config.settings import RESUMABLE, SETTINGS
from bilstm_tui.cli.resume import resume


def test_its_options_are_the_settings_that_may_change() -> None:
    options = inspect.signature(resume).parameters.keys()
    assert options & SETTINGS.keys() == RESUMABLE
    assert "num_epochs" in RESUMABLE
    assert "hidden_size" not in RESUMABLE
