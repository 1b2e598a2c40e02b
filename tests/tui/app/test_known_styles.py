"""Styles that are remembered from one app of the tests to the next are Textual's own."""

from pathlib import Path

from textual.pilot import Pilot

from bilstm_tui.app.app import BilstmApp
from tests.tui.driving import FakeWorker, drive
from tests.tui.known_styles import PLAIN_APPLY


def test_each_widget_is_styled_as_it_would_be_anyway(tmp_path: Path) -> None:
    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        for theme in ("textual-light", "textual-dark", "ansi-dark"):
            app.theme = theme
            await pilot.press("down")
            for widget in app.screen.walk_children(with_self=True):
                remembered = widget.styles.base.get_rules()
                flags = widget._has_hover_style, widget._has_focus_within, widget._has_order_style
                PLAIN_APPLY(app.stylesheet, widget)
                assert widget.styles.base.get_rules() == remembered, widget
                assert flags == (
                    widget._has_hover_style,
                    widget._has_focus_within,
                    widget._has_order_style,
                )

    for _ in range(2):
        drive(FakeWorker(), tmp_path, steps)
