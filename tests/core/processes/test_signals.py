"""Signals that ask a process to stop."""

from contextlib import suppress

import pytest

from bilstm_core.processes.signals import StopRequest


class TestASignalWhileItBegins:
    """What is loaded then may make anything of the `SystemExit`."""

    def test_what_a_library_makes_of_it_is_not_told(self) -> None:
        stop = StopRequest()

        def load() -> None:
            with suppress(SystemExit), stop.before_training():
                stop._receive(15, None)
            raise ImportError("cannot load module more than once per process")

        with pytest.raises(SystemExit) as ended, stop.before_training():
            load()
        assert ended.value.code == 143

    def test_nor_is_it_lost(self) -> None:
        stop = StopRequest()
        with pytest.raises(SystemExit) as ended, stop.before_training(), suppress(SystemExit):
            stop._receive(2, None)
        assert ended.value.code == 130

    def test_without_one_an_error_is_an_error(self) -> None:
        with pytest.raises(ImportError), StopRequest().before_training():
            raise ImportError
