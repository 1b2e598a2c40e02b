"""`--no-ui` on a terminal: lines of output, and a progress bar below them."""

from types import TracebackType

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
)
from rich.text import Text

from bilstm_core import events
from bilstm_core.events import Emit, Event

from ..text.console import make_console, sanitize, show_warning
from ..text.narration import Narrator
from ..text.time_left import ProgressEstimate


class ProgressLine:
    """Shows a run's events on a terminal; a context manager that returns the function to call."""

    def __init__(self) -> None:
        self._console = make_console()
        self._narrator = Narrator(self._print, show_warning)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._file = ""
        self._estimate = ProgressEstimate()

    def __enter__(self) -> Emit:
        try:
            self._open(TextColumn("Loading PyTorch …", style="dim"), transient=True)  # for seconds
        except BaseException:  # a signal; Python does not call __exit__ yet
            self._close()
            raise
        return self._show

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _show(self, event: Event) -> None:
        self._estimate.add(event)
        match event:
            case events.Download():
                self._show_download(event)
                return
            case events.Progress():
                self._update(event.step, status="  ".join(self._estimate.summary()))
                return
            case events.RunStarted() | events.EvaluationStarted() | events.Stopped():
                self._close()
        self._narrator.narrate(event)
        if isinstance(event, events.RunStarted):
            words = TextColumn("{task.fields[status]}", markup=False)
            self._open(BarColumn(bar_width=None), words, transient=True)
            self._update(event.step, total=event.total_steps)

    def _show_download(self, event: events.Download) -> None:
        if event.file != self._file:
            self._file = event.file
            self._close()
            words = TextColumn(f"Fetching {event.title} {event.file}")
            self._open(words, BarColumn(), DownloadColumn(), transient=False)
        self._update(event.received, total=event.total or None)

    def _open(self, *columns: ProgressColumn, transient: bool) -> None:
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

    def _close(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _print(self, line: str) -> None:
        self._console.print(Text(sanitize(line)))
