"""Everything about a run that changes while it trains, arranged for the space there is."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from bilstm_core.runs.history import History

from ...text.numbers import short
from .charts.accuracy_chart import AccuracyChart
from .charts.chart import Chart
from .charts.series import Figure, accuracy_series, figure_series, loss_series
from .charts.small_chart import SmallChart
from .class_bars import ClassBars
from .examples_view import ExamplesView

_COLUMNS = 12
_LEAST_UPPER, _LEAST_LOWER = 10, 8  # rows of the large charts, and of the examples
_LEAST_HEIGHT = 26  # rows from which on everything is in view
_FIGURES: tuple[Figure, ...] = ("learning_rates", "gradient_norms", "speeds", "device_usage")


class Dashboard(VerticalScroll):
    """Charts, the accuracy of each class, and examples; what does not fit is scrolled to."""

    def __init__(self) -> None:
        super().__init__(id="body")
        self._arranged: object = None

    @property
    def has_panels(self) -> bool:
        """Whether there is more than charts."""
        return not self.query_one(ClassBars).is_empty or not self.query_one(ExamplesView).is_empty

    def compose(self) -> ComposeResult:
        """Compose the charts, large and small, the classes, and the examples."""
        yield Chart("training loss", id="loss", announcements=["the loss of each step"])
        yield AccuracyChart(id="accuracy")
        yield SmallChart("learning rate", "rate", id="learning_rates", words=short)
        yield SmallChart("gradient norm", "grad norm", id="gradient_norms", words=short)
        yield SmallChart("samples/s", id="speeds", words=short, is_linear=True)
        yield SmallChart(
            "device usage", "usage", id="device_usage", words=_in_percent, limits=(0.0, 100.0)
        )
        yield ClassBars()
        yield ExamplesView()

    def on_show(self) -> None:
        """Take the keys that scroll, unless another widget has them."""
        if self.screen.focused is None:
            self.focus(scroll_visible=False)

    def on_mount(self) -> None:
        """Arrange everything before the first layout."""
        self.rearrange()

    def on_resize(self) -> None:
        """Arrange everything for the new size."""
        self.rearrange()

    def reset(self) -> None:
        """Remove curves, zoom and crosshairs."""
        for chart in self.query(Chart):
            chart.reset()

    def show_charts(self, history: History, *, is_live: bool) -> None:
        """Draw the curves and the accuracy of each class as they are now."""
        self.query_one("#loss", Chart).show([loss_series(history, "loss", is_live=is_live)])
        self.query_one("#accuracy", Chart).show(accuracy_series(history, is_live=is_live))
        for name in _FIGURES:
            series = figure_series(history, name, is_live=is_live)
            self.query_one(f"#{name}", Chart).show([series])
        data = history.started.data if history.started else None
        self.query_one(ClassBars).show(history.by_class, data)
        self.rearrange()

    def show_predictions(self, history: History) -> None:
        """Show what is predicted for the examples."""
        data = history.started.data if history.started else None
        self.query_one(ExamplesView).show(history.examples, history.predictions, data)
        self.rearrange()

    def rearrange(self) -> None:
        """Give everything its place."""
        width, height = self.container_size if not self.size.area else self.size
        classes, examples = self.query_one(ClassBars), self.query_one(ExamplesView)
        wanted = (width, height, classes.count, examples.rows_for(width))
        if wanted == self._arranged:
            return
        self._arranged = wanted
        classes.display, examples.display = not classes.is_empty, not examples.is_empty
        if height >= _LEAST_HEIGHT or not self.has_panels:
            self._arrange_at_once(height, classes.rows_for(width // 2, height // 2))
        else:
            self._arrange_to_scroll(classes.rows_for(width, 0))

    def _arrange_at_once(self, height: int, class_rows: int) -> None:
        """Everything in view: the figures two by two beside the classes, the examples below."""
        examples, classes = self.query_one(ExamplesView), self.query_one(ClassBars)
        middle = max(5, height // 6)
        if classes.display:
            most = height - _LEAST_UPPER - _LEAST_LOWER * examples.display
            middle = min(max(10, class_rows), most)
        lower = 0
        if examples.display:
            lower = min(
                max(_LEAST_LOWER, height - middle - _LEAST_UPPER),
                examples.rows_for(self.size.width),
            )
        upper = max(_LEAST_UPPER, height - middle - lower)
        rows = [middle // 2, middle - middle // 2] if classes.display else [middle]
        classes.styles.column_span, classes.styles.row_span = _COLUMNS // 2, 2
        self.move_child(classes, after=self.query_one("#gradient_norms"))
        self._use(upper, *rows, *[lower] * examples.display)

    def _arrange_to_scroll(self, class_rows: int) -> None:
        """One below the other: the charts are in view, the rest is scrolled to."""
        examples, classes = self.query_one(ExamplesView), self.query_one(ClassBars)
        classes.styles.column_span, classes.styles.row_span = _COLUMNS, 1
        self.move_child(classes, after=examples)
        lower = examples.rows_for(self.size.width)
        self._use(
            _LEAST_UPPER, 5, *[lower] * examples.display, *[min(16, class_rows)] * classes.display
        )

    def _use(self, *rows: int) -> None:
        self.styles.grid_size_rows = len(rows)
        self.styles.grid_rows = " ".join(map(str, rows))


def _in_percent(value: float) -> str:
    return f"{value:.0f} %"
