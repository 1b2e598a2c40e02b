"""The command that does what the form says."""

from bilstm_tui.text.command_line import command_for
from tests.samples import small_config


def test_the_command_says_only_what_differs() -> None:
    config = small_config(bidirectional=False, learning_rate=1e-5)
    assert command_for(config, "default") == (
        "bilstm-tui --no-ui --dataset digits --no-bidirectional --hidden-size 16 "
        "--learning-rate 1e-05 --num-epochs 2 --device cpu --precision float32"
    )
