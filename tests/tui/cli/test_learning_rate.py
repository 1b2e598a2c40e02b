"""`lr-find`: a curve and a setting, in words or JSON."""

import json
from types import SimpleNamespace

import pytest
import torch

from bilstm_core.errors import TrainingError
from bilstm_core.training.learning_rate_curve import LearningRateCurve
from bilstm_core.training.step import Step
from bilstm_tui.cli.learning_rate import show_learning_rates
from bilstm_tui.cli.main import run
from tests.samples import small_config
from tests.tui.cli.conftest import said

SETTINGS = ["--dataset", "digits", "--hidden-size", "16", "--precision", "float32"]


def test_lr_find_prints_a_curve_and_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lr-find", *SETTINGS]) == 0
    out = capsys.readouterr().out
    assert "BiLSTM 1×16 on digits" in out
    assert "█" in out
    name, _, value = out.splitlines()[-1].partition(" = ")
    assert name == "learning_rate"
    assert 1e-5 < float(value) < 1


def test_lr_find_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lr-find", "--json", *SETTINGS]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["rates"]) == len(answer["losses"]) > 50
    assert answer["rates"][0] < answer["suggestion"] < answer["rates"][-1]


def test_too_little_memory_is_a_failure_in_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with monkeypatch.context() as patched:
        patched.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=2**15))
        code, out, err = said(capsys, "lr-find", *SETTINGS)
    assert (code, out) == (1, "")
    assert "Out of memory" in err
    assert "GiB are free" in err
    monkeypatch.setattr(Step, "_run", fail)
    code, out, err = said(capsys, "lr-find", *SETTINGS)
    assert (code, out) == (1, "")
    assert "Out of memory" in err
    assert "Lower --batch-size first" in err


@pytest.mark.parametrize(
    ("losses", "message"),
    [([2.0, 2.0], "fell at none"), ([2.0], "was not finite"), ([], "was not finite")],
)
def test_no_suggestion_is_a_failure_in_words(losses: list[float], message: str) -> None:
    curve = LearningRateCurve(rates=[0.1, 1.0][: len(losses)], losses=losses, suggestion=None)
    with pytest.raises(TrainingError) as caught:
        show_learning_rates(small_config(), curve, as_json=False)
    assert message in caught.value.message


def test_bars_start_at_zero(capsys: pytest.CaptureFixture[str]) -> None:
    rates = [10.0 ** (number / 10) for number in range(-30, 0)]
    losses = [2.0 - 1.5 * number / 29 for number in range(30)]  # to a quarter of the first
    curve = LearningRateCurve(rates=rates, losses=losses, suggestion=0.01)
    assert show_learning_rates(small_config(), curve, as_json=False) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "█" in line]
    assert len(lines) == 6
    for line in lines:
        _, loss, bar = line.split()
        assert len(bar) == round(40 * float(loss) / 2.0)


def test_a_bar_that_is_cut_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    rates = [10.0 ** (number / 10) for number in range(-30, 0)]
    losses = [2.0, *[1.0] * 14, *[9.0] * 15]
    curve = LearningRateCurve(rates=rates, losses=losses, suggestion=0.01)
    assert show_learning_rates(small_config(), curve, as_json=False) == 0
    bars = [line.split()[-1] for line in capsys.readouterr().out.splitlines() if "█" in line]
    assert [bar.endswith("▶") for bar in bars] == [False] * 3 + [True] * 3
    assert {len(bar) for bar in bars if bar.endswith("▶")} == {40}
