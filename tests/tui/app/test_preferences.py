"""What the app remembers."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_tui.app.app import BilstmApp
from bilstm_tui.app.preferences import Preferences, PreferencesFile
from bilstm_tui.cli import main as cli
from tests.samples import moons_config, small_config
from tests.tui.driving import FakeWorker, drive, said, until


def test_theme_rate_and_form_are_there_again(tmp_path: Path) -> None:
    path = tmp_path / "config" / "app.toml"

    async def change(app: BilstmApp, pilot: Pilot[int]) -> None:
        app.theme = "textual-light"
        app.screen.query_one("#hidden_size", Input).value = "77"
        await until(pilot, lambda: app.train_screen.config == small_config(hidden_size=77))

    drive(FakeWorker(), tmp_path, change, preferences=PreferencesFile(path))
    saved = PreferencesFile(path).saved
    assert saved.theme == "textual-light"
    assert saved.last_form
    assert saved.last_form[0].hidden_size == 77

    async def look(app: BilstmApp, _pilot: Pilot[int]) -> None:
        assert app.theme == "textual-light"

    drive(FakeWorker(), tmp_path, look, preferences=PreferencesFile(path))


@pytest.mark.parametrize("content", ["redraws_per_second = 99", "theme = ", "\xff", "[settings"])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "app.toml"
    path.write_bytes(content.encode("latin-1"))
    file = PreferencesFile(path)
    assert str(path) in file.problem
    assert file.saved == Preferences()
    file.save(Preferences(theme="nord"))
    assert path.read_bytes() == content.encode("latin-1")

    async def steps(app: BilstmApp, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "was not changed" in said(app))

    drive(FakeWorker(), tmp_path, steps, preferences=file)


def test_a_form_of_another_version_is_passed_over() -> None:
    settings = {**RunConfig().model_dump(), "wings": 2}
    assert Preferences(settings=settings).last_form is None
    unknown_data = moons_config().model_dump()
    assert Preferences(settings=unknown_data).last_form is None
    assert Preferences(preset="old", settings=resolve().model_dump()).last_form is None


def test_a_place_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    PreferencesFile(tmp_path / "file" / "app.toml").save(Preferences(theme="nord"))


@pytest.mark.parametrize(
    ("tokens", "variables", "hidden_size"),
    [
        ([], {}, 77),
        ([], {"BILSTM_HIDDEN_SIZE": "55"}, 55),
        ([], {"BILSTM_PRESET": "notebook"}, 256),
        (["--num-epochs", "3"], {}, 128),
        (["--dataset", "digits"], {}, 128),
    ],
)
def test_the_last_form_is_there_again_unless_something_was_said(
    monkeypatch: pytest.MonkeyPatch, tokens: list[str], variables: dict[str, str], hidden_size: int
) -> None:
    PreferencesFile().save(Preferences(settings=resolve({"hidden_size": 77}).model_dump()))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    opened: list[BilstmApp] = []
    monkeypatch.setattr("bilstm_tui.cli.train.require_terminal", lambda: None)

    def open_only(app: BilstmApp) -> None:
        opened.append(app)

    monkeypatch.setattr(BilstmApp, "run", open_only)
    assert cli.run(tokens) == 0
    (app,) = opened
    assert app.train_screen.config
    assert app.train_screen.config.hidden_size == hidden_size
