"""The commands and their options."""

import inspect

from bilstm_core.training.checkpoints import CHANGEABLE
from bilstm_tui.cli import commands


def test_what_a_run_may_go_on_with_otherwise_can_be_said() -> None:
    options = inspect.signature(commands.resume).parameters.keys()
    assert CHANGEABLE - {"checkpoint_seconds"} <= options
