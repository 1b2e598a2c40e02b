"""`python -m bilstm_core.sweeps.worker FOLDER DEVICE THREADS DATA_DIR STOPS ANSWERS`.

The process of a slot of a helper. It trains trial after trial until all trials have ended, a signal
comes, or the sweep is stopped, which it was STOPS times before; and it depends on no other process:
its state is in the sweep's folder. An error that is not a trial's own is written to the descriptor
ANSWERS as a `Failed` event. DATA_DIR is `-` for the default.
"""

import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from .. import events
from ..compute.garbage import collect_rarely
from ..compute.openmp import limit_spinning
from ..errors import INTERNAL_ERROR_EXIT_CODE, BilstmError, OutputError, imports_in_words
from ..events import Failed
from ..processes.signals import StopRequest

_WAIT_SECONDS = 1.0


def main() -> int:
    """Train trials; the result is the process's exit code."""
    folder, device, threads, data_dir, stops, answers = sys.argv[1:]
    limit_spinning()
    collect_rarely()
    stop = StopRequest()
    stop.listen()
    try:
        with imports_in_words(), stop.before_training():
            from .slots import Slot
            from .study import Study
            from .trial import TrialTrainer  # imports torch: seconds

            study = Study(Path(folder))
            slot = Slot(device, int(threads))
            where = None if data_dir == "-" else Path(data_dir)
            trainer = TrialTrainer(study, slot, where, stop, int(stops))
        while not trainer.is_stopped():
            if trainer.train_next():
                continue
            if study.is_over:
                return 0
            time.sleep(_WAIT_SECONDS)  # for others, whose trials may be lost
    except BilstmError as error:
        return _answer(error, int(answers))
    except OSError as error:
        with suppress(OSError):  # the file for it may be on a disk that is full
            traceback.print_exc()
        return _answer(_in_words(error), int(answers))
    except Exception:
        with suppress(OSError):
            traceback.print_exc()
        return INTERNAL_ERROR_EXIT_CODE
    return stop.exit_code


def _answer(error: BilstmError, answers: int) -> int:
    """Tell the helper, which may have ended, what is wrong; return the exit code."""
    with suppress(OSError), os.fdopen(answers, "w", encoding="utf-8") as file:
        file.write(events.to_json(Failed.from_error(error)) + "\n")
    return error.exit_code


def _in_words(error: OSError) -> OutputError:
    where = f"{error.filename}: " if error.filename else ""
    return OutputError(f"{where}{error.strerror or error}.", title="The trial cannot be stored")


if __name__ == "__main__":
    sys.exit(main())
