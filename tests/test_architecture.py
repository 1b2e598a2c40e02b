"""What imports what: the order of the rooms, no circles, and what never loads torch or a screen."""

import ast
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from bilstm_core.config.schema import BUILT_IN
from bilstm_core.runs.store import create_run
from tests.samples import small_config

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "bilstm_core"
TUI = ROOT / "tui" / "bilstm_tui"

ORDER = [
    "wording",
    "cleaning",
    "errors",
    "stopping",
    "files",
    "paths",
    "outputs",
    "building_blocks",
    "config",
    "compute",
    "data",
    "network",
    "events",
    "runs",
    "training",
    "inference",
    "exports",
    "imports",
    "processes",
    "sweeps",
    "diagnosis",
    "__init__",
]
"""The rooms and top-level modules of the engine; each imports only from its own or from earlier
ones. `__init__` is the front door, which may import everything."""

TUI_ORDER = ["text", "app", "cli", "__main__", "__init__"]
"""The same for the command line and the app."""

OPENS_THE_APP = {"cli.train"}
"""The commands that import it; the others print, for which `text` has everything."""

SCREENS = {"bilstm_tui", "cyclopts", "rich", "textual"}


@dataclass(frozen=True)
class Import:
    """One imported module.

    Attributes:
        where: File, line and statement.
        importer: The importing module, as in `training.step`.
        target: The imported module: within the package as in `config.schema`, else its full name.
        is_own: Whether the target is in the package.
        is_relative: Whether the statement says so with dots.
        at_import: Whether importing the importer runs it.
    """

    where: str
    importer: str
    target: str
    is_own: bool
    is_relative: bool
    at_import: bool


def name_of(path: Path, package: Path) -> str:
    """A file's module within its package; `__init__` for the package's own."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def statements(
    body: list[ast.stmt], *, at_import: bool = True
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import statement, and whether importing the module runs it."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, at_import
        is_later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, [])
            runs = at_import and not is_later and not (is_for_types and part == "body")
            yield from statements(inner, at_import=runs)


def imports_of(package: Path) -> list[Import]:
    """Every import of every module of a package, those inside functions too."""
    paths = {name_of(path, package): path for path in sorted(package.rglob("*.py"))}
    found = []
    for importer, path in paths.items():
        file = path.relative_to(package.parent)
        for node, at_import in statements(ast.parse(path.read_text(encoding="utf-8")).body):
            where = f"{file}:{node.lineno}: {ast.unparse(node)}"
            is_relative = isinstance(node, ast.ImportFrom) and node.level > 0
            for full_name in targets(node, file.parent.parts, package.name, paths.keys()):
                own, _, rest = full_name.partition(".")
                is_own = own == package.name
                target = (rest or "__init__") if is_own else full_name
                found.append(Import(where, importer, target, is_own, is_relative, at_import))
    return found


def targets(
    node: ast.Import | ast.ImportFrom, folder: tuple[str, ...], package: str, own: Collection[str]
) -> Iterator[str]:
    """The full names of the modules that a statement in a folder imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    start = folder[: len(folder) + 1 - node.level] if node.level else ()
    origin = ".".join([*start, *([node.module] if node.module else [])])
    for alias in node.names:
        if f"{origin}.{alias.name}".removeprefix(f"{package}.") in own:
            yield f"{origin}.{alias.name}"
        elif (origin, alias.name) != (package, "__version__"):  # it needs no other module
            yield origin


def room_of(module: str) -> str:
    return module.partition(".")[0]


def wrong_directions(package: Path, order: list[str]) -> list[str]:
    """Imports from later rooms, modules in no room, and imports of one's own without dots."""
    rooms = {room_of(name_of(path, package)) for path in package.rglob("*.py")}
    wrong = [f"{room}: has no place in the order" for room in sorted(rooms - {*order})]
    for one in imports_of(package):
        if not one.is_own:
            continue
        if not one.is_relative:
            wrong.append(f"{one.where} (is not relative)")
        here, there = room_of(one.importer), room_of(one.target)
        if here in order and there in order and order.index(there) > order.index(here):
            wrong.append(f"{one.where} ({there} comes after {here})")
    return wrong


def circles(package: Path) -> list[str]:
    """Modules that import one another, each circle as its imports.

    Between rooms every import counts, within one those that run when the module is imported.
    """
    edges: dict[str, dict[str, Import]] = {}
    for one in imports_of(package):
        is_within = room_of(one.importer) == room_of(one.target)
        if one.is_own and one.importer != "__init__" and (one.at_import or not is_within):
            edges.setdefault(one.importer, {}).setdefault(one.target, one)
    found, finished = [], set()

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            circle = [*path[path.index(module) :], module]
            found.append(
                "\n  ".join(["circle:", *(edges[a][b].where for a, b in pairwise(circle))])
            )
        elif module not in finished:
            for target in edges.get(module, {}):
                visit(target, [*path, module])
            finished.add(module)

    for module in sorted(edges):
        visit(module, [])
    return found


def imports_from(package: Path, forbidden: set[str]) -> list[str]:
    return [one.where for one in imports_of(package) if room_of(one.target) in forbidden]


def report(wrong: list[str]) -> str:
    return "\n".join(["", *wrong])


def test_the_engine_imports_in_one_direction() -> None:
    wrong = wrong_directions(CORE, ORDER)
    assert not wrong, report(wrong)


def test_the_command_line_and_the_app_import_in_one_direction() -> None:
    wrong = wrong_directions(TUI, TUI_ORDER)
    wrong += [
        one.where
        for one in imports_of(TUI)
        if room_of(one.importer) == "cli"
        and room_of(one.target) == "app"
        and one.is_own
        and one.importer not in OPENS_THE_APP
    ]
    assert not wrong, report(wrong)


@pytest.mark.parametrize("package", [CORE, TUI], ids=lambda path: path.name)
def test_there_are_no_import_circles(package: Path) -> None:
    wrong = circles(package)
    assert not wrong, report(wrong)


def test_the_engine_imports_no_screen() -> None:
    wrong = imports_from(CORE, SCREENS)
    assert not wrong, report(wrong)


class TestPlanted:
    """What the tests above look for is found."""

    @pytest.fixture
    def package(self, tmp_path: Path) -> Path:
        package = tmp_path / "engine"
        for name in ("__init__", "errors", "low/__init__", "low/a", "low/b", "high/__init__"):
            path = package / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('"""Nothing yet."""\n')
        (package / "low" / "b.py").write_text("from ..errors import Error\nfrom . import a\n")
        (package / "high" / "c.py").write_text("from .. import errors\nfrom ..low.b import x\n")
        (package / "__init__.py").write_text("from .high import c\n")
        return package

    ORDER = ("errors", "low", "high", "__init__")

    def test_as_it_is_nothing_is_wrong(self, package: Path) -> None:
        assert wrong_directions(package, [*self.ORDER]) == []
        assert circles(package) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "from ..high.c import y",
            "from ..high import c",
            "from .. import high",
            "from .. import z",
        ],
    )
    @pytest.mark.parametrize(
        "code",
        [
            "{}\n",
            "def f():\n    {}\n",
            "if TYPE_CHECKING:\n    {}\n",
            "try:\n    {}\nexcept E:\n    x\n",
        ],
    )
    def test_an_import_from_a_later_room(self, package: Path, code: str, statement: str) -> None:
        (package / "low" / "a.py").write_text(code.format(statement))
        (wrong,) = wrong_directions(package, [*self.ORDER])
        line = 1 if code.startswith("{") else 2
        assert wrong.startswith(f"engine/low/a.py:{line}: {statement} (")

    def test_a_module_in_no_room_and_an_import_without_dots(self, package: Path) -> None:
        (package / "new.py").write_text("import engine.errors\n")
        assert wrong_directions(package, [*self.ORDER]) == [
            "new: has no place in the order",
            "engine/new.py:1: import engine.errors (is not relative)",
        ]

    @pytest.mark.parametrize("statement", ["from .b import x", "from . import b"])
    def test_a_circle_within_a_room(self, package: Path, statement: str) -> None:
        (package / "low" / "a.py").write_text(f"{statement}\n")
        (circle,) = circles(package)
        assert sorted(circle.splitlines()) == [
            "  engine/low/a.py:1: " + statement,
            "  engine/low/b.py:2: from . import a",
            "circle:",
        ]
        (package / "low" / "a.py").write_text(f"def f():\n    {statement}\n")
        assert circles(package) == []

    def test_a_circle_between_rooms(self, package: Path) -> None:
        (package / "low" / "a.py").write_text("def f():\n    from ..high.c import y\n")
        (circle,) = circles(package)
        assert "engine/low/a.py:2: from ..high.c import y" in circle
        assert "engine/high/c.py:2: from ..low.b import x" in circle

    def test_a_screen(self, package: Path) -> None:
        (package / "low" / "a.py").write_text("def f():\n    from rich.text import Text\n")
        assert imports_from(package, SCREENS) == ["engine/low/a.py:2: from rich.text import Text"]


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level modules that are loaded after some code."""
    code += "\nprint(*sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return {room_of(name) for name in result.stderr.split()}


def loaded_after_importing(*names: str) -> set[str]:
    return loaded_by("import importlib, sys\n[*map(importlib.import_module, sys.argv[1:])]", *names)


def test_no_module_of_the_app_loads_torch() -> None:
    names = [name_of(path, TUI.parent) for path in TUI.rglob("*.py")]
    loaded = loaded_after_importing(*(name for name in names if not name.endswith("__main__")))
    assert {"bilstm_core", "textual"} <= loaded
    assert loaded.isdisjoint({"torch", "torchvision", "sklearn"})
    assert not imports_from(TUI, {"torch", "torchvision", "sklearn"})


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_data_are_looked_at_without_torch(name: str, tmp_path: Path) -> None:
    code = """
import sys
from contextlib import suppress
from pathlib import Path
import bilstm_core.processes.data_reader
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.look import look_at
from bilstm_core.data.sources.registry import read_present
from bilstm_core.errors import DataError
with suppress(DataError):  # the files are not there
    look_at(read_present(RunConfig(dataset=sys.argv[1]), Path(sys.argv[2])))
"""
    loaded = loaded_by(code, name, str(tmp_path))
    assert "numpy" in loaded
    assert loaded.isdisjoint({"torch", "torchvision"})


@pytest.mark.parametrize("option", ["--help", "--version", "--print-config"])
def test_the_command_line_loads_only_what_help_needs(option: str) -> None:
    loaded = loaded_by("import sys\nfrom bilstm_tui.cli.main import run\nrun(sys.argv[1:])", option)
    assert "bilstm_tui" in loaded
    assert loaded.isdisjoint({"torch", "numpy", "textual", "PIL"})


def test_a_run_that_is_being_trained_is_refused_without_torch(tmp_path: Path) -> None:
    run, lock = create_run(tmp_path, small_config())
    code = "import sys\nfrom bilstm_tui.cli.main import run\nassert run(sys.argv[1:]) == 2"
    loaded = loaded_by(code, "resume", str(run.path))
    lock.release()
    assert "bilstm_core" in loaded
    assert loaded.isdisjoint({"torch", "numpy"})


def test_the_first_paint_loads_no_numbers() -> None:
    loaded = loaded_after_importing("bilstm_tui.cli.main", "bilstm_tui.app.app")
    assert "textual" in loaded
    assert loaded.isdisjoint({"torch", "numpy", "PIL"})


@pytest.mark.parametrize("package", [CORE, TUI], ids=lambda path: path.name)
def test_files_stay_short(package: Path) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in package.rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}
