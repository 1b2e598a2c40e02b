"""The command line: complete help, refusals in words, each with its exit code."""

import re
from pathlib import Path

import pytest

from bilstm_core import __version__
from bilstm_core.config.presets import PRESETS
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import GROUPS
from bilstm_core.config.settings import SETTINGS
from tests.tui.cli.conftest import said


class TestHelp:
    def test_it_lists_every_option_in_its_group(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = said(capsys, "--help")
        assert code == 0
        sections = re.split(r"╭─ ", out)
        for group in GROUPS:
            (section,) = [text for text in sections if text.startswith(group.capitalize())]
            flags = [s.flag for s in SETTINGS.values() if s.group == group]
            assert [flag for flag in flags if f" {flag} " not in section] == []
        for option in ("--no-ui", "--json", "--preset", "--config", "--print-config", "--data-dir"):
            assert option in out
        for preset in PRESETS.values():
            assert preset.help in re.sub(r"[│\s]+", " ", out)
        assert "doctor" in out
        assert "Exit codes: 0 done" in out

    def test_it_tells_last_from_final(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, out, _ = said(capsys, "--help")
        text = re.sub(r"[│\s]+", " ", out)
        assert "where the backward direction has read one step only" in text
        assert "each direction's own last state" in text

    def test_the_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert said(capsys, "--version")[:2] == (0, f"{__version__}\n")


class TestPrintConfig:
    def test_what_it_prints_gives_the_same_configuration(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        code, out, _ = said(
            capsys, "--print-config", "--preset", "best", "--hidden-size=7", "--no-bidirectional"
        )
        assert code == 0
        (tmp_path / "run.toml").write_text(out)
        expected = resolve({"hidden_size": 7, "bidirectional": False}, preset="best")
        assert resolve(file=tmp_path / "run.toml") == expected
        code, again, _ = said(capsys, "--print-config", "--config", str(tmp_path / "run.toml"))
        assert again == out

    def test_an_option_without_effect_is_a_warning(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, _, err = said(capsys, "--print-config", "--device", "cuda", "--threads", "2")
        assert "--threads has no effect: the device is a GPU." in err
        _, _, err = said(capsys, "--print-config", "--device", "cuda")
        assert "no effect" not in err

    def test_options_beat_variables_beat_presets(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BILSTM_PRESET", "notebook")
        monkeypatch.setenv("BILSTM_NUM_LAYERS", "3")
        monkeypatch.setenv("BILSTM_SEED", "3")
        _, out, _ = said(capsys, "--print-config", "--seed", "4")
        assert "seed = 4 " in out
        assert "num_layers = 3 " in out
        assert "hidden_size = 256 " in out


class TestRefusals:
    @pytest.mark.parametrize(
        ("tokens", "words"),
        [
            (
                ["--hidden-size", "many"],
                ["hidden_size = many (from the command line)", "1 to 4,096"],
            ),
            (["--learning-rate", "-1"], ["learning_rate = -1", "above 0"]),
            (["--cell", "lstmm"], ["cell = lstmm", "Did you mean lstm?"]),
            (["--preset", "notbook"], ["notbook", "Did you mean notebook?"]),
            (["--patience", "3"], ["patience = 3", "validation_fraction"]),
            (
                ["--no-bidirectional", "--merge", "sum"],
                ["merge = sum", "bidirectional from the command line"],
            ),
            (["--hiden-size", "3"], ["--hiden-size", "Did you mean --hidden-size?"]),
            (["--jsno"], ["--jsno", "Did you mean --json?"]),
            (["--hidden-size"], ["--hidden-size"]),
            (["falsch"], ["falsch is not a command or the value of an option"]),
            (["--bidirectional", "false"], ["a switch has two options", "--no-bidirectional"]),
            (["doctor"], ["doctor is a command and comes first"]),
            (["--lr", "3"], ["There is no option --lr here.\n"]),
            (["--name", "../x"], ["cannot be part of a folder's name"]),
            (["docter"], ["docter", "Did you mean doctor?"]),
            (["--config", "nowhere.toml"], ["nowhere.toml", "No such file"]),
            (["--seed", "1", "--seed", "2"], ["--seed"]),
        ],
    )
    def test_a_wrong_command_is_one_message(
        self, tokens: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out, err = said(capsys, "--no-ui", *tokens)
        assert code == 2
        assert out == ""
        assert [word for word in words if word not in err] == []

    @pytest.mark.parametrize("how", [[], ["--no-ui"]])
    def test_settings_that_the_data_rule_out(
        self, how: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = said(capsys, *how, "--dataset", "japanese-vowels", "--readout", "all")
        assert code == 2
        assert "those of Japanese Vowels have 7 to 29 steps" in err
        assert "--readout max" in err

    def test_a_device_that_is_not_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, err = said(capsys, "--json", "--dataset", "digits", "--device", "cuda:99")
        assert (code, out) == (2, "")
        assert "device = cuda:99 is not available here" in err
        assert "Devices of this machine: auto, cpu" in err

    def test_a_misspelt_variable_is_pointed_out(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BILSTM_HIDEN_SIZE", "3")
        code, _, err = said(capsys, "--print-config")
        assert code == 0
        assert "Did you mean BILSTM_HIDDEN_SIZE?" in err

    def test_control_characters_of_a_file_do_not_reach_the_screen(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = tmp_path / "run.toml"
        file.write_text('cell = "\\u001b[2J\\u009b31m[bold]x"\n')
        code, _, err = said(capsys, "--no-ui", "--config", str(file))
        assert code == 2
        assert "\x1b" not in err
        assert "\x9b" not in err
        assert r"\x1b[2J\x9b31m[bold]x" in err

    def test_without_a_terminal_it_names_no_ui(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = said(capsys)
        assert code == 2
        assert "needs a terminal" in err
        assert err.endswith(": bilstm-tui --no-ui\n")

    def test_what_was_typed_is_in_the_command_without_the_app(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tokens = ["--preset", "quick", "--dataset", "digits", "--name", "a b", "--seed", "3"]
        code, _, err = said(capsys, *tokens)
        assert code == 2
        assert ": bilstm-tui --no-ui --preset quick --dataset digits --name 'a b' --seed 3\n" in err

    def test_the_options_of_the_command_are_listed_by_its_help(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, _, err = said(capsys, "data", "digits", "--hidden-size", "3")
        assert "There is no option --hidden-size here." in err
        assert "List every option: bilstm-tui data --help" in err


class TestDefects:
    def test_an_unforeseen_error_is_words_and_a_file(
        self,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        from bilstm_tui.cli import train as cli

        def burst(*_: object, **__: object) -> None:
            raise ZeroDivisionError("so it goes")

        monkeypatch.setattr(cli, "resolve", burst)
        code, out, err = said(capsys, "--no-ui")
        assert (code, out) == (70, "")
        assert "ZeroDivisionError: so it goes" in err
        (report,) = (tmp_path / "state").rglob("crash-*.log")
        assert str(report) in err
        assert "Traceback" in report.read_text()


@pytest.mark.parametrize(
    "words",
    [(), ("--detach", "--dataset", "digits"), ("sweep", "s", "--search", "hidden_size=4,8")],
)
def test_what_several_processes_cannot_do_is_refused(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("MASTER_PORT", "29500")
    code, out, err = said(capsys, *words)
    assert (code, out) == (2, "")
    assert "torchrun has started several" in err
