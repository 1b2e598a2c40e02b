"""What a run says when it starts."""

import pytest

from bilstm_core import events
from bilstm_core.training import run_start
from tests.samples import small_config
from tests.sessions import recorded


@pytest.mark.parametrize(("native", "warns"), [(True, False), (False, True)])
def test_bfloat16_without_hardware_for_it_is_a_warning(
    native: bool, warns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_start, "has_bfloat16", lambda _: native)
    recorder = recorded(small_config(precision="bfloat16", num_epochs=1))
    assert bool(recorder.of(events.RunWarning)) is warns
