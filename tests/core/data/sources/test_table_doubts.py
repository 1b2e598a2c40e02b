"""Columns that may mean something else than their names and types say are warnings."""

from pathlib import Path

import pytest

from bilstm_core.data.sources.columns import TableOptions
from bilstm_core.data.sources.formats import read

STEPS = "id,tick,x,label\n" + "".join(
    f"{number},{tick / 10},{tick * tick - number},{'ab'[number % 2]}\n"
    for number in range(4)
    for tick in range(5)
)
ROWS = "x_0,x_1,y_0,y_1,label\n1,2,3,4,a\n5,6,7,8,b\n"


def warnings(folder: Path, text: str, options: TableOptions | None = None) -> tuple[str, ...]:
    path = folder / "x.csv"
    path.write_text(text)
    return read(path, options or TableOptions()).warnings


def test_a_value_that_rises_evenly_may_be_the_time(tmp_path: Path) -> None:
    (warning,) = warnings(tmp_path, STEPS)
    assert warning.startswith("The column 'tick' rises evenly in each sequence")
    assert warning.endswith("set time_column = tick.")


@pytest.mark.parametrize(
    "options",
    [
        TableOptions(time_column="tick"),
        TableOptions(time_column="-"),
        TableOptions(features=("tick", "x")),
    ],
)
def test_it_is_none_where_that_was_chosen(options: TableOptions, tmp_path: Path) -> None:
    assert warnings(tmp_path, STEPS, options) == ()


@pytest.mark.parametrize(
    "text",
    [
        "id,x,label\n1,0,a\n1,1,a\n2,0,b\n2,1,b\n",
        "id,x,label\n1,0,a\n1,1,a\n2,0,b\n2,1,b\n3,1,b\n3,3,b\n",
        "id,x,label\n1,2,a\n1,2,a\n2,2,b\n2,2,b\n3,2,b\n3,2,b\n",
        "id,x,label\n1,0,a\n1,,a\n2,0,b\n2,1,b\n3,0,b\n3,1,b\n",
    ],
    ids=["few", "unevenly", "constant", "missing"],
)
def test_other_values_are_no_times(text: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, text) == ()


def test_features_beside_one_another_are_read_as_steps_with_a_warning(tmp_path: Path) -> None:
    (warning,) = warnings(tmp_path, ROWS)
    assert "read as 4 steps of one feature. If they are 2 steps of features x, y" in warning


@pytest.mark.parametrize(
    "names",
    ["x_0,x_1,x_2,x_3", "x_0,x_1,y_0,y_2", "x_0,x_1,y_0,z", "a1,b1,c1,d1", "0,1,2,3"],
)
def test_steps_of_one_feature_are_not(names: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, ROWS.replace("x_0,x_1,y_0,y_1", names)) == ()
