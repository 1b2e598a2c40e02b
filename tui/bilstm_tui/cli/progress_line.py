"""`--no-ui` on a terminal: lines of output, and a progress bar below them."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.text import Text

from bilstm_core import events
from bilstm_core.events import Emit, Event

from ..text.console import make_console, sanitize, show_warning
from ..text.narration import Narrator
from ..text.time_left import ProgressEstimate


@contextmanager
def progress_line() -> Iterator[Emit]:
    """Show a run's events on a terminal; yields the function to call with each event."""
    line = _ProgressLine()
    try:
        line.open(TextColumn("Loading PyTorch …", style="dim"), transient=True)  # for seconds
        yield line.show
    finally:
        line.close()


class _ProgressLine:
    def __init__(self) -> None:
        self._console = make_console()
        self._narrator = Narrator(self._print, show_warning)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._file = ""
        self._estimate = ProgressEstimate()

    def show(self, event: Event) -> None:
        self._estimate.add(event)
        match event:
            case events.Download():
                self._show_download(event)
                return
            case events.Progress():
                self._update(event.step, status="  ".join(self._estimate.summary()))
                return
            case events.RunStarted() | events.EvaluationStarted() | events.Stopped():
                self.close()
        self._narrator.narrate(event)
        if isinstance(event, events.RunStarted):
            status = TextColumn("{task.fields[status]}", markup=False)
            self.open(BarColumn(bar_width=None), status, transient=True)
            self._update(event.step, total=event.total_steps)

    def _show_download(self, event: events.Download) -> None:
        if event.file != self._file:
            self._file = event.file
            self.close()
            status = TextColumn("{task.fields[status]}", markup=False)
            self.open(status, BarColumn(), DownloadColumn(), transient=False)
        label = f"Downloading {event.title} {event.file}"
        self._update(event.received, total=event.total or None, status=label)

    def open(self, *columns: ProgressColumn, transient: bool) -> None:
        """Start a bar; a transient one disappears when it is closed."""
        self._bar = Progress(
            *columns, console=self._console, auto_refresh=False, expand=True, transient=transient
        )
        self._task = self._bar.add_task("", total=None, status="")
        self._bar.start()

    def _update(self, completed: int, *, total: int | None = None, status: str = "") -> None:
        if self._bar:
            self._bar.update(
                self._task, completed=completed, total=total, status=status, refresh=True
            )

    def close(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _print(self, line: str) -> None:
        self._console.print(Text(sanitize(line)))
