"""What ranks agree on, without processes: the most urgent stop, and the same data."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bilstm_core.compute.distributed import Ranks
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import DataError
from bilstm_core.stopping import Stop
from bilstm_core.training import trainer
from bilstm_core.training.agreement import Agreement
from bilstm_core.training.trainer import train
from tests.samples import small_config


class OneOfTwo(Ranks):
    """A rank beside another, which asks for the stop `other`, as a number that ranks compare."""

    size = 2
    other = 0

    def agree(self, stop: Callable[[], int], rate: float | None) -> tuple[int, float | None]:
        self.asked = stop()
        return max(self.asked, self.other), rate


@pytest.mark.parametrize(
    ("here", "there", "agreed"),
    [
        (Stop.NO, Stop.NO, Stop.NO),
        (Stop.NO, Stop.EVALUATED, Stop.EVALUATED),
        (Stop.EVALUATED, Stop.AT_ONCE, Stop.AT_ONCE),
        (Stop.NO, True, Stop.AT_ONCE),
    ],
)
def test_the_most_urgent_stop_counts(here: Stop, there: Stop, agreed: Stop) -> None:
    def agreement(ranks: OneOfTwo, stop: Stop) -> Agreement:
        return Agreement(ranks, lambda: stop, lambda: None)

    for first, second in ((here, there), (there, here)):
        ranks = OneOfTwo()
        agreement(ranks, first).should_stop()
        ranks.other = ranks.asked
        assert agreement(ranks, second).should_stop() is agreed


def test_a_rank_neither_stops_nor_waits_alone_before_the_first_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Prepared(BaseException):
        pass

    def prepare(*_: object, should_stop: Callable[[], bool], **__: object) -> Any:
        assert not should_stop()
        raise Prepared

    monkeypatch.setattr(trainer, "prepare", prepare)
    with pytest.raises(Prepared):
        train(small_config(), should_stop=lambda: True, ranks=OneOfTwo())


def test_data_that_are_not_those_of_rank_0_are_refused() -> None:
    class Elsewhere(OneOfTwo):
        def send(self, content: Any) -> Any:
            assert isinstance(content, DataSpec)
            return replace(content, train_size=content.train_size + 7, fingerprint="another")

    with pytest.raises(DataError, match="1,437 instead of 1,444 training sequences"):
        train(small_config(), ranks=Elsewhere())
