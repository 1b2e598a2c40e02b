"""The tab that explains the network of the form, or that of the run that is shown."""

from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import TabPane

from bilstm_core import paths
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import DATA_SETTINGS, settings_in
from bilstm_core.errors import ConfigError
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.runs.run import Run

from ..form import Form

if TYPE_CHECKING:
    from bilstm_core.inference.explanation import Explanation

    from .view import ExplainView

_SETTINGS = (
    *DATA_SETTINGS,
    "normalize",
    *(setting.name for setting in settings_in("architecture")),
)
"""Those on which the picture depends."""


class ExplainPane(TabPane):
    """Explains the network of the form or of a run, whichever changed last.

    The weights of the run are used wherever they fit. The process that computes is started when
    the tab is first shown, and ends with the screen.
    """

    DEFAULT_CSS = "ExplainPane { height: 1fr; }"

    def __init__(
        self, config: RunConfig | None, data_dir: Path | None, redraws_per_second: float
    ) -> None:
        super().__init__("Explain", id="explain")
        self._examiner = ExaminerClient(None, paths.data_dir(data_dir).absolute())
        self._redraws_per_second = redraws_per_second
        self._config = config
        self._problem = ""
        self._is_of_form = True
        self._run: Run | None = None
        self._view: ExplainView | None = None
        self._before_tries: RunConfig | None = None
        self._tried: RunConfig | None = None

    async def on_show(self) -> None:
        """Make the view when it is first shown, and focus it."""
        if not self._view:
            from .view import ExplainView  # not needed for the first paint

            self._view = ExplainView(
                self._explain, can_change=True, redraws_per_second=self._redraws_per_second
            )
            await self.mount(self._view)
            self.explain_again()
        self.focus_view()

    def focus_view(self) -> None:
        """Focus the view if it is there and in view."""
        if self._view and self.display and self.screen is self.app.screen:
            self.screen.set_focus(self._view, scroll_visible=False)

    def use_form(self, config: RunConfig | None, problem: str) -> None:
        """Note what the form says; explain its network if it is another one, or has other data."""
        before, self._config, self._problem = self._config, config, problem
        if _key(before) != _key(config):
            self._is_of_form = True
            self.explain_again()

    def use_run(self, run: Run) -> None:
        """Explain the network of a run from now on."""
        self._run, self._is_of_form = run, False
        self.explain_again()

    def explain_again(self) -> None:
        """Explain another network, or other weights, if the explanation was ever shown."""
        if self._view:
            self._view.describe_weights(self._run.name if self._run else "")
            self._view.describe_tries(self._tries if self._is_of_form else "")
            self._view.reload()

    def on_explain_view_settings_wanted(self, event: "ExplainView.SettingsWanted") -> None:
        """Change the form, which changes the explanation."""
        if self._config:
            if not self._tries:  # what the form says is not of earlier tries
                self._before_tries = self._config
            self._tried = changed = self._config.model_copy(update=event.changes)
            self.screen.query_one(Form).show(changed)

    @property
    def _tries(self) -> str:
        """Which settings of the form were tried here and are others than before, in words."""
        before, tried, now = self._before_tries, self._tried, self._config
        if not (before and tried and now):
            return ""
        changed = [
            name
            for name in ("bidirectional", "merge", "readout")
            if getattr(before, name) != getattr(now, name) == getattr(tried, name)
        ]
        if "bidirectional" in changed and not now.bidirectional:
            changed = [name for name in changed if name != "merge"]  # there is nothing to merge
        words = {
            "bidirectional": "two directions" if now.bidirectional else "one direction",
            "merge": f"merge {now.merge}",
            "readout": f"readout {now.readout}",
        }
        return ", ".join(words[name] for name in changed)

    def on_unmount(self) -> None:
        """End the process."""
        self._examiner.close()

    async def _explain(self, index: int) -> "Explanation":
        config = self._config
        if not self._is_of_form and self._run:
            config = self._run.config  # which also raises if it cannot be read
        if not config:
            raise ConfigError(self._problem or "The data are being read …")
        return await self._examiner.explain(index, config, self._run)


def _key(config: RunConfig | None) -> tuple[object, ...]:
    return tuple(getattr(config, name) for name in _SETTINGS) if config else ()
