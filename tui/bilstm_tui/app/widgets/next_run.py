"""What the form would train now: on which data, which network, and for how long."""

from rich.table import Table
from rich.text import Text

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.spec import DataSpec
from bilstm_core.network.summary import summarise

from ...text.command_line import changes
from .network_sketch import NetworkSketch


class NextRun(NetworkSketch):
    """The network that `t` trains: drawn, or in a few lines where there are runs to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "t trains"
        self._is_brief = True

    def use_few_lines(self, *, are_few: bool) -> None:
        """Say it in a few lines, or draw the network."""
        self._is_brief = are_few
        if self._shown:
            self.show(*self._shown)

    def _drawing(self, config: RunConfig, spec: DataSpec, preset: str) -> Table:
        if not self._is_brief:
            return super()._drawing(config, spec, preset)
        model, changed = summarise(config, spec), changes(config, preset)
        sizes = f"{spec.train_size:,} training and {spec.test_size:,} test {spec.items}"
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        for name, title, words in (
            ("data", spec.title, f"  {sizes}, {spec.num_classes} classes"),
            ("network", model.title, f"  {model.parameters:,} parameters"),
            ("duration", "", self._duration(config, spec)),
            ("settings", "", ", ".join(f"{it.name} {value}" for it, value in changed)),
        ):
            if title or words:
                table.add_row(name, Text.assemble((title, "bold"), words))
        return table
