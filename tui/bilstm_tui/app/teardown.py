"""What a part of the app misses of itself while it goes is no defect."""

from typing import Any

from textual._context import active_message_pump
from textual.app import App
from textual.css.query import NoMatches
from textual.message_pump import MessagePump
from textual.worker import WorkerFailed, get_current_worker


def is_teardown_error(error: Exception, app: App[Any]) -> bool:
    """Whether an error only means that something is no more, or will not be made any more.

    While the app ends, Textual composes nothing; while a screen goes, its parts go first, and
    whatever was waiting on its behalf may still look for them.
    """
    node: MessagePump = active_message_pump.get(app)
    cause: BaseException = error
    if isinstance(error, WorkerFailed):
        cause, node = error.error, get_current_worker().node
    is_ending = app._exit or not app.is_running
    return isinstance(cause, NoMatches) and (is_ending or _is_going(node))


def _is_going(node: MessagePump) -> bool:
    if isinstance(node, App):
        return False
    return getattr(node, "_pruning", False) or not node.is_attached
