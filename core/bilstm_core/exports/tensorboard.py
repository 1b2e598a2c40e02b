"""Exports a run's events as TensorBoard reads them, afterwards or while the run is trained."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import events
from ..config.settings import SETTINGS
from ..data.spec import SPLIT_TITLES
from ..errors import BilstmError, ConfigError, OutputError, UsageError
from ..events import Event
from ..files import made_folders
from ..outputs import REPLACE
from ..runs.follow import Follower
from ..runs.history import History
from ..runs.run import Run
from .formats import import_extra

_POLL_SECONDS = 1.0
_EVENT_FILES = "events.out.tfevents.*"
_FINAL_FIGURES = ("accuracy", "loss")


def require_free(folder: Path, *, may_replace: bool) -> None:
    """Check that a folder can be written to.

    Raises:
        UsageError: It is a file, or has something in it and may not be replaced.
        OutputError: It cannot be read.
    """
    try:
        is_free = not any(folder.iterdir())
    except FileNotFoundError:
        is_free = True
    except NotADirectoryError:
        raise UsageError(f"{folder} is a file.", "Choose another folder.") from None
    except OSError as error:
        raise _unwritable(folder, error) from None
    if not is_free and not may_replace:
        raise UsageError(f"{folder} is not empty.", REPLACE)


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"{folder} cannot be written: {error.strerror or error}.")


def export_tensorboard(
    run: Run,
    folder: Path,
    *,
    data_dir: Path,
    follow: bool = False,
    warn: Callable[[str], None] = lambda _: None,
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Write an event file of a run; event files that are in the folder are replaced.

    Args:
        run: The run.
        folder: Where to; made if it is missing.
        data_dir: Folder of the data sets, for the confusion matrix.
        follow: Whether to write until the run ends; the file grows then, and is otherwise moved
            to its place when it is complete.
        warn: Takes why there is no confusion matrix.
        on_start: Called when the folder is there, which `follow` writes to.

    Raises:
        InstallationError: tensorboardX is missing.
        OutputError: The folder cannot be written to.
    """
    import_extra("tensorboardX", "tensorboard")
    try:
        with made_folders(folder.parent):
            if follow:
                folder.mkdir(exist_ok=True)
                _remove_event_files(folder)
                on_start()
                _write(run, folder, data_dir, warn, follow=True)
            else:
                _write_at_once(run, folder, data_dir, warn)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _write_at_once(run: Run, folder: Path, data_dir: Path, warn: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
        made = Path(place, "complete")
        made.mkdir()
        _write(run, made, data_dir, warn, follow=False)
        folder.mkdir(exist_ok=True)
        _remove_event_files(folder)
        for file in made.iterdir():
            file.rename(folder / file.name)


def _remove_event_files(folder: Path) -> None:
    for file in folder.glob(_EVENT_FILES):
        file.unlink()


def _write(
    run: Run, folder: Path, data_dir: Path, warn: Callable[[str], None], *, follow: bool
) -> None:
    board = _Board(run, folder)
    try:
        follower = Follower(run, board, from_start=True)
        while True:
            if not follower.poll():
                if follower.is_over or not follow:
                    break
                board.flush()
                time.sleep(_POLL_SECONDS)
        if follower.is_over and board.started and run.model_file.exists():
            _add_confusion_matrix(board, run, data_dir, warn)
    finally:
        board.close()


class _Board(History):
    """A history that writes what it is told into an event file."""

    def __init__(self, run: Run, folder: Path) -> None:
        super().__init__()
        from tensorboardX import summary  # installed at wish
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2

        self._run = run
        self._summary: Any = summary
        self._messages: Any = event_pb2
        # the library's FileWriter writes in a thread, and waits for ever where that fails
        self._file = EventsWriter(str(folder.absolute() / "events"))
        self._last_step = 0

    def flush(self) -> None:
        """Write what is buffered."""
        self._file.flush()

    def close(self) -> None:
        """Write everything and close the file."""
        self._file.close()

    def add(self, event: Event) -> None:
        is_first = self.started is None
        super().add(event)
        match event:
            case events.RunStarted() if is_first:
                self._add_settings(event)
            case events.Progress():
                self._write_progress(event)
            case events.EpochEnded():
                self._add_figures("train", event, ("loss", "accuracy"))
            case events.Evaluation(final=False):
                figures = ("loss", "accuracy", "balanced_accuracy", "macro_f1")
                self._add_figures(event.split, event, figures)
            case events.Evaluation(final=True):
                for figure in _FINAL_FIGURES:
                    value = getattr(event, figure)
                    self._add_scalar(_final_tag(event.split, figure), value, event.step, event.time)
            case events.Finished() | events.Stopped():
                self._add(self._session_end, event.step, event.time)

    def add_picture(self, tag: str, picture: Any, step: int) -> None:
        """Add an image of shape (height, width, 3), in bytes."""
        self._add(self._summary.image(tag, picture, dataformats="HWC"), step, self.last_time)

    def _add(self, summary: Any, step: int, seconds: float) -> None:
        self._write(step, seconds, summary=summary)
        self._last_step = max(self._last_step, step)

    def _write(self, step: int, seconds: float, **content: Any) -> None:
        self._file.write_event(self._messages.Event(step=step, wall_time=seconds, **content))

    def _add_scalar(self, tag: str, value: float, step: int, seconds: float) -> None:
        self._add(self._summary.scalar(tag, value), step, seconds)

    def _write_progress(self, event: events.Progress) -> None:
        for step, loss in enumerate(event.losses, event.step - len(event.losses) + 1):
            if loss is not None:
                self._add_scalar("loss/step", loss, step, event.time)
        self._add_scalar("learning_rate", event.learning_rate, event.step, event.time)
        self._add_scalar("samples_per_second", event.samples_per_second, event.step, event.time)
        if event.gradient_norm is not None:
            self._add_scalar("gradient_norm", event.gradient_norm, event.step, event.time)

    def _add_figures(
        self, split: str, event: events.EpochEnded | events.Evaluation, figures: tuple[str, ...]
    ) -> None:
        for figure in figures:
            if (value := getattr(event, figure)) is not None:
                self._add_scalar(f"{figure}/{split}", value, event.step, event.time)

    def _add_settings(self, event: events.RunStarted) -> None:
        """Add the settings as hyperparameters, and what will be their results."""
        try:
            config = self._run.config.model_dump()  # as it was resumed last
        except ConfigError:
            config = event.config
        settings = {name: config[name] for name in SETTINGS}
        sizes = (event.data.train_size, event.data.validation_size, event.data.test_size)
        results = {
            _final_tag(split, figure): 0.0
            for split, size in zip(SPLIT_TITLES, sizes, strict=True)
            for figure in _FINAL_FIGURES
            if size
        }
        experiment, start, self._session_end = self._summary.hparams(settings, results)
        self._add(experiment, event.step, event.time)
        self._add(start, event.step, event.time)

    def _discard_after(self, step: int) -> None:
        """Have TensorBoard discard the later steps, which are trained again."""
        super()._discard_after(step)
        if step < self._last_step:
            start = self._messages.SessionLog(status=self._messages.SessionLog.START)
            self._write(step + 1, self.last_time, session_log=start)
            self._last_step = step


def _final_tag(split: str, figure: str) -> str:
    return f"final/{split}_{figure}"


def _add_confusion_matrix(
    board: _Board, run: Run, data_dir: Path, warn: Callable[[str], None]
) -> None:
    from ..inference.examine import examine  # imports torch
    from ..network.weights import load
    from .confusion_picture import MOST_CLASSES, confusion_picture

    used = board.started.device.precision if board.started else ""
    try:
        report = examine(load(run.model_file), data_dir, used)
    except BilstmError as error:
        warn(f"There is no confusion matrix: {error.message}")
        return
    if report.failure:
        warn(f"There is no confusion matrix: {report.failure.message}")
    elif len(report.spec.classes) > MOST_CLASSES:
        warn(f"There is no confusion matrix: it would have more than {MOST_CLASSES} classes.")
    else:
        board.add_picture("confusion_matrix/test", confusion_picture(report), board.step)
