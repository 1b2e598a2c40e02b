"""`bilstm-tui --no-ui` as users run it: the installed command, in pipes and in terminals."""

import json
import re
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from bilstm_core import events
from tests.conftest import DataServer
from tests.e2e.outside import piped, trained
from tests.e2e.terminal import COMMAND, Terminal, environment

DIGITS = ["--no-ui", "--dataset", "digits", "--hidden-size", "32"]
SHORT = [*DIGITS, "--num-epochs", "3"]
LONG = [*DIGITS, "--num-epochs", "100000"]
COLOURS = re.compile(rb"\x1b\[[\d;]*3[0-9][\d;]*m|\x1b\[[\d;]*[34]8;")
GOT = r"got \d+ / {} with accuracy \d+\.\d\d"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


class TestPipe:
    def test_a_line_an_epoch_and_no_control_codes_and_as_json_the_same(
        self, env: dict[str, str]
    ) -> None:
        result = piped(*SHORT, env={**env, "FORCE_COLOR": "1"})
        assert result.returncode == 0
        assert result.stderr == ""
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stdout)
        lines = result.stdout.splitlines()
        assert re.fullmatch(r"Run \d{4}-\d\d-\d\d_\d{6}_bilstm_\w{3}", lines[0])
        assert lines[4] == "Using the maximum of the hidden states over time"
        assert [line[:9] for line in lines[5:8]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
        assert lines[8] == "Checking accuracy on training data"
        assert re.fullmatch(GOT.format(1437), lines[9])
        assert lines[10] == "Checking accuracy on test data"
        assert re.fullmatch(GOT.format(360), lines[11])
        assert len(lines) == 12

        result = piped(*SHORT, "--json", "--name", "mine", env=env)
        assert result.returncode == 0
        assert result.stderr == ""
        reported = [events.from_json(line) for line in result.stdout.splitlines()]
        assert isinstance(reported[0], events.RunStarted)
        assert "_mine_" in reported[0].run
        assert reported[0].config["hidden_size"] == 32
        assert isinstance(reported[-1], events.Finished)
        final = [it for it in reported if isinstance(it, events.Evaluation) and it.final]
        counts = [f"got {it.correct} / {it.total} with" for it in final]
        assert [line.partition(" accuracy")[0] for line in lines if line[:3] == "got"] == counts

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_stops_it_in_good_order(
        self, number: int, code: int, env: dict[str, str]
    ) -> None:
        process = subprocess.Popen(
            [COMMAND, *LONG, "--json"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        for line in process.stdout:
            if b'"progress"' in line:
                break
        process.send_signal(number)
        out, err = process.communicate()
        assert process.returncode == code
        assert json.loads(out.splitlines()[-1])["type"] == "stopped"
        assert b"Traceback" not in err

    def test_sigterm_during_a_download(
        self, env: dict[str, str], server: DataServer, tmp_path: Path
    ) -> None:
        done = threading.Event()

        def silence(_path: str, _handler: BaseHTTPRequestHandler) -> None:
            done.wait()

        server.answer = silence
        with subprocess.Popen(
            [COMMAND, "--json", "--dataset", "kmnist", "--data-dir", str(tmp_path / "data")],
            env={**env, "BILSTM_MIRROR": server.url},
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["type"] == "download"
            process.send_signal(signal.SIGTERM)
            assert json.loads(process.stdout.read().splitlines()[-1])["type"] == "stopped"
        done.set()
        assert process.returncode == 143

    def test_sigterm_during_the_final_check_and_going_on(
        self,
        env: dict[str, str],
        server: DataServer,
        made_archives: dict[str, bytes],
        tmp_path: Path,
    ) -> None:
        server.serve(made_archives)
        env["BILSTM_MIRROR"] = server.url
        env["BILSTM_DATA_DIR"] = str(tmp_path / "data")
        size = ["--hidden-size", "2", "--batch-size", "6000", "--num-epochs", "1"]
        with subprocess.Popen(
            [COMMAND, "--json", "--dataset", "kmnist", *size], env=env, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if b'"evaluation_started"' in line:
                    process.send_signal(signal.SIGTERM)
                    break
            reported = [json.loads(line)["type"] for line in process.stdout]
        assert (process.returncode, reported[-1]) == (143, "stopped")
        again = piped("resume", "latest", env=env)
        assert again.returncode == 0
        assert "epoch 1/1" not in again.stdout, "what was trained is not trained again"
        assert re.search(GOT.format(60_000), again.stdout)

    @pytest.mark.parametrize("arguments", ["--help", "doctor", "--print-config", "runs"])
    def test_a_reader_that_has_gone_is_no_failure(
        self, arguments: str, env: dict[str, str]
    ) -> None:
        command = f"{COMMAND} {arguments} | true; echo ${{PIPESTATUS[0]}}"
        result = subprocess.run(
            ["/bin/bash", "-c", command], env=env, capture_output=True, text=True, check=False
        )
        assert result.stderr == ""
        assert result.stdout.strip() in {"0", "141"}

    def test_nohup_leaves_it_running(self, env: dict[str, str]) -> None:
        with subprocess.Popen(
            ["/usr/bin/nohup", COMMAND, *LONG, "--json"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGHUP)
            for _ in range(3):
                assert b'"stopped"' not in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
        assert process.returncode == 143

    def test_a_reader_that_goes_away_is_no_error(self, env: dict[str, str]) -> None:
        with subprocess.Popen(
            [COMMAND, *LONG], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141

    @pytest.mark.parametrize("arguments", [SHORT, ["--print-config"]])
    def test_a_full_disk_is_told(self, arguments: list[str], env: dict[str, str]) -> None:
        with Path("/dev/full").open("w") as full:
            result = subprocess.run(
                [COMMAND, *arguments],
                env=env,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert result.returncode == 5
        assert result.stderr.splitlines() == [
            "✗ The output cannot be written",
            "  No space left on device.",
        ]

    def test_closed_streams_lead_nowhere(self, env: dict[str, str]) -> None:
        command = f"exec {COMMAND} {' '.join(SHORT)} <&- >&-"
        result = subprocess.run(
            ["/bin/sh", "-c", command], env=env, stderr=subprocess.PIPE, check=False
        )
        assert (result.returncode, result.stderr) == (0, b"")

    def test_output_in_a_locale_without_utf_8(self, env: dict[str, str]) -> None:
        ascii_only = {**env, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        assert piped(*SHORT, env=ascii_only).returncode == 0
        assert piped("--no-ui", "--cell", "x", env=ascii_only).returncode == 2
        assert piped("--help", env=ascii_only).returncode == 0

    def test_no_network(self, env: dict[str, str], tmp_path: Path) -> None:
        closed = {**env, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
        data_dir = str(tmp_path / "data")
        result = piped("--no-ui", "--data-dir", data_dir, env={**closed, "no_proxy": ""})
        assert result.returncode == 3
        assert "MNIST is not in" in result.stderr
        for way_out in ("--data-dir", "Try again", "--dataset digits"):
            assert way_out in result.stderr

    def test_real_mnist_is_learned(self, env: dict[str, str], mnist_dir: Path) -> None:
        size = ["--num-epochs", "1", "--hidden-size", "32", "--batch-size", "256"]
        quick = [*size, "--learning-rate", "0.02"]
        result = piped("--no-ui", "--data-dir", str(mnist_dir), *quick, env=env)
        assert re.search(GOT.format(60_000), result.stdout)
        last = result.stdout.splitlines()[-1]
        assert re.search(GOT.format(10_000), last)
        assert float(last.split()[-1]) > 95


class TestTerminal:
    def test_progress_then_two_lines_and_the_default_learns_digits(
        self, env: dict[str, str]
    ) -> None:
        with Terminal("--no-ui", "--dataset", "digits", env=env) as terminal:
            terminal.wait_for(
                r"━.*epoch \d+/30  [\d,]+/690  loss \d\.\d{4}  [\d,]+ samples/s  "
                r"[\d:]+ left  ends \d\d:\d\d$"
            )
            assert terminal.wait() == 0
            assert re.fullmatch(GOT.format(360), terminal.lines[-1])
            assert float(terminal.lines[-1].split()[-1]) >= 97
            assert terminal.lines[-2] == "Checking accuracy on test data"
            assert "━" not in terminal.dump(), "the bar goes when its work is done"
            assert not terminal.screen.cursor.hidden
            assert COLOURS.search(terminal.bytes)

    def test_ctrl_c_stops_it_without_a_colour_and_leaves_the_terminal_as_it_was(
        self, env: dict[str, str]
    ) -> None:
        with Terminal(*LONG, env={**env, "NO_COLOR": "1"}) as terminal:
            terminal.wait_for("samples/s.*left")
            terminal.type("\x03")
            assert terminal.wait() == 130
            assert re.search(r"Stopped in epoch \d+ of 100000, after step", terminal.lines[-1])
            assert not terminal.screen.cursor.hidden
            assert not COLOURS.search(terminal.bytes)

    def test_ctrl_c_while_it_loads(self, env: dict[str, str]) -> None:
        with Terminal(*LONG, env=env) as terminal:
            terminal.wait_for("Loading PyTorch")
            terminal.type("\x03")
            assert terminal.wait() == 130
            assert "Traceback" not in terminal.dump()
            assert not terminal.screen.cursor.hidden

    def test_a_dumb_terminal_gets_plain_lines(self, env: dict[str, str]) -> None:
        trained(env)
        with Terminal("attach", "latest", env={**env, "TERM": "dumb"}) as terminal:
            assert terminal.wait() == 0
            assert re.fullmatch(GOT.format(360), terminal.lines[-1])
            assert b"\x1b" not in terminal.bytes

    def test_help_fits_its_width(self, env: dict[str, str]) -> None:
        with Terminal("--help", env=env, rows=200) as terminal:
            assert terminal.wait() == 0
            boxes = [line for line in terminal.lines if line.startswith(("╭", "╰", "│"))]
            assert {len(line) for line in boxes} == {80}
            assert "…" not in terminal.dump().replace("(BILSTM_HIDDEN_SIZE, …)", "")

    def test_a_download_shows_its_progress(
        self,
        env: dict[str, str],
        server: DataServer,
        made_archives: dict[str, bytes],
        tmp_path: Path,
    ) -> None:
        server.serve(made_archives)
        arguments = ["--no-ui", "--dataset", "kmnist", "--data-dir", str(tmp_path / "data")]
        small = ["--num-epochs", "1", "--hidden-size", "2", "--batch-size", "6000"]
        with Terminal(*arguments, *small, env={**env, "BILSTM_MIRROR": server.url}) as terminal:
            terminal.wait_for(r"Downloading KMNIST train-images-idx3-ubyte.gz ━+ .*B")
            assert terminal.wait() == 0
            assert re.fullmatch(GOT.format(10_000), terminal.lines[-1])

    def test_ctrl_c_during_a_download(
        self, env: dict[str, str], server: DataServer, tmp_path: Path
    ) -> None:
        asked, done = threading.Event(), threading.Event()

        def silence(_path: str, _handler: BaseHTTPRequestHandler) -> None:
            asked.set()
            done.wait()

        server.answer = silence
        arguments = ["--no-ui", "--dataset", "kmnist", "--data-dir", str(tmp_path / "data")]
        with Terminal(*arguments, env={**env, "BILSTM_MIRROR": server.url}) as terminal:
            terminal.wait_for(asked.is_set)
            terminal.type("\x03")
            assert terminal.wait() == 130
            assert "Stopped before the first step" in terminal.dump()
        done.set()
