"""Private parts of Textual are used in one module only, and its version is pinned."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip

import bilstm_tui
from bilstm_tui.app import textual_internals
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.textual_internals import FrugalUpdate
from bilstm_tui.app.widgets.key_footer import KeyFooter
from tests.tui.driving import FakeWorker, drive, until

ROOT = Path(__file__).parents[3]
MODULES = [
    module.name
    for module in pkgutil.walk_packages(bilstm_tui.__path__, "bilstm_tui.")
    if not module.name.endswith("__main__")
]
LIBRARIES = {"textual", "rich"}
HOOKS = ("_on_", "_watch_", "_validate_", "_compute_", "_action_", "_key_")
"""Beginnings of names that Textual looks up in a widget's class by itself."""

WRONG = {
    "import of a private module": "from textual._context import active_app",
    "import from a private module": "from textual.widgets._footer import FooterKey",
    "import of a private name": "from textual.app import _NullFile",
    "overridden method": "class A(Static):\n    def _on_key(self): ...",
    "overridden attribute": "class A(Static):\n    _pruning = True",
    "called through super": "class A(Static):\n    def f(self): super()._render()",
    "read": "class A(Static):\n    def f(self): return self._bindings",
    "our own name that is also Textual's": "class A(Static):\n    def f(self): self._nodes = 1",
    "a name that only an __init__ sets": "class A(Input):\n    def f(self): self._suggestion = ''",
    "name of a base's base": "class A(Static): ...\nclass B(A):\n    def f(self): self._size = 1",
    "a nested class": "class A:\n    class B(Static):\n        _size = 1",
    "another object's": "def f(app): return app._exit",
    "another object's, as a string": "def f(app): return getattr(app, '_exit', False)",
    "a handler that Textual finds by its name": "class A(Static):\n    def _on_mount(self): ...",
}
RIGHT = {
    "our own name": "class A(Static):\n    def __init__(self): self._own_value = 1",
    "no widget": "class A:\n    def f(self): self._size = 1",
    "a function of ours": "from .other import _helper",
}


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def private_names(kind: type) -> set[str]:
    """The private names of a library's class: of its body, and those that its methods set."""
    names = set(vars(kind)) | set(inspect.get_annotations(kind))
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return {name for name in names if private(name)}


def inherited(kind: type) -> set[str]:
    """The private names that one of our classes inherits from a library."""
    bases = [base for base in kind.__mro__ if base.__module__.partition(".")[0] in LIBRARIES]
    return set[str]().union(*map(private_names, bases))


def classes(tree: ast.Module, module: ModuleType) -> Iterator[tuple[ast.ClassDef, type]]:
    """Every class of a module, also within another."""
    within: list[tuple[ast.Module | ast.ClassDef, object]] = [(tree, module)]
    for outer, owner in within:
        for node in outer.body:
            if isinstance(node, ast.ClassDef):
                kind = getattr(owner, node.name)
                within.append((node, kind))
                yield node, kind


def names_in(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    """What a class defines, and what its methods use of themselves."""
    for part in node.body:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            yield part.lineno, part.name
        elif isinstance(part, ast.Assign | ast.AnnAssign):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            yield from ((part.lineno, ast.unparse(target)) for target in targets)
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and is_own(part):
            yield part.lineno, part.attr


def is_own(node: ast.Attribute) -> bool:
    return ast.unparse(node.value) in {"self", "cls", "super()"}


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) and not node.level else ""
    if isinstance(node, ast.Import) or prefix:
        yield from (prefix + alias.name for alias in node.names)


def private_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in imported(node):
                package, *parts = name.split(".")
                if package in LIBRARIES and any(map(private, parts)):
                    yield node.lineno, name


def uses_of_others(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Private names of any object but `self`, also as strings."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if ast.unparse(node) != "os._exit" and not is_own(node):
                pass
            case ast.Call(
                func=ast.Name(id="getattr" | "hasattr" | "setattr"),
                args=[_, ast.Constant(value=str(name)), *_],
            ):
                pass
            case _:
                continue
        if private(name):
            yield node.lineno, name


def uses_of_bases(tree: ast.Module, module: ModuleType) -> Iterator[tuple[int, str]]:
    """Private names of a library that one of our classes uses or overrides."""
    for node, kind in classes(tree, module):
        names = inherited(kind)
        for line, name in names_in(node):
            if name in names or (names and name.startswith(HOOKS)):
                yield line, f"{node.name}.{name}"


def private_uses(source: str, module: ModuleType) -> list[tuple[int, str]]:
    """Where a module uses a private name of a library, by line."""
    tree = ast.parse(source)
    return [*private_imports(tree), *uses_of_others(tree), *uses_of_bases(tree, module)]


def uses_in(name: str) -> list[tuple[int, str]]:
    module = importlib.import_module(name)
    return private_uses(inspect.getsource(module), module)


@pytest.mark.parametrize("name", MODULES)
def test_no_other_module_uses_a_private_part(name: str) -> None:
    if name != textual_internals.__name__:
        assert uses_in(name) == []


def test_the_list_of_private_parts_is_exact() -> None:
    tree = ast.parse(inspect.getsource(textual_internals))
    used = {name for _, name in (*private_imports(tree), *uses_of_others(tree))}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            used |= {name for _, name in names_in(node) if private(name)}
    listed = re.findall(r"`([\w.]+)`", textual_internals.__doc__ or "")
    assert {name for name in listed if any(map(private, name.split(".")))} == used


def made(source: str) -> tuple[str, ModuleType]:
    """One of our modules with this source; its imports are not executed."""
    body = "from textual.widgets import Input, Static\n" + source
    module = ModuleType("bilstm_tui.made")
    if "import" not in source:
        exec(compile(body, "made", "exec"), vars(module))
    return source, module


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG)
def test_a_private_use_is_found(source: str) -> None:
    assert private_uses(*made(source))


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_what_is_ours_is_no_private_use(source: str) -> None:
    assert private_uses(*made(source)) == []


@pytest.mark.parametrize(
    ("column", "width", "start", "expected"),
    [(0, 2, 0, "ab"), (5, 1, 5, "e"), (7, 2, 7, "gh"), (3, 2, 0, "ab界d"), (0, 9, 0, "ab界defgh")],
)
def test_only_the_cells_to_be_repainted_are_sent(
    column: int, width: int, start: int, expected: str
) -> None:
    """From the start of a style where a cell may be the second half of a wide character."""
    line = Strip([Segment("ab界d", Style(bold=True)), Segment("efgh")])
    update = FrugalUpdate([{0: line}], [(0, column, column + width)], [[line.cell_length]])
    sent = update.render_segments(Console(color_system="truecolor"))
    assert sent.startswith(f"\x1b[1;{start + 1}H")
    assert re.sub(r"\x1b\[[\d;]*[mH]", "", sent) == expected


def test_the_app_sends_such_updates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr(App, "_display", lambda _app, _screen, update: shown.append(update))

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        shown.clear()
        app.screen.query_one(KeyFooter).refresh()
        await until(pilot, lambda: shown)
        assert [*map(type, shown)] == [FrugalUpdate]

    drive(FakeWorker(), tmp_path, steps)


def test_the_installed_minor_version_is_the_pinned_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pin,) = (
        one.specifier for one in map(Requirement, project["dependencies"]) if one.name == "textual"
    )
    installed = Version(version("textual"))
    assert installed in pin
    assert Version(f"{installed.major}.{installed.minor + 1}") not in pin
