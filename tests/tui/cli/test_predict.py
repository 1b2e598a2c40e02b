"""`bilstm-tui predict`: what is printed, where, and with which exit code."""

import csv
import io
import json
from pathlib import Path

import pytest

from bilstm_core.config.resolve import resolve
from bilstm_core.runs.event_log import open_log
from bilstm_core.runs.history import History
from bilstm_core.runs.run import Run
from bilstm_tui.text.predictions import format_for
from tests.sessions import start
from tests.tui.cli.conftest import said

HEADER = "id,step,x,y,label\n"


def table(path: Path, count: int = 20, label: str = "", first: int = 0) -> Path:
    """Sequences of 3 steps; x rises in class 'a, b' and falls in class c."""
    rows = []
    for number in range(first, first + count):
        own = label or ("a, b", "c")[number % 2]
        slope = (1, -1)[number % 2]
        rows += [f'{number},{step},{slope * step},{number % 5},"{own}"\n' for step in range(3)]
    path.write_text(HEADER + "".join(rows))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("predict")
    table(folder / "t_train.csv", 40)
    table(folder / "t_test.csv")
    settings = {"hidden_size": 8, "num_epochs": 8, "batch_size": 8, "learning_rate": 0.02}
    settings |= {"device": "cpu", "threads": 1, "precision": "float32"}
    return start(folder / "runs", resolve({**settings, "dataset": str(folder / "t_train.csv")}))


@pytest.fixture
def command(run: Run) -> list[str]:
    return ["predict", str(run.path)]


Said = pytest.CaptureFixture[str]


def test_a_table_with_labels_gets_the_accuracy_that_the_run_reported(
    run: Run, command: list[str], capsys: Said
) -> None:
    test = run.path.parents[1] / "t_test.csv"
    code, out, err = said(capsys, *command, str(test))
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == str(test)
    assert lines[1].split()[:3] == ["0", "a,", "b"]
    assert len(lines) == 22
    history = History()
    for event in open_log(run.log_file)[0]:
        history.add(event)
    reported = history.final["test"]
    assert lines[-1].startswith(f"got {reported.correct} / 20 with accuracy ")


def test_a_few_have_the_probabilities_of_all_classes(
    command: list[str], capsys: Said, tmp_path: Path
) -> None:
    path = table(tmp_path / "two.csv", 2)
    code, out, _ = said(capsys, *command, str(path))
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == f"{path}, 0: a, b"
    assert lines[1].startswith("  a, b ")
    assert "█" in lines[1]
    assert lines[3] == f"{path}, 1: c"
    assert lines[-1] == "got 2 / 2 with accuracy 100.00"


def test_csv_has_a_header_once_and_the_score_stands_on_stderr(
    command: list[str], capsys: Said, tmp_path: Path
) -> None:
    one, two = table(tmp_path / "one.csv", 3), table(tmp_path / "two, three.csv", 1)
    code, out, err = said(capsys, *command, str(one), str(two), "--csv")
    rows = [*csv.reader(io.StringIO(out))]
    assert code == 0
    assert rows[0] == ["file", "id", "class", "probability", "p_a, b", "p_c"]
    assert [row[:3] for row in rows[1:3]] == [[str(one), "0", "a, b"], [str(one), "1", "c"]]
    assert rows[4][0] == str(two)
    assert float(rows[1][4]) + float(rows[1][5]) == pytest.approx(1)
    assert rows[1][3] == rows[1][4]
    assert err.splitlines() == [
        "got 4 / 4 with accuracy 100.00",
        "balanced accuracy 100.00, macro F1 100.00",
    ]


def test_json_has_one_object_a_line(command: list[str], capsys: Said, tmp_path: Path) -> None:
    path = table(tmp_path / "one.csv", 2)
    unlabelled = tmp_path / "x.csv"
    unlabelled.write_text("x,y\n0,1\n-1,1\n")
    _, out, err = said(capsys, *command, str(path), str(unlabelled), "--json")
    first, _, last = map(json.loads, out.splitlines())
    assert [*first] == ["file", "id", "class", "probability", "probabilities", "label"]
    assert (first["id"], first["class"], first["label"]) == ("0", "a, b", "a, b")
    assert first["probability"] == first["probabilities"]["a, b"]
    assert "label" not in last
    assert err == "got 2 / 2 with accuracy 100.00\n"


def test_an_output_file_is_complete_and_never_replaced_by_accident(
    command: list[str], capsys: Said, tmp_path: Path
) -> None:
    path, output = table(tmp_path / "one.csv", 7), tmp_path / "out.jsonl"
    code, out, err = said(capsys, *command, str(path), "-o", str(output))
    assert (code, out) == (0, "")
    assert err.splitlines()[:2] == [
        f"wrote 7 predictions to {output}",
        "got 7 / 7 with accuracy 100.00",
    ]
    assert len([*map(json.loads, output.read_text().splitlines())]) == 7
    code, _, err = said(capsys, *command, str(path), "--output", str(output), "--csv")
    assert code == 2
    assert "exists" in err
    assert "--force" in err
    code, _, _ = said(capsys, *command, str(path), "-o", str(output), "--csv", "--force")
    assert code == 0
    assert output.read_text().startswith("file,id,class")
    before = path.read_text()
    code, _, err = said(capsys, *command, str(path), "-o", str(path), "--force")
    assert (code, path.read_text()) == (2, before)
    assert "is to be read" in err
    before = output.read_text()
    code, _, err = said(capsys, *command, "nothing.csv", "-o", str(output), "--force")
    assert code == 3
    assert "wrote" not in err
    assert output.read_text() == before
    code, _, err = said(capsys, *command, str(path), "-o", str(tmp_path / "none" / "x.csv"))
    assert code == 5
    assert "there is no folder" in err


def test_labels_that_are_no_classes_are_named(
    command: list[str], capsys: Said, tmp_path: Path
) -> None:
    path = table(tmp_path / "one.csv", 8, label="odd\x1b[2J")
    code, out, err = said(capsys, *command, str(path))
    assert code == 0
    assert r"counted as wrong: odd\x1b[2J" in err
    assert out.splitlines()[-1] == "got 0 / 8 with accuracy 0.00"
    assert r"(labelled odd\x1b[2J)" in out
    assert "\x1b" not in out + err


def test_a_bad_file_is_named_and_the_others_are_predicted(
    command: list[str], capsys: Said, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.csv", table(tmp_path / "good.csv", 1)
    bad.write_text("x,z\n1,2\n")
    code, out, err = said(capsys, *command, str(bad), str(good))
    assert code == 3
    assert out.startswith(f"{good}: a, b\n")
    assert "bad.csv: it has no column y, which the network reads" in err


def test_wrong_options(command: list[str], capsys: Said) -> None:
    assert said(capsys, *command)[0] == 2
    assert said(capsys, *command, "x", "--csv", "--json")[0] == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x.csv", "csv"), ("x.JSON", "json"), ("x.jsonl", "json"), ("x", "text"), (None, "text")],
)
def test_a_file_s_ending_says_its_format(name: str | None, expected: str) -> None:
    output = Path(name) if name else None
    assert format_for(output, as_csv=False, as_json=False) == expected
    assert format_for(output, as_csv=True, as_json=False) == "csv"
