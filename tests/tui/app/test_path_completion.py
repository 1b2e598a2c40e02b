"""What a path that is typed may become."""

import os
from pathlib import Path

import pytest

from bilstm_core.errors import DataError
from bilstm_tui.app.path_completion import chosen_path, completed, completions, existing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("gestures_TRAIN.ts", "Gestures.CSV", "walk.npz", "notes.md", ".hidden.csv"):
        (tmp_path / name).write_text("x,y,label\n1,2,a\n3,4,b\n", encoding="utf-8")
    for name in ("growing", "wild\n", ".cache"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_folders_come_first_and_only_files_of_data_follow(folder: Path) -> None:
    names = [path.removeprefix(f"{folder}/") for path in completions(f"{folder}/")]
    assert names == ["growing/", "Gestures.CSV", "gestures_TRAIN.ts", "walk.npz"]
    assert completions(f"{folder}/g") == [f"{folder}/growing/", f"{folder}/gestures_TRAIN.ts"]
    hidden = [path.removeprefix(f"{folder}/") for path in completions(f"{folder}/.")]
    assert hidden == [".cache/", ".hidden.csv"]


def test_from_the_home_and_the_working_directory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert completions("~") == ["~/"]
    assert completions("~/w") == ["~/walk.npz"]
    assert chosen_path("~/walk.npz/../Gestures.CSV") == str(folder / "Gestures.CSV")
    monkeypatch.chdir(folder)
    assert completions("gr") == ["growing/"]
    assert chosen_path("Gestures.CSV") == str(folder / "Gestures.CSV")


@pytest.mark.parametrize(
    "typed", ["/none/x", "~nobody-of-this-name/x", "a\0b/c", "x" * 5000 + "/y"]
)
def test_where_there_is_nothing(typed: str) -> None:
    assert completions(typed) == []
    with pytest.raises(DataError):
        chosen_path(typed.replace("~", ""))


def test_completed_as_far_as_it_is_unambiguous() -> None:
    assert completed("/d/g", ["/d/gestures_a", "/d/gestures_b"]) == "/d/gestures_"
    assert completed("/d/g", ["/d/gestures_a"]) == "/d/gestures_a"
    assert completed("/d/g", []) == "/d/g"


def test_only_paths_that_exist(folder: Path) -> None:
    assert existing([str(folder / "walk.npz"), "/none"]) == [str(folder / "walk.npz")]


def test_a_folder_that_cannot_be_read(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    assert completions(f"{folder}/loo") == []
    assert os.path.lexists(folder / "loop")
