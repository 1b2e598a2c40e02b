"""The engine of bilstm-tui: data, network, training, runs. It knows no screen.

The names below are the library's front door. They are imported when they are first used, so that
`import bilstm_core` loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import events
    from .config.resolve import resolve
    from .config.schema import RunConfig
    from .inference.predict import predict
    from .network.weights import load
    from .runs.run import Run
    from .runs.store import find_run
    from .training.trainer import train

__all__ = ["Run", "RunConfig", "events", "find_run", "load", "predict", "resolve", "train"]

__version__ = "0.1.0"

_HOMES = {
    "Run": ".runs.run",
    "RunConfig": ".config.schema",
    "find_run": ".runs.store",
    "load": ".network.weights",
    "predict": ".inference.predict",
    "resolve": ".config.resolve",
    "train": ".training.trainer",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    if name == "events":
        return import_module(".events", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
