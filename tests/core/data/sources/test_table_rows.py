"""Where it is in doubt whether a row of a table is a step or a sequence, that is asked."""

from pathlib import Path

import pytest

from bilstm_core.data.sources.columns import TableOptions
from bilstm_core.data.sources.formats import read
from bilstm_core.errors import ConfigError

WORDS = "run,v,w,kind\na,1,2,u\na,3,4,u\nb,5,6,w\nb,7,8,w\nc,1,4,u\nc,2,2,u\n"


def table(folder: Path, text: str) -> Path:
    path = folder / "x.csv"
    path.write_text(text)
    return path


def question(path: Path, options: TableOptions) -> ConfigError:
    with pytest.raises(ConfigError) as error:
        read(path, options)
    return error.value


@pytest.mark.parametrize(
    "text",
    [
        WORDS,
        WORDS.replace("a,", "4,").replace("b,", "2,").replace("c,", "7,"),
        "\n".join([WORDS.splitlines()[0], *sorted(WORDS.splitlines()[1:], key=lambda it: it[2])]),
    ],
    ids=["words", "numbers", "words in the order of another column"],
)
def test_a_column_that_may_hold_ids_is_asked_about(text: str, tmp_path: Path) -> None:
    path = table(tmp_path, text)
    error = question(path, TableOptions(label_column="kind"))
    assert "a step, or a sequence? Each 'run' stands in several rows" in error.message
    assert "set id_column = run; if each row is a sequence, set id_column = -." in error.advice
    assert error.advice.splitlines()[1].startswith("The columns are run (")
    assert "Set it to 'run' if each row is a step" in error.problems["id_column"]
    steps = read(path, TableOptions(label_column="kind", id_column="run")).train
    rows = read(path, TableOptions(label_column="kind", id_column="-")).train
    assert (len(steps.values), len(rows.values)) == (3, 6)


@pytest.mark.parametrize(
    "text",
    [
        "name,v,w,kind\na,1,2,u\nb,3,4,u\nc,5,6,w\nd,7,8,w\n",
        "place,v,w,kind\na,1,2,u\na,3,4,w\nb,5,6,w\nb,7,8,w\nc,1,1,u\nc,1,1,u\n",
        "v,w,kind\n1,1,u\n1,2,u\n2,1,u\n2,2,u\n1,1,w\n1,2,w\n2,1,w\n2,2,w\n",
        "v,w,kind\n1,1,u\n1,2,u\n2,1,w\n2,2,w\n",
    ],
    ids=["a name each", "places with several labels", "numbers that return", "one a label"],
)
def test_rows_that_are_sequences_are_not_asked_about(text: str, tmp_path: Path) -> None:
    found = read(table(tmp_path, text), TableOptions(label_column="kind")).train
    assert {values.shape for values in found.values} == {(2, 1)}


def test_ids_are_no_labels_because_they_are_the_only_words(tmp_path: Path) -> None:
    text = WORDS.replace("u\n", "0\n").replace("w\n", "1\n")
    error = question(table(tmp_path, text), TableOptions())
    assert "'kind' is the same in all rows with the same 'run'" in error.message
    assert "Set label_column = kind and id_column = run; or set label_column = run." in (
        error.advice
    )
    assert {*error.problems} == {"label_column", "id_column"}
