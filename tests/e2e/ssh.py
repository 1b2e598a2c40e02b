"""OpenSSH's server on loopback, made for one test: its own keys, configuration and port."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from .terminal import COMMAND, Terminal, environment

PROMPT = "logged-in:"
_SHELL_STARTS_WITH = ".shrc"
_TOOLS = ("sshd", "ssh", "ssh-keygen", "tmux")
_STARTS_WITHIN_SECONDS = 20
_LISTENS = "Server listening"
_ATTEMPTS = 5  # for between a look at a port and its use another program may take it
_WHERE = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_SERVER = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv {variables}
"""
_CLIENT = """\
Port {port}
IdentityFile {folder}/user
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {folder}/known
GlobalKnownHostsFile none
StrictHostKeyChecking yes
BatchMode yes
EscapeChar none
"""


def missing_tools() -> list[str]:
    """What of the tools is not installed."""
    return [tool for tool in _TOOLS if not shutil.which(tool, path=_WHERE)]


class Server:
    """A server for the user who runs the tests, whose home is another while logged in.

    Args:
        home: That home.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        (home / _SHELL_STARTS_WITH).write_text(f"PS1='{PROMPT} '\n", encoding="ascii")
        folder = home / "ssh"
        folder.mkdir()
        for name in ("host", "user"):
            key = ("-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
            subprocess.run([_path_of("ssh-keygen"), *key], check=True)
        if os.geteuid() == 0:  # where root's server locks itself in before anybody is known
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._client_config = folder / "client.conf"
        said = ""
        for _ in range(_ATTEMPTS):
            self._process = self._start(folder, _free_port())
            said = self._read_until_it_listens()
            if _LISTENS in said:
                return
            self._process.communicate()
        raise AssertionError(f"sshd did not start:\n{said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill_sessions()
        self._process.kill()
        self._process.communicate()
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def log_in(self, term: str, columns: int = 160, rows: int = 50) -> Terminal:
        """A terminal with a shell on the server's side, which shows `PROMPT` when it is there.

        Args:
            term: The kind of terminal, as TERM has it.
            columns: Width.
            rows: Height.
        """
        user = f"{getpass.getuser()}@127.0.0.1"
        shell = "cd && exec sh"  # whatever the user's own is, and whatever it greets them with
        env = environment(self._home, TERM=term)
        arguments = ("-F", str(self._client_config), "-tt", user, shell)
        return Terminal(*arguments, env=env, columns=columns, rows=rows, command=_path_of("ssh"))

    def kill_sessions(self) -> None:
        """Kill the processes that serve those who are logged in."""
        for process in psutil.Process(self._process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if process.name().startswith("sshd"):
                    process.kill()

    def processes(self) -> list[psutil.Process]:
        """All that runs with the server's home as its own, logged in or not."""
        return [process for process in psutil.process_iter() if _home_of(process) == self._home]

    def _start(self, folder: Path, port: int) -> "subprocess.Popen[str]":
        public = (folder / "host.pub").read_text(encoding="ascii")
        (folder / "known").write_text(f"[127.0.0.1]:{port} {public}", encoding="ascii")
        self._client_config.write_text(_CLIENT.format(port=port, folder=folder), encoding="utf-8")
        config = folder / "server.conf"
        variables = " ".join(f'"{name}={value}"' for name, value in _variables(self._home).items())
        config.write_text(
            _SERVER.format(port=port, folder=folder, variables=variables), encoding="utf-8"
        )
        return subprocess.Popen(
            [_path_of("sshd"), "-D", "-e", "-f", str(config)],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _read_until_it_listens(self) -> str:
        """What the server said until then, or until its end, which comes if it says nothing."""
        assert self._process.stderr
        limit = threading.Timer(_STARTS_WITHIN_SECONDS, self._process.kill)
        limit.start()
        said = ""
        for line in self._process.stderr:
            said += line
            if _LISTENS in line:
                break
        limit.cancel()
        return said


def _path_of(tool: str) -> str:
    """sshd wants its whole path, and stands where only root looks."""
    path = shutil.which(tool, path=_WHERE)
    assert path, tool
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _variables(home: Path) -> dict[str, str]:
    """What a login finds in its environment, beside what ssh tells of its terminal."""
    env = environment(home, LANG="C.UTF-8", ENV=str(home / _SHELL_STARTS_WITH))
    env["PATH"] = os.pathsep.join((str(Path(COMMAND).parent), env["PATH"]))
    return {
        name: value
        for name, value in env.items()
        if name in {"HOME", "LANG", "PATH", "ENV"} or name.startswith(("BILSTM_", "OMP_"))
    }


def _home_of(process: psutil.Process) -> Path | None:
    try:
        return Path(process.environ()["HOME"])
    except (psutil.Error, KeyError, OSError):
        return None
