"""The trials and the charts of a sweep, arranged for the space there is."""

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.containers import Container

from .charts import BestChart, ScatterChart, TrialCurves
from .reading import Seen
from .table import ContentMaker, TrialsTable

_COLUMNS = 12
_MEDIUM, _LARGE = (100, 30), (140, 42)
"""Columns and rows of the terminal from which on charts are beside the table, and all of them."""
_LEAST_CHART = 9  # rows
_MOST_BESIDE = 4  # scatters
_TABLE_FRAME = 2  # rows of the table that are no trials


class Board(Container):
    """The table, the curves and a scatter for each setting.

    Attributes:
        chosen: The setting whose scatter is shown where there is space for one.
        shows_charts: Whether charts are shown instead of the table, where there is no space for
            both.
    """

    def __init__(self) -> None:
        super().__init__(id="sweep-board")
        self.chosen = ""
        self.shows_charts = False
        self._seen: Seen | None = None
        self._parts: dict[str, float] = {}
        self._has_user_chosen = False
        self._contents = ContentMaker()
        self._table_lock = asyncio.Lock()
        self._arranged: object = None

    @property
    def table(self) -> TrialsTable:
        """The trials."""
        return self.query_one(TrialsTable)

    @property
    def selected(self) -> int | None:
        """The number of the trial under the cursor; None also while the screen is left."""
        return self.table.selected if self._is_whole else None

    @property
    def is_small(self) -> bool:
        """Whether there is space for the table or for charts, and not for both."""
        width, height = self.app.size
        return width < _MEDIUM[0] or height < _MEDIUM[1]

    @property
    def _is_whole(self) -> bool:
        """Whether it has its parts: they are removed first when the screen is left."""
        return bool(self.query(TrialsTable) and self.query(BestChart) and self.query(TrialCurves))

    def compose(self) -> ComposeResult:
        """Compose the table and the curves; the scatters follow when the settings are known."""
        yield TrialsTable()
        yield BestChart(id="best-so-far")
        yield TrialCurves("", id="trial-curves", axis="epoch", announcements=["a point each epoch"])

    def on_mount(self) -> None:
        """Arrange everything before the first layout."""
        self.rearrange()

    def on_resize(self) -> None:
        """Arrange everything for the new size."""
        self.rearrange()
        self.run_worker(self._show_table())

    async def show(self, seen: Seen) -> None:
        """Show a sweep as it is now."""
        self._seen = seen
        names = [it.name for it in seen.dimensions]
        if self.chosen not in names:  # before anything is awaited: a key may choose another one
            self.chosen = names[0] if names else ""
        scatters = self.query(ScatterChart)
        if [it.dimension for it in scatters] != [*seen.dimensions]:
            await scatters.remove()
            await self.mount(*(ScatterChart(dimension) for dimension in seen.dimensions))
        self.rearrange()
        await self._show_table()
        self.draw()

    def show_importances(self, parts: dict[str, float]) -> None:
        """Show how important each setting is; at first the most important one is chosen."""
        is_first = not self._parts
        self._parts = parts
        if parts and is_first and not self._has_user_chosen:
            self._choose(max(parts, key=lambda name: parts[name]))
        self.draw()

    def choose(self, by: int) -> None:
        """Choose another setting."""
        names = [it.name for it in self._seen.dimensions] if self._seen else []
        if not names:
            return
        self._has_user_chosen = True
        self._choose(names[(names.index(self.chosen) + by) % len(names)])
        self.draw()

    def _choose(self, name: str) -> None:
        self.chosen = name
        self.table.mark_setting(name)
        self.rearrange()

    def switch(self) -> None:
        """Show the charts instead of the table, or the table again."""
        self.shows_charts = not self.shows_charts
        self.rearrange()
        self.draw()

    @work(exclusive=True, group="charts")
    async def draw(self) -> None:
        """Draw the charts that are in view, one after the other: keys come in between."""
        if not (seen := self._seen) or not self._is_whole:
            return
        selected = self.selected
        for chart in (self.query_one(BestChart), self.query_one(TrialCurves)):
            if chart.display:
                chart.show_trials(seen, selected)
                await asyncio.sleep(0)
        for scatter in self.query(ScatterChart):
            if scatter.display:
                name = scatter.dimension.name
                part = self._parts.get(name, 0.0) if self._parts else None
                scatter.show_trials(seen, selected, part, is_chosen=name == self.chosen)
                await asyncio.sleep(0)

    async def show_times(self) -> None:
        """Show how long trials have been trained by now."""
        await self._show_table()

    async def _show_table(self) -> None:
        async with self._table_lock:
            if not self._seen or not self._is_whole:
                return
            width = self.table.size.width or self.app.size.width
            # beside a scroll bar
            content = await asyncio.to_thread(self._contents.make, self._seen, width - 1)
            if self._is_whole:
                self.table.show(content, self.chosen)

    def rearrange(self) -> None:
        """Give everything its place."""
        width, height = self.app.size.width, self.size.height or self.app.size.height - 4
        trials = len(self._seen.board.rows) if self._seen else 0
        scatters = [*self.query(ScatterChart)]
        is_large = self.app.size.width >= _LARGE[0] and self.app.size.height >= _LARGE[1]
        state = (width, height, trials, self.chosen, self.shows_charts, len(scatters), is_large)
        if state == self._arranged:
            return
        self._arranged = state
        others = (self.table, self.query_one(BestChart), self.query_one(TrialCurves))
        for widget in others:
            widget.display = True
        for scatter in scatters:
            scatter.display = is_large or scatter.dimension.name == self.chosen
        if is_large:
            self._arrange_all(height, trials, scatters)
        elif self.is_small:
            self._arrange_one(scatters)
        else:
            self._span(12, *[4] * (2 + len(scatters)))
            table = max(6, min(trials + _TABLE_FRAME, height // 2))
            self._use(table, height - table)

    def _arrange_one(self, scatters: list[ScatterChart]) -> None:
        """The table, or the charts."""
        for widget in (self.query_one(BestChart), self.query_one(TrialCurves), *scatters):
            widget.display = widget.display and self.shows_charts
        self.table.display = not self.shows_charts
        self._span(12, 6, 6, *[12] * len(scatters))
        self._use(*["1fr"] * (2 if self.shows_charts else 1))

    def _arrange_all(self, height: int, trials: int, scatters: list[ScatterChart]) -> None:
        """The table beside the curves, and below them all scatters."""
        rows = -(-len(scatters) // _MOST_BESIDE)
        beside = -(-len(scatters) // max(1, rows)) or 1
        least = 2 * _LEAST_CHART
        upper = max(least, min(trials + _TABLE_FRAME, height // 2))
        lower = max(_LEAST_CHART, (height - upper) // max(1, rows))
        upper = max(least, height - rows * lower)
        self._span(7, 5, 5, *[_COLUMNS // beside] * len(scatters), table_rows=2)
        self._use(upper // 2, upper - upper // 2, *[lower] * rows)

    def _span(self, *columns: int, table_rows: int = 1) -> None:
        """Over how many columns the table, the curves and the scatters extend."""
        widgets = (
            self.table,
            self.query_one(BestChart),
            self.query_one(TrialCurves),
            *self.query(ScatterChart),
        )
        self.table.styles.row_span = table_rows
        for widget, count in zip(widgets, columns, strict=True):
            widget.styles.column_span = count

    def _use(self, *rows: int | str) -> None:
        self.styles.grid_size_rows = len(rows)
        self.styles.grid_rows = " ".join(map(str, rows))
