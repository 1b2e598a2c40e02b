"""One thing is not '1 things'."""

from pathlib import Path

import numpy as np

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.wording import counted, were


def test_numbers_of_things() -> None:
    assert (counted(0, "step"), counted(1, "step"), counted(2000, "step")) == (
        "0 steps",
        "1 step",
        "2,000 steps",
    )
    assert (were(1), were(2)) == ("was", "were")


def test_a_test_part_of_one_sequence_is_in_the_singular(tmp_path: Path) -> None:
    np.savez(tmp_path / "few.npz", X=np.arange(12.0).reshape(6, 2), y=[0, 1] * 3)
    spec = describe(RunConfig(dataset=str(tmp_path / "few.npz"), max_length=1))
    assert spec.words() == "5 training and 1 test sequence of 1 step × 1"
    chosen, cut = spec.notes
    assert chosen.startswith("The data have no test part: 1 of 6 sequences was chosen (")
    assert cut == "6 longer sequences were cut to their first 1 step."
