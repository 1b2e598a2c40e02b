"""The misclassified sequences: a gallery, and each of them with what the network predicts."""

from collections.abc import Awaitable, Callable
from itertools import product
from typing import TypeVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.inference.report import Drawing, ExaminationReport, Mistake, StepwisePrediction
from bilstm_core.processes.examiner_client import ExaminerClient

from ...text.names import shortened
from .drawing import StepwiseView, names_that_fit, reduced, scale_of, steps_width
from .gallery import Gallery
from .series_view import SeriesShown, SeriesView
from .shares import Shares

_Q = TypeVar("_Q")
_A = TypeVar("_A")

_LONGEST_NAME = 16  # columns of a class beside its probability
_WITH_SHARES = 104  # columns from which on a series has the probabilities beside it
_SHARES_WIDTH = 32
_ABOVE_IMAGE = 3  # rows: the headings
_SHORTEST_ID, _LONGEST_ID = 12, 40
_WIDEST_IMAGE = 40  # columns: what is predicted needs the others


_MARGIN = 2  # columns beside the heading
_HEADING_WORDS = 44  # its columns without the names of classes
_CLASSES_IN_HEADING, _LEAST_CLASS = 3, 10
_LEGENDS = (
    "   most confident mistakes first, as true → predicted",
    "   worst first, true→predicted",
)
"""What the gallery shows, and in which order: the first that fits."""


class Mistakes(Vertical):
    """A heading, and below it the gallery, or one mistake that was opened.

    Args:
        examiner: Reads test sequences.
    """

    class Failed(Message):
        """Posted when a sequence cannot be read."""

        def __init__(self, error: BilstmError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, examiner: ExaminerClient, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._examiner = examiner
        self._report: ExaminationReport | None = None
        self._class: int | None = None
        self.is_open = False

    def compose(self) -> ComposeResult:
        """Compose the heading, the gallery, and the views of one mistake."""
        yield Static(id="mistake")
        yield Gallery(id="gallery")
        with Horizontal(id="mistake-view"):
            yield StepwiseView(id="mistake-steps")
            yield SeriesView(id="mistake-series")
            yield Shares(id="mistake-shares")

    def show(self, report: ExaminationReport) -> None:
        """Show the mistakes of a report."""
        self._report = report
        is_image = report.spec.kind == "images"
        self.query_one("#mistake-steps").display = is_image
        self.query_one("#mistake-series").display = not is_image
        self.query_one("#mistake-view").set_class(not is_image, "-series")
        self._show_class()

    @property
    def _gallery(self) -> Gallery:
        return self.query_one(Gallery)

    @property
    def selected(self) -> Mistake | None:
        """The mistake under the cursor."""
        shown = self._shown()
        return shown[self._gallery.position] if shown else None

    def step(self, by: int) -> None:
        """Move to another mistake."""
        if shown := self._shown():
            self._gallery.move_to((self._gallery.position + by) % len(shown))

    def show_next_class(self) -> None:
        """Show the mistakes of the next class only, or of all classes."""
        if self._report:
            first = 0 if self._class is None else self._class + 1
            wrong = {mistake.actual for mistake in self._report.mistakes}
            self._class = min((number for number in wrong if number >= first), default=None)
            self._show_class()

    @on(Gallery.Opened)
    def open(self) -> None:
        """Show the mistake under the cursor as a whole."""
        self._set_open(is_open=True)

    def close(self) -> None:
        """Show the gallery again."""
        self._set_open(is_open=False)
        self.focus_gallery()

    def focus_gallery(self) -> None:
        """Let the arrow keys move its cursor."""
        if not self.is_open:
            self._gallery.focus()

    def _set_open(self, *, is_open: bool) -> None:
        self.is_open = is_open
        self._show_mistake()
        self.screen.refresh_bindings()

    @on(Gallery.Moved)
    def _follow_cursor(self) -> None:
        self._show_mistake()

    @on(Gallery.PageShown)
    @work(exclusive=True, group="gallery")
    async def _draw_page(self, event: Gallery.PageShown) -> None:
        drawings = await self._read(self._examiner.read_drawings, event.indices)
        if drawings is not None:
            self._gallery.add(event.indices, drawings)

    def _show_class(self) -> None:
        assert self._report  # noqa: S101 - the callers checked it
        self._gallery.show(self._shown(), self._report.spec)
        self._show_mistake()

    def _shown(self) -> list[Mistake]:
        """The mistakes of the chosen class, or all."""
        if not self._report:
            return []
        return [it for it in self._report.mistakes if self._class in {None, it.actual}]

    def on_resize(self) -> None:
        """Adapt to the width."""
        self._show_mistake()

    @work(exclusive=True, group="mistake")
    async def _show_mistake(self) -> None:
        """Say which mistake it is; show it as a whole if it is open."""
        report, mistakes = self._report, self._shown()
        if not report:
            return
        heading = self.query_one("#mistake", Static)
        self.query_one("#mistake-view").display = bool(mistakes) and self.is_open
        self._gallery.display = bool(mistakes) and not self.is_open
        if not mistakes:
            heading.update(Text(f"No test {report.spec.items[:-1]} was misclassified"))
            return
        mistake = mistakes[self._gallery.position]
        heading.update(self._heading(report, mistake, len(mistakes)))
        if not self.is_open:
            return
        read = await self._read(self._examiner.read_test_sequence, mistake.index)
        if read is None:
            return
        prediction, drawing = read
        if report.spec.kind == "images":
            self._show_image(report.spec, drawing, prediction)
        else:
            self._show_series(report.spec, drawing, prediction, mistake)
        names = [shortened(name, _LONGEST_NAME) for name in report.spec.classes]
        if report.spec.kind == "images":
            names = names_that_fit(names, self.app.size.width)
        shares = self.query_one("#mistake-shares", Shares)
        shares.display = report.spec.kind == "images" or self.app.size.width >= _WITH_SHARES
        shares.show(prediction.probabilities, names, mistake.actual)
        self.call_after_refresh(self.screen.refresh_bindings)  # a series has a size only then

    async def _read(self, ask: Callable[[_Q], Awaitable[_A]], question: _Q) -> _A | None:
        try:
            return await ask(question)
        except BilstmError as error:
            if self.is_attached:
                self.post_message(self.Failed(error))
            return None

    def _heading(self, report: ExaminationReport, shown: Mistake, count: int) -> Text:
        width = self.app.size.width - _MARGIN
        longest = max(_LEAST_CLASS, (width - _HEADING_WORDS) // _CLASSES_IN_HEADING)
        classes = [shortened(name, longest) for name in report.spec.classes]
        which = "any class" if self._class is None else classes[self._class]
        chosen = report.scores if self._class is None else [report.scores[self._class]]
        wrong = sum(score.wrong for score in chosen)
        which += f", the most confident of {wrong:,}" if wrong > count else ""
        place = f"{self._gallery.position + 1} of {count} ({which})"
        words = (
            f"{classes[shown.actual]}, predicted {classes[shown.predicted]} "
            f"with {shown.probability:.1%}"
        )
        room = width - len(f"{place}, id : {words}")
        name = shortened(shown.id, max(_SHORTEST_ID, min(_LONGEST_ID, room)))
        with_id = f"{place}, id {name}: {words}" if name else f"{place}: {words}"
        if self.is_open:
            return Text(with_id, "bold")
        for start, legend in product((with_id, f"{place}: {words}"), _LEGENDS):
            if len(start) + len(legend) <= width:
                return Text(start, "bold").append(legend, "not bold")
        return Text(with_id, "bold")

    def _show_image(self, spec: DataSpec, drawing: Drawing, prediction: StepwisePrediction) -> None:
        names = names_that_fit(spec.classes, self.app.size.width)
        pixels = reduced(drawing.high, _WIDEST_IMAGE)
        steps = self.query_one("#mistake-steps", StepwiseView)
        beside = steps_width(names) + _SHARES_WIDTH
        scale = scale_of(pixels, self.size.width - beside, self.size.height - _ABOVE_IMAGE)
        steps.show(pixels, prediction, names, scale=scale, with_image=True)

    def _show_series(
        self, spec: DataSpec, drawing: Drawing, prediction: StepwisePrediction, mistake: Mistake
    ) -> None:
        features = spec.feature_names or _numbered(spec.num_features)
        series = SeriesShown(
            drawing=drawing,
            prediction=prediction,
            mistake=mistake,
            features=[*features[: len(drawing.high[0])]],
            num_features=spec.num_features,
            classes=[*spec.classes],
        )
        self.query_one(SeriesView).show(series)


def _numbered(count: int) -> list[str]:
    return ["value"] if count == 1 else [f"feature {number}" for number in range(1, count + 1)]
