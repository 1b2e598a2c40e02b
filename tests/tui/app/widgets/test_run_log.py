"""The log follows its end, wraps its lines, and can be cleared."""

import asyncio
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult
from textual.events import Event, Resize
from textual.pilot import Pilot

from bilstm_tui.app.widgets.run_log import RunLog
from tests.tui.driving import text, until


class LogApp(App[None]):
    """Shows a log."""

    CSS = "RunLog { overflow-y: scroll; }"

    def compose(self) -> ComposeResult:
        yield RunLog(id="log")


def drive_log(steps: Any, size: tuple[int, int] = (30, 6)) -> None:
    async def main() -> None:
        app = LogApp()
        async with app.run_test(size=size) as pilot:
            await steps(app.query_one(RunLog), pilot)

    asyncio.run(main())


def test_the_log_follows_unless_one_reads() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        for number in range(20):
            log.write(Text(f"line {number}."))
        await until(pilot, lambda: "line 19." in text(pilot.app))
        log.focus()
        await pilot.press("pageup")
        await until(pilot, lambda: "line 9." in text(pilot.app))
        log.write(Text("line 20."))
        await pilot.pause()
        assert "line 20." not in text(pilot.app)
        await pilot.press("end")
        await until(pilot, lambda: "line 20." in text(pilot.app))
        log.write(Text("line 21."))
        await until(pilot, lambda: "line 21." in text(pilot.app))
        log.clear()
        await until(pilot, lambda: "line" not in text(pilot.app))

    drive_log(steps)


def test_the_log_wraps_anew_at_another_width() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        for number in range(9):
            log.write(Text(f"{number} " + "word " * 8 + "end."))
        await until(pilot, lambda: "end." in text(pilot.app))
        assert "8 word" in text(pilot.app).splitlines()[-2]
        await pilot.resize_terminal(60, 6)
        await until(pilot, lambda: "8 word word" in text(pilot.app).splitlines()[-1])

    drive_log(steps)


def test_what_is_written_at_once_is_there_when_it_is_drawn() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        log.write(Text("日本語 " * 12))  # two cells a letter
        log.write(Text())
        await until(pilot, lambda: "日本語" in text(pilot.app))
        assert max(len(line) for line in text(pilot.app).splitlines()) <= 30

    drive_log(steps)


def test_a_log_that_was_scrolled_up_begins_anew_at_its_end() -> None:
    async def steps(log: RunLog, pilot: Pilot[None]) -> None:
        for number in range(100):
            log.write(Text(f"line {number}."))
        log.focus()
        await pilot.press("pageup", "pageup")
        log.clear()
        for number in range(30):
            log.write(Text(f"second {number}."))
        await until(pilot, lambda: "second 29." in text(pilot.app))

    drive_log(steps)


def test_what_was_written_before_the_first_layout_needs_no_report_of_the_size() -> None:
    """Textual reports no size where the places of widgets were looked up between two layouts."""

    class WithoutSizes(RunLog):
        async def on_event(self, event: Event) -> None:
            if not isinstance(event, Resize):
                await super().on_event(event)

    class ThatApp(LogApp):
        def compose(self) -> ComposeResult:
            log = WithoutSizes(id="log")
            log.write(Text("first line"))
            yield log

    async def main() -> None:
        async with ThatApp().run_test(size=(30, 6)) as pilot:
            await until(pilot, lambda: "first line" in text(pilot.app))

    asyncio.run(main())
