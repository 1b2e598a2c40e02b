"""When an app that a test drives has nothing left to do.

Textual's pilot waits after each key until the process has computed next to nothing for 20 ms, and
that twice: about 80 ms, and up to 2 seconds where a clock of the app or a thread is busy. Here the
event loop is asked. Once none of its tasks can run and the screen is drawn, whatever else may
follow is up to time, a thread or a process, and tests wait for that with `until`.
"""

import asyncio
from typing import Any

from textual._context import active_app
from textual.app import App
from textual.screen import Screen

_MOST_PASSES = 10_000


async def wait_for_idle(_min_sleep: float = 0, _max_sleep: float = 1) -> None:
    """Return once every message is handled and what changed is drawn; in place of Textual's.

    However slow the machine is: it counts what is done, and not the time that this takes.
    """
    app, loop = active_app.get(), asyncio.get_running_loop()
    for _ in range(_MOST_PASSES):
        await _pass(loop)
        if not (_has_ready_tasks(loop) or _draw(app)):
            return


async def _pass(loop: asyncio.AbstractEventLoop) -> None:
    """Let each task that is ready run, and see what has come from outside meanwhile."""
    await asyncio.sleep(0)
    if not _has_ready_tasks(loop):
        await asyncio.sleep(0)


def _has_ready_tasks(loop: asyncio.AbstractEventLoop) -> bool:
    return bool(loop._ready)  # pyright: ignore[reportAttributeAccessIssue]


def _draw(app: App[Any]) -> bool:
    """Draw now what a clock would draw within 16 ms; whether there was anything."""
    if app._batch_count or not app.screen_stack or not _is_outdated(app.screen):
        return False
    app.screen._on_timer_update()
    return True


def _is_outdated(screen: Screen[Any]) -> bool:
    return screen.is_running and bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )
