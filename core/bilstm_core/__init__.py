"""The engine of bilstm-tui: data, model, training and events; it knows no screen."""

from importlib.metadata import version

__version__ = version("bilstm-tui")
