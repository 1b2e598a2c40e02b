"""How often Python looks for garbage."""

import subprocess
import sys

import pytest

TELL_AT_THE_END = """
import atexit, gc
frozen = lambda: gc.get_freeze_count() > 0
atexit.register(lambda: print(gc.get_threshold()[0], frozen(), file=sys.stderr))
"""


@pytest.mark.parametrize(
    "start",
    [
        "from bilstm_core.processes.worker import main; main()",
        "from bilstm_core.processes.examiner import main; sys.argv[1:] = ['-', '-', '1']; main()",
        "from bilstm_tui.__main__ import main; sys.argv[1:] = ['--version']; main()",
    ],
)
def test_a_process_looks_for_it_rarely_and_not_at_its_end(start: str) -> None:
    """As it would in all of PyTorch's objects, while somebody waits for the prompt."""
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[1:] = ['1']\n{TELL_AT_THE_END}{start}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr.splitlines()[-1] == "100000 True"


def test_what_is_there_is_passed_over_and_the_rest_in_small_pieces() -> None:
    code = """
import gc
from bilstm_core.compute.garbage import collect_in_small_pieces, collect_rarely
collect_rarely()
before = gc.get_threshold()[0]
collect_in_small_pieces()
assert gc.get_threshold()[0] < before / 2 and gc.get_freeze_count() > 0
"""
    subprocess.run([sys.executable, "-c", code], check=True)
