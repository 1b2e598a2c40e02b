"""`bilstm-tui data`: what is in a file, in words or as JSON."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bilstm_core.data.data_overview import DataOverview, Example, FeatureSummary, LengthBar
from bilstm_core.data.spec import DataSpec
from bilstm_tui.text.data_overview import MOST_CLASSES, MOST_FEATURES, overview_lines
from tests.tui.cli.conftest import said

BRAILLE = tuple(map(chr, range(0x2801, 0x2900)))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten sequences of which each is there twice, with a gap and a column that never changes."""
    rows = [f"{n},{n // 2 * step},7,{'ab'[n // 2 % 2]}" for n in range(20) for step in range(3)]
    rows[4] = "1,,7,a"
    path = tmp_path / "walks.csv"
    path.write_text("\n".join(["id,height,flat,kind", *rows]), encoding="utf-8")
    return path


def test_what_is_wrong_in_it_is_a_sentence_and_no_run(
    table: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table.write_text(table.read_text(encoding="utf-8").replace("\n5,2,", "\n5,oops,", 1))
    words = ["--no-ui", "--dataset", str(table), "--label-column", "kind"]
    code, out, err = said(capsys, *words)
    assert (code, out) == (3, "")
    assert "walks.csv, line 18, column 'height'" in err
    assert not (tmp_path / "runs").exists()


def test_a_table_in_words(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "data", str(table), "--label-column", "kind")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "walks  table with a row a step"
    assert lines[1] == "16 training and 4 test sequences of 3 steps × 2, 2 classes"
    assert lines[2] == str(table)
    assert "⚠ 1 missing value was replaced by the value before." in lines
    assert "⚠ A feature is constant: flat." in lines
    assert any("test sequences are also in the training part" in line for line in lines)
    assert any("test_fraction = 0.2, seed = 0" in line for line in lines)
    assert "All sequences have 3 steps." in lines
    (height,) = [line for line in lines if line.startswith("height") and "%" in line]
    assert height.split()[-1] == "1.7%"
    assert any(line.startswith("b ") and "━" in line for line in lines)


def test_one_feature_is_drawn_in_braille(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x_TRAIN.tsv"
    path.write_text("\n".join(f"{n % 2}\t{n}\t{-n}\t{n * n}" for n in range(12)), encoding="utf-8")
    code, out, _ = said(capsys, "data", str(path))
    assert code == 0
    assert any(char in out for char in BRAILLE)


def test_a_warning_names_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{n},{step},{step * step % 3},{'ab'[n % 2]}" for n in range(8) for step in range(4)]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["id,tick,v,label", *rows]), encoding="utf-8")
    _, out, _ = said(capsys, "data", str(path))
    assert "If it is the time, set --time-column tick." in " ".join(out.split())


def test_settings_count(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = ("data", str(table), "--test-fraction", "0.5", "--max-length", "2", "--seed", "3")
    _, out, _ = said(capsys, *tokens)
    assert "10 training and 10 test sequences of 2 steps" in out
    assert "20 longer sequences were cut to their first 2 steps." in out


def test_as_json(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "data", str(table), "--json", "--validation-fraction", "0.25")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert content["spec"]["class_sizes"]["validation"] == [2, 2]
    assert [feature["name"] for feature in content["features"]] == ["height", "flat"]
    assert content["lengths"] == [{"shortest": 3, "longest": 3, "sequences": 20}]
    assert content["problems"]
    assert content["examples"][0]["curves"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("digits", ["1,437 training and 360 test images of 8 rows × 8", "From 0 to 16", "██"]),
        ("japanese-vowels", ["7 to  8 steps", "coefficient 12", "and 6 more features", "▇"]),
    ],
)
def test_built_in_data(name: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "data", name)
    assert code == 0
    for word in words:
        assert word.replace("  ", " ") in " ".join(out.split())


def test_data_that_would_be_downloaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "data", "kmnist", "--data-dir", str(tmp_path))
    assert code == 3
    assert "a run downloads it" in err


@pytest.mark.parametrize(
    ("content", "exit_code", "words"),
    [
        ("id,x,label\n1,1,a\n2,2,a\n", 3, "one class only"),
        ("id,x,label\n" + "".join(f"{n},1,{n}.5\n" for n in range(40)), 3, "no regression"),
        ("id,x,label\n1,1,a\n1,2,b\n2,1,b\n", 3, "label"),
        ("id,time,x,label\n1,1,1,a\n1,1,2,a\n2,1,1,b\n", 3, "time"),
        ("id,x,kind,place\n1,1,a,u\n2,2,b,v\n", 2, "Set --label-column to one of them: x ("),
        ("id,x,label\n1,1,a\n1,2,b\n2,1,b\n", 3, "If each row is a sequence, set --id-column -."),
        ("", 3, "the file is empty"),
    ],
)
def test_what_is_refused(
    content: str,
    exit_code: int,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content, encoding="utf-8")
    code, out, err = said(capsys, "data", str(path))
    assert (code, out) == (exit_code, "")
    assert words in err


def test_a_path_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "data", str(tmp_path / "walk.csv"))
    assert code == 3
    assert "no such file or folder" in err
    code, _, err = said(capsys, "data", "digit")
    assert code == 2
    assert "Did you mean digits?" in err


def test_ascii_where_the_output_is_no_utf_8(table: Path) -> None:
    command = [sys.executable, "-m", "bilstm_tui", "data", str(table)]
    env = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)}
    result = subprocess.run(command, capture_output=True, check=True, env=env)
    lines = result.stdout.decode("ascii").splitlines()
    assert "! A feature is constant: flat." in lines
    assert not any("?" in line for line in lines)
    assert any("===" in line for line in lines)


def overview(classes: int = 3, features: int = 2, name: str = "c") -> DataOverview:
    names = tuple(f"{name}{number}" for number in range(classes))
    columns = tuple(f"{name}{number}" for number in range(features))
    spec = DataSpec(
        name="/somewhere/x.csv",
        title="x",
        kind="series",
        num_features=features,
        feature_names=columns,
        shortest=1,
        longest=20,
        classes=names,
        train_size=classes,
        test_size=classes,
        class_sizes={"train": (1,) * classes, "validation": (0,) * classes, "test": (1,) * classes},
    )
    return DataOverview(
        spec=spec,
        features=tuple(
            FeatureSummary(name=column, minimum=-3e8, maximum=1e-5, mean=0) for column in columns
        ),
        lengths=(
            LengthBar(shortest=1, longest=10, sequences=2 * classes - 1),
            LengthBar(shortest=11, longest=20, sequences=1),
        ),
        examples=tuple(
            Example(
                label=label, id="x" * 200, steps=20, curves=((0.0, 1.0, 0.5),) * min(features, 6)
            )
            for label in names[:20]
        ),
        problems=("A problem that takes many words to describe and does not fit in a line.",),
    )


@pytest.mark.parametrize("width", [1, 7, 20, 41, 80, 200])
@pytest.mark.parametrize("features", [1, 2, 30])
@pytest.mark.parametrize("name", ["c", "a name that is much too long to be shown ", "名前"])
def test_no_line_is_wider_than_the_space(width: int, features: int, name: str) -> None:
    lines = [*overview_lines(overview(5, features, name), width)]
    assert [line.plain for line in lines if line.cell_len > width] == []


def test_of_many_classes_and_features_the_first_are_listed() -> None:
    text = "\n".join(line.plain for line in overview_lines(overview(300, 40), 100))
    assert f"c{MOST_CLASSES - 1} " in text
    assert f"and {300 - MOST_CLASSES} more classes" in text
    assert f"and {40 - MOST_FEATURES} more features" in text
    assert "and 280 more classes" in text
    assert "and 34 more features" in text


@pytest.mark.parametrize("width", [40, 80])
def test_the_end_of_a_long_id_is_shown(width: int) -> None:
    data = overview()
    long = f"/recordings/2026/{'x' * 200}/walk-0123.csv"
    examples = tuple(replace(example, id=long) for example in data.examples)
    lines = [line.plain for line in overview_lines(replace(data, examples=examples), width)]
    captions = [line for line in lines if "id /" in line]
    assert captions
    assert all(line.rstrip().endswith("23.csv") for line in captions)


def test_names_are_no_markup() -> None:
    text = "\n".join(line.plain for line in overview_lines(overview(name="[red]x"), 100))
    assert "[red]x0" in text
