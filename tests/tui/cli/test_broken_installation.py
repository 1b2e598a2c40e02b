"""PyTorch that cannot be imported, and a working directory that is gone, in every command."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bilstm_core.errors import InstallationError, imports_in_words
from bilstm_core.processes.worker_client import WorkerClient
from bilstm_core.runs.store import create_run
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.screens.inspect import InspectScreen
from tests.samples import small_config
from tests.tui.driving import asked, past_runs, until

REASON = "libcublas.so.12: cannot open shared object file"
COMMANDS = [
    ["--no-ui", "--dataset", "digits"],
    ["--json", "--dataset", "digits"],
    ["--detach", "--dataset", "digits"],
    ["lr-find", "--dataset", "digits"],
    ["resume", "latest"],
    ["resume", "latest", "--detach"],
    ["predict", "latest", "a.png"],
    ["doctor"],
]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PyTorch before all others that cannot be imported."""
    package = tmp_path / "broken" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"raise OSError({REASON!r})")
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{package.parent}:{before}".strip(":"))
    return package / "__init__.py"


def run(*arguments: str, cwd: str = "") -> subprocess.CompletedProcess[str]:
    """A command; in a working directory that is deleted before, if one is named."""
    gone = f"cd {cwd!r} && rmdir {cwd!r} && " if cwd else ""
    command = [sys.executable, "-P", "-m", "bilstm_tui", *arguments]
    return subprocess.run(
        ["/bin/sh", "-c", f'{gone}exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_says_why_pytorch_cannot_be_imported(
    command: list[str], tmp_path: Path
) -> None:
    create_run(tmp_path / "runs", small_config())[1].release()
    result = run(*command)
    told = result.stdout + result.stderr
    assert result.returncode == 4
    assert f"torch cannot be imported: {REASON}" in " ".join(told.split())
    assert "pip install" in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("broken")
def test_the_app_says_why_pytorch_cannot_be_imported(tmp_path: Path) -> None:
    (past,) = past_runs(tmp_path / "runs", 16)
    app = BilstmApp(small_config(), "default", tmp_path / "runs", make_worker=WorkerClient)
    app.animation_level = "none"

    async def main() -> None:
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: app.screen is app.train_screen)
            for key in ("t", "f"):
                await pilot.press(key)
                await asked(pilot, REASON)
                await pilot.press("escape")
                await until(pilot, lambda: app.screen is app.train_screen)
            await app.push_screen(InspectScreen(past, tmp_path))
            await asked(pilot, REASON)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (f"raise OSError({REASON!r})", REASON),
        ("raise ImportError('libc10.so: failed to map segment')", "failed to map segment"),
        ("raise RuntimeError('operator torchvision::nms does not exist')", "nms does not exist"),
        ("raise MemoryError", "MemoryError"),
        ("import nothing_like_it", "No module named 'nothing_like_it'"),
    ],
)
def test_whatever_a_library_raises_is_put_into_words(
    failure: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_library.py").write_text(failure)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InstallationError) as caught, imports_in_words():
        import broken_library  # noqa: F401  # pyright: ignore[reportMissingImports]
    assert caught.value.message.startswith("broken_library cannot be imported: ")
    assert reason in caught.value.message
    assert "pip install" in caught.value.advice
    assert "ulimit -v" in caught.value.advice


def test_what_is_raised_later_stays_what_it_is() -> None:
    with pytest.raises(OSError, match="later"), imports_in_words():
        raise OSError("later")


@pytest.mark.parametrize("is_relative", [True, False], ids=["relative", "absolute"])
@pytest.mark.parametrize(
    "command", [*COMMANDS, ["runs"], ["attach", "x"], ["stop", "x"], ["rm", "x"]], ids=" ".join
)
def test_a_deleted_working_directory_is_told_before_pytorch_is_loaded(
    command: list[str],
    is_relative: bool,
    broken: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken.write_text("raise SystemExit('PyTorch was loaded')")
    (tmp_path / "gone").mkdir()
    if is_relative:
        monkeypatch.delenv("BILSTM_RUNS_DIR")
        monkeypatch.setenv("BILSTM_DATA_DIR", "data")
    result = run(*command, cwd=str(tmp_path / "gone"))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("✗ No working directory\n  The working directory was deleted.")
