"""What machines lack: room, rights, a home, shared memory, UTF-8, whole data files."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.overview import read_overview
from bilstm_core.runs.store import find_run, list_runs
from bilstm_core.training.checkpoints import load_checkpoint
from tests.e2e.outside import LONG, holder, started, trained, wait_until
from tests.e2e.terminal import COMMAND, Terminal, environment

SMALL = ["--hidden-size", "16", "--num-epochs", "1"]
HERE = [COMMAND, "--no-ui", "--dataset", "digits", *SMALL]
NO_UTF_8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    env = environment(tmp_path, **NO_NETWORK)
    env.pop("no_proxy", None)
    return env


def skip_without(tool: str) -> None:
    if not shutil.which(tool):
        pytest.skip(f"not installed: {tool}")


@pytest.fixture(scope="module")
def namespace() -> list[str]:
    """What starts a command with mounts of its own, where the kernel lets us."""
    skip_without("unshare")
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        mount = [*unshare, "mount", "-t", "tmpfs", "none", "/mnt"]
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            return [*unshare, "/bin/sh", "-c"]
    pytest.skip("this kernel lets nobody mount anything, as in most containers")


@pytest.fixture
def bound(tmp_path: Path) -> list[str]:
    """What starts a command that rights hold for, as they do for everybody but root."""
    if os.geteuid() != 0:
        return []
    skip_without("setpriv")
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    probe = tmp_path / "probe"
    probe.mkdir(0o555)
    touch = subprocess.run(
        [*bound, "touch", str(probe / "x")], capture_output=True, text=True, check=False
    )
    if "Permission denied" not in touch.stderr:
        pytest.skip("root cannot give up its rights here")
    return bound


def ran(command: list[str], env: dict[str, str], code: int = 0) -> tuple[str, str]:
    """What a command printed on stdout and stderr."""
    result = subprocess.run(
        command,
        env=env,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=env["HOME"] if Path(env.get("HOME", "")).is_dir() else None,
    )
    said = result.stdout.decode(), result.stderr.decode()
    assert "Traceback" not in said[1]
    assert result.returncode == code, said
    return said


def app_trains(*arguments: str, env: dict[str, str], command: str = COMMAND) -> bytes:
    """Train in the app, and quit; what was sent to the terminal."""
    with Terminal(*arguments, env=env, command=command) as app:
        app.wait_for("BiLSTM 1.16")
        app.type("t")
        app.wait_for(r"got \d+ / 360 with accuracy")
        app.wait_for("finished")
        app.type("q")
        assert app.wait() == 0
        return app.bytes


class TestReadOnly:
    def test_runs_can_be_looked_at_and_nothing_is_half_changed(
        self, env: dict[str, str], bound: list[str]
    ) -> None:
        run = trained(env)
        folder = run.path.parent
        before = {path: path.read_bytes() for path in run.path.iterdir()}
        for path in (*before, run.path, folder):
            path.chmod(path.stat().st_mode & 0o555)
        for how in ("--no-ui", "--detach"):
            _, said = ran([*bound, COMMAND, how, "--dataset", "digits"], env, 5)
            assert said.startswith("✗ The run cannot be stored\n  No run can be created in ")
            assert "--runs-dir FOLDER" in said
        for command in (["resume", "latest", "--num-epochs", "2"], ["rm", "latest", "--yes"]):
            _, said = ran([*bound, COMMAND, *command], env, 5)
            assert "Permission denied" in said
            assert "Copy the run to a writable folder" in said
        assert "finished" in ran([*bound, COMMAND, "runs"], env)[0]
        assert {path: path.read_bytes() for path in run.path.iterdir()} == before
        assert list_runs(folder) == [run]


def test_a_full_disk_costs_no_line_and_no_checkpoint(
    env: dict[str, str], namespace: list[str], tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    train = [COMMAND, "--json", *LONG, "--checkpoint-seconds", "0.5", "--runs-dir", str(disk)]
    script = f"""
        mount -t tmpfs -o size=1m none {shlex.quote(str(disk))}
        {shlex.join(train)} > {shlex.quote(str(tmp_path / "told"))}
        code=$?
        cp -r {shlex.quote(str(disk))} {shlex.quote(str(tmp_path / "kept"))}
        exit $code
    """

    def is_told(words: str) -> bool:
        return words in (tmp_path / "told").read_text(encoding="utf-8")

    with started([*namespace, script], env) as process:
        assert process.stderr
        inside = Path(f"/proc/{process.pid}/root{disk}")
        wait_until(lambda: any(inside.glob("*/checkpoint.previous.safetensors")))
        (run,) = list_runs(inside)
        with pytest.raises(OSError, match="No space left"):
            (inside / "filler").write_bytes(bytes(2 << 20))
        wait_until(lambda: is_told("No space left on device; that of step "))
        wait_until(lambda: is_told("new events are buffered until there is space"))
        (inside / "filler").unlink()
        saved = run.checkpoint_file.stat().st_mtime_ns
        wait_until(lambda: run.checkpoint_file.stat().st_mtime_ns > saved)
        os.kill(holder(run), signal.SIGTERM)
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == 143
    kept = find_run(tmp_path / "kept", "latest")
    history = History()
    for event in open_log(kept.log_file)[0]:
        history.add(event)
    assert len(history.losses) == history.step == load_checkpoint(kept.checkpoint_file).step
    assert read_overview(kept).status == "stopped"


def test_without_shared_memory_nothing_is_missed(env: dict[str, str], namespace: list[str]) -> None:
    mount = "mount -t tmpfs -o ro,size=4k none /dev/shm"
    out, err = ran([*namespace, f"{mount} && exec {shlex.join(HERE)}"], env)
    assert re.search(r"got \d+ / 360", out)
    assert err == ""


class TestHome:
    def test_a_user_without_a_name_and_a_home(
        self, env: dict[str, str], namespace: list[str], tmp_path: Path
    ) -> None:
        """As in a container that is started with a user's number alone."""
        nobody = " && ".join(
            f"mount --bind /dev/null {file}"
            for file in ("/etc/passwd", "/etc/nsswitch.conf")
            if Path(file).exists()
        )
        nameless = f"cd {shlex.quote(str(tmp_path))}; unset HOME; {nobody}"

        def command(*arguments: str) -> list[str]:
            return [*namespace, f"{nameless} && exec {shlex.join([COMMAND, *arguments])}"]

        _, said = ran(command("--no-ui", "--dataset", "kmnist"), env, 3)
        assert f"{tmp_path}/.bilstm-tui/datasets/KMNIST/raw" in said
        _, said = ran(command("runs", "--runs-dir", "~/runs"), env, 2)
        assert "Give the path without ~, or set HOME." in said
        unshare, *rest = command(*SMALL)
        app_trains(*rest, env=env, command=unshare)

    def test_a_home_that_cannot_be_written(self, env: dict[str, str]) -> None:
        env["HOME"] = "/proc/nowhere"
        assert "got " in ran(HERE, env)[0]
        _, said = ran([COMMAND, "--no-ui", "--dataset", "kmnist"], env, 3)
        assert "cannot be stored there" in said
        assert "BILSTM_DATA_DIR" in said


class TestLocale:
    def test_the_app_draws_in_ascii(self, env: dict[str, str]) -> None:
        assert max(app_trains(*SMALL, env={**env, **NO_UTF_8})) < 128

    def test_lines_and_names_of_folders(self, env: dict[str, str], tmp_path: Path) -> None:
        env = {**env, **NO_UTF_8, "BILSTM_RUNS_DIR": str(tmp_path / "Läufe")}
        for command in (HERE, [COMMAND, "runs"]):
            out, err = ran(command, env)
            assert out.isascii()
            assert err == ""
        _, said = ran([COMMAND, "attach", "nothing"], env, 2)
        assert said.startswith("x No such run\n")
        assert read_overview(find_run(tmp_path / "Läufe", "latest")).status == "finished"


def test_data_cut_short_after_the_start_are_named_and_not_used(
    env: dict[str, str], made_files: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "KMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in made_files.items():
        (folder / name).write_bytes(content)
    chosen = ["--dataset", "kmnist", "--data-dir", str(tmp_path / "data"), *SMALL]
    with Terminal(*chosen, env=env, columns=120, rows=36) as app:
        app.wait_for("BiLSTM 1×16")
        cut = folder / "train-images-idx3-ubyte"
        os.truncate(cut, 1000)
        app.type("t")
        app.wait_for("The data set is not available")
        app.wait_for("train-images-idx3-ubyte is damaged")
        app.wait_for("Train digits instead")
        app.type("\x1b")
        app.wait_for(lambda: "Train digits" not in app.dump())
        app.type("q")
        assert app.wait() == 0
    assert cut.stat().st_size == 1000, "a file of the user's is left as it is"
