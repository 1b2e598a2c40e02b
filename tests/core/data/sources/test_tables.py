"""Tables: a row a step or a row a sequence, as text and as Parquet, tidy and not."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_core.cleaning import escape
from bilstm_core.data.sources import parquet
from bilstm_core.data.sources.columns import TableOptions
from bilstm_core.data.sources.formats import read, read_file
from bilstm_core.data.sources.recordings import Read, Recordings
from bilstm_core.errors import BilstmError, ConfigError, DataError

NAN = np.nan
LONG = "id,time,x,y2,label\np,0,1,2,a\np,1,3,4,a\nq,0,5,6,b\nq,1,7,8,b\nq,2,9,10,b\n"
WIDE = "name,v0,v1,v2,class\ns,1,2,3,a\nt,4,5,,b\nu,7,,9,b\n"


def table(folder: Path, text: str, encoding: str = "utf-8", name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read_text(folder: Path, text: str, options: Any = None) -> Read:
    return read(table(folder, text), options or TableOptions())


def lists(found: Recordings) -> list[list[list[float]]]:
    return [values.tolist() for values in found.values]


def failure(folder: Path, text: str, **options: Any) -> BilstmError:
    with pytest.raises(BilstmError) as error:
        read_text(folder, text, TableOptions(**options))
    return error.value


class TestLong:
    def test_a_row_is_a_step(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, LONG)
        assert lists(found.train) == [[[1, 2], [3, 4]], [[5, 6], [7, 8], [9, 10]]]
        assert found.train.values[0].dtype == np.float32
        assert (found.train.labels, found.train.ids) == (["a", "b"], ["p", "q"])
        assert (found.train.feature_names, found.train.groups) == (("x", "y2"), None)
        assert found.notes == ("Columns: id = id, time = time, label = label, values = x, y2.",)

    def test_rows_of_several_ids_may_be_mixed_and_in_any_order_of_time(
        self, tmp_path: Path
    ) -> None:
        text = "id,t,x,label\n7,2,1,a\n3,9,5,b\n7,-1,2,a\n3,10,6,b\n7,1e1,3,a\n"
        found = read_text(tmp_path, text).train
        assert lists(found) == [[[2], [1], [3]], [[5], [6]]]
        assert found.ids == ["7", "3"]

    def test_without_a_time_the_order_is_that_of_the_file(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, "id,x,label\n7,2,a\n3,5,b\n7,1,a\n").train
        assert lists(found) == [[[2], [1]], [[5]]]

    @pytest.mark.parametrize(
        "times",
        [
            ["2026-11-24 10:00", "2026-11-24 09:30"],
            ["2026-11-24T10:00:00.002", "2026-11-24T10:00:00.001"],
            ["2026-11-24T10:00:00Z", "2026-11-24T10:00:00+01:00"],
            ["2026-11-24", "2025-12-31"],
            ["10:15:30", "09:15:30.5"],
            ["10", "9"],
        ],
    )
    def test_times_of_any_certain_kind(self, times: list[str], tmp_path: Path) -> None:
        text = f"id,timestamp,x,label\n1,{times[0]},1,a\n1,{times[1]},2,a\n"
        assert lists(read_text(tmp_path, text).train) == [[[2], [1]]]

    @pytest.mark.parametrize(
        "times",
        [
            ["02/01/2026", "01/02/2026"],
            ["2026-01-01-01", "2026-01-502"],
            ["2026-01-32", "2026-01-01"],
            ["25:00:00", "01:00:00"],
            ["10:00:00", "2026-01-01"],
        ],
    )
    def test_times_whose_order_is_not_certain(self, times: list[str], tmp_path: Path) -> None:
        text = f"id,time,x,label\n1,{times[0]},1,a\n1,{times[1]},2,a\n"
        found = read_text(tmp_path, text)
        assert lists(found.train) == [[[1], [2]]]
        (warning,) = found.warnings
        assert f"such as '{times[0]}', is uncertain: rows stay as they stand" in warning
        assert "Write dates as 2024-02-01" in warning
        error = failure(tmp_path, text, time_column="time")
        assert isinstance(error, ConfigError)
        assert "is uncertain" in error.problems["time_column"]

    def test_a_time_that_occurs_twice_comes_with_what_to_do(self, tmp_path: Path) -> None:
        text = "id,time,x,label\n1,0,1,a\n1,0,2,a\n2,0,1,b\n"
        error = failure(tmp_path, text)
        assert error.advice.splitlines() == [
            "If several sequences have the same id, as where those of each person are counted from "
            "1, give each an id of its own.",
            "If the row is there twice, remove one of them.",
            "If the rows stand in the right order, set time_column = -.",
        ]
        found = read_text(tmp_path, text, TableOptions(time_column="-"))
        assert lists(found.train) == [[[1], [2]], [[1]]]

    def test_rows_of_an_id_that_stand_apart_are_a_warning(self, tmp_path: Path) -> None:
        text = "id,x,label\np,1,a\nq,2,b\np,3,a\n"
        (warning,) = read_text(tmp_path, text).warnings
        assert warning.startswith(
            "The rows of 1 sequence do not stand together, such as those of 'p'"
        )
        assert "A column of times would make that certain." in warning
        timed = "id,time,x,label\np,0,1,a\nq,0,2,b\np,1,3,a\n"
        assert read_text(tmp_path, timed).warnings == ()

    @pytest.mark.parametrize("column", ["label", "subject"])
    def test_equal_numbers_are_equal_within_an_id(self, column: str, tmp_path: Path) -> None:
        kind = "" if column == "label" else ",kind"
        text = f"id,x,{column}{kind}\n1,1,1{kind}\n1,2,1.0{kind}\n2,3,2.50{kind}\n2,3,2.5{kind}\n"
        found = read_text(tmp_path, text).train
        assert (found.labels if column == "label" else found.groups) == ["1", "2.5"]

    def test_groups(self, tmp_path: Path) -> None:
        text = "id,x,label,Subject-ID\n1,1,a,p\n1,2,a,p\n2,3,a,q\n2,3,a,q\n"
        assert read_text(tmp_path, text).train.groups == ["p", "q"]

    def test_test_part_with_the_same_columns(self, tmp_path: Path) -> None:
        table(tmp_path, LONG, name="X_TRAIN.csv")
        test = "label;x;more;y2;time;id\na;1;word;2;5;p\na;3;word;4;3;p\n"
        table(tmp_path, test, name="x_test.CSV")
        found = read(tmp_path)
        assert found.test is not None
        assert lists(found.test) == [[[3, 4], [1, 2]]]
        table(tmp_path, test.replace("y2", "y3"), name="x_test.CSV")
        with pytest.raises(DataError, match="it has no column y2, which X_TRAIN"):
            read(tmp_path)


class TestWide:
    def test_a_row_is_a_sequence(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, WIDE)
        assert lists(found.train)[:2] == [[[1], [2], [3]], [[4], [5]]]
        assert np.array_equal(found.train.values[2], [[7], [NAN], [9]], equal_nan=True)
        assert (found.train.labels, found.train.ids) == (["a", "b", "b"], ["1", "2", "3"])
        assert found.notes[-1] == "Columns that are not used: name."

    def test_ids_that_do_not_repeat(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, WIDE.replace("name", "Sequence ID")).train
        assert found.ids == ["s", "t", "u"]

    ONE_ROW_EACH = "id,time,x,y,label\na,0,1,2,u\nb,0,3,4,v\n"

    def test_a_time_without_repeated_ids_leaves_a_doubt(self, tmp_path: Path) -> None:
        error = failure(tmp_path, self.ONE_ROW_EACH)
        assert isinstance(error, ConfigError)
        assert "a step, or a sequence? No 'id' occurs twice" in error.message
        assert "set time_column = time; if each row is a sequence, set time_column = -." in (
            error.advice
        )
        assert "to - if each is a sequence" in error.problems["time_column"]
        steps = read_text(tmp_path, self.ONE_ROW_EACH, TableOptions(time_column="time"))
        assert lists(steps.train) == [[[1, 2]], [[3, 4]]]
        rows = read_text(tmp_path, self.ONE_ROW_EACH, TableOptions(time_column="-"))
        assert lists(rows.train) == [[[1], [2]], [[3], [4]]]
        assert rows.notes[-1] == "Columns that are not used: time."
        one_value = self.ONE_ROW_EACH.replace(",y", "").replace(",2,", ",").replace(",4,", ",")
        assert lists(read_text(tmp_path, one_value).train) == [[[1]], [[3]]]

    def test_ids_that_repeat_although_each_row_is_a_sequence(self, tmp_path: Path) -> None:
        text = "trial,v0,v1,label\n1,1,2,a\n2,3,4,a\n1,5,6,b\n"
        error = failure(tmp_path, text)
        assert "the label of sequence '1' changes from 'a' to 'b'" in error.message
        assert "give each an id of its own.\nIf each row is a sequence, set id_column = -." in (
            error.advice
        )
        assert "A sequence has one label: split it where that changes" in error.advice
        found = read_text(tmp_path, text, TableOptions(id_column="-"))
        assert lists(found.train) == [[[1], [2]], [[3], [4]], [[5], [6]]]

    def test_without_ids_a_time_is_that_of_a_sequence(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, self.ONE_ROW_EACH, TableOptions(id_column="-"))
        assert lists(found.train) == [[[1], [2]], [[3], [4]]]
        assert found.notes[-1] == "Columns that are not used: id, time."

    def test_chosen_steps_in_the_order_of_the_choice(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, WIDE, TableOptions(features=("v1", "v0"))).train
        assert lists(found)[:2] == [[[2], [1]], [[5], [4]]]

    def test_the_numbering_that_pandas_writes_is_left_out(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, ",0,1,label\n0,1,2,a\n1,3,4,b\n")
        assert lists(found.train) == [[[1], [2]], [[3], [4]]]
        assert found.notes[-1] == "Columns that are not used: column 1."

    def test_ten_thousand_columns(self, tmp_path: Path) -> None:
        values = np.random.default_rng(0).normal(size=(5, 10_000)).astype(np.float32)
        lines = [",".join([*map(str, range(10_000)), "label"])]
        lines += [",".join([*map(repr, row.tolist()), "ab"[int(row[0] > 0)]]) for row in values]
        found = read_text(tmp_path, "\n".join(lines)).train
        assert np.array_equal(np.stack(found.values)[..., 0], values)

    def test_a_separator_at_the_end_of_each_line(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, "v0,v1,label,\n1,2,a,\n3,4,b,\n")
        assert lists(found.train) == [[[1], [2]], [[3], [4]]]


class TestText:
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_separators_and_line_ends(self, separator: str, end: str, tmp_path: Path) -> None:
        text = LONG.replace(",", separator).replace("\n", end)
        assert lists(read_text(tmp_path, text).train)[0] == [[1, 2], [3, 4]]

    @pytest.mark.parametrize(
        "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
    )
    def test_encodings(self, encoding: str, tmp_path: Path) -> None:
        found = read(table(tmp_path, LONG.replace(",a", ",ä"), encoding)).train
        assert found.labels == ["ä", "b"]

    def test_latin_1_is_said(self, tmp_path: Path) -> None:
        found = read(table(tmp_path, LONG.replace(",a", ",ä"), "latin-1"))
        assert found.train.labels == ["ä", "b"]
        assert found.notes[-1] == "x.csv is not UTF-8; it was read as Latin-1."

    def test_quotes(self, tmp_path: Path) -> None:
        text = 'id,"x, m",label\n1,"1.5","a, ""b"""\n1,2,"a, ""b"""\n\n2,3,"c\nd"\n'
        found = read_text(tmp_path, text).train
        assert lists(found) == [[[1.5], [2]], [[3]]]
        assert found.labels == ['a, "b"', r"c\nd"]
        assert found.feature_names == ("x, m",)

    def test_decimal_commas_are_said(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, "id;x;y;z;label\n1;1,5;2;?;a\n1;-2,25;3;1;a\n")
        assert lists(found.train)[0][1] == [-2.25, 3, 1]
        assert found.notes[-1] == "Commas were read as decimal points: x."

    def test_thousands_are_not_decimals(self, tmp_path: Path) -> None:
        error = failure(tmp_path, "id;x;label\n1;1,234.5;a\n1;2;a\n1;3;a\n")
        assert "line 2, column 'x': '1,234.5' is not a finite" in error.message

    @pytest.mark.parametrize("missing", ["", "?", "NA", "nan", "NaN", "null", " N/A ", "None"])
    def test_missing_values(self, missing: str, tmp_path: Path) -> None:
        found = read_text(tmp_path, f"id,x,z,label\n1, 1 ,{missing},a\n1,2,3,a\n").train
        assert np.array_equal(found.values[0], [[1, NAN], [2, 3]], equal_nan=True)

    def test_blank_lines_are_no_rows_but_lines(self, tmp_path: Path) -> None:
        text = "\n\nid,x,label\n\n1,1,a\n\n\n1,2,a\n"
        assert lists(read_text(tmp_path, text).train) == [[[1], [2]]]
        error = failure(tmp_path, text + "1,z,a\n")
        assert "line 9, column 'x': 'z' is not" in error.message

    @given(
        rows=st.lists(
            st.tuples(
                st.text(alphabet="a\",;\n \t'é", min_size=1, max_size=8),
                st.floats(width=32, allow_nan=False, allow_infinity=False),
            ),
            min_size=1,
            max_size=8,
        ),
        separator=st.sampled_from(",;\t|"),
        quote_all=st.booleans(),
    )
    def test_what_python_writes_is_read_as_python_reads_it(
        self,
        rows: list[tuple[str, float]],
        separator: str,
        quote_all: bool,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        rows = [(f"q{label}q", value) for label, value in rows]  # blanks around it are stripped
        text = io.StringIO()
        quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
        writer = csv.writer(text, delimiter=separator, quoting=quoting)
        writer.writerows([("label", "v0", "v1"), *((label, v, v / 2) for label, v in rows)])
        path = table(tmp_path_factory.mktemp("table"), text.getvalue().replace("\r\n", "\n"))
        found = read(path).train
        assert found.labels == [escape(label, kept="") for label, _ in rows]
        assert [values[0, 0] for values in found.values] == [np.float32(value) for _, value in rows]


class TestColumns:
    @pytest.mark.parametrize("name", ["id", "ID", "Sequence_ID", "series", "Sample", "trial-id"])
    def test_ids_by_name(self, name: str, tmp_path: Path) -> None:
        found = read_text(tmp_path, LONG.replace("id,", f"{name},")).train
        assert found.ids == ["p", "q"]

    @pytest.mark.parametrize("name", ["label", "Class", "target", "y", "kind of move"])
    def test_labels_by_name_or_as_the_only_words(self, name: str, tmp_path: Path) -> None:
        found = read_text(tmp_path, LONG.replace("label", name).replace("x,", "w,"))
        assert found.train.labels == ["a", "b"]

    def test_y_beside_x_is_a_coordinate(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, "id,x,y,kind\n1,1,2,a\n1,3,4,a\n").train
        assert (found.feature_names, found.labels) == (("x", "y"), ["a"])

    def test_options(self, tmp_path: Path) -> None:
        text = "run,when,a,b,c,what,who\n1,2,3,4,5,6,7\n1,1,8,9,10,6,7\n"
        options = TableOptions("run", "when", "what", "who", ("c", "a"))
        found = read_text(tmp_path, text, options)
        assert lists(found.train) == [[[10, 8], [5, 3]]]
        assert (found.train.ids, found.train.labels, found.train.groups) == (["1"], ["6"], ["7"])
        assert found.notes[-1] == "Columns that are not used: b."

    def test_an_option_may_overrule_a_name(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, LONG, TableOptions(label_column="id", id_column="label")).train
        assert (found.ids, found.labels) == (["a", "b"], ["p", "q"])

    @pytest.mark.parametrize(
        ("text", "options", "message", "advice"),
        [
            (LONG, {"label_column": "lable"}, "which is no column. Did you mean label?", ""),
            (LONG, {"features": ("x", "x")}, "features names 'x', which is named twice", ""),
            (LONG, {"features": ("id",), "id_column": "id"}, "'id', which is named twice", ""),
            (
                "time,x,label\n1,2,a\n",
                {},
                "Which column of {path} tells which sequence a row belongs to? 'time' says",
                "Set id_column to one of them: x (whole number).",
            ),
            (
                "time,id,x,label\n1,2,3.5,a\n",
                {"id_column": "-", "time_column": "time"},
                "'time' says that each row is one step",
                "Set id_column to one of them: id (whole number), x (number).",
            ),
            (
                "id,u,w,x\n1,a,b,3.5\n",
                {"id_column": "-"},
                "holds the label?",
                "one of them: id (whole number), u (text), w (text), x (number).",
            ),
            (
                "id,series,x,label\n1,2,3.5,a\n",
                {},
                "sequence a row belongs to? Several may: id, series.",
                "Set id_column to one of them: id (whole number), series (whole number).",
            ),
            (
                "id,x,u,w\n1,2.5,a,b\n",
                {},
                "holds the label? No name or type tells",
                "Set label_column to one of them: x (number), u (text), w (text).",
            ),
        ],
    )
    def test_what_has_to_be_chosen(
        self, text: str, options: dict[str, Any], message: str, advice: str, tmp_path: Path
    ) -> None:
        error = failure(tmp_path, text, **options)
        assert isinstance(error, ConfigError)
        assert message.format(path=tmp_path / "x.csv") in error.message
        assert advice in error.advice
        ((setting, problem),) = error.problems.items()
        assert setting in error.advice or setting in error.message
        assert problem.startswith(("Which column ", "It names "))

    def test_many_columns_are_not_all_listed(self, tmp_path: Path) -> None:
        names = [f"a column with a long name {number}" for number in range(10_000)]
        error = failure(tmp_path, f"{','.join(names)}\n{',1' * 10_000}"[:-2] + "\n")
        assert "and 9,980 more" in error.advice
        assert len(error.message) + len(error.advice) < 2000

    def test_labels_are_not_needed_for_a_prediction(self, tmp_path: Path) -> None:
        options = TableOptions(label_column="label", features=("x", "y2"))
        text = LONG.replace("label", "other")
        found = read_file(table(tmp_path, text), options).train
        assert (found.labels, found.ids) == (None, ["p", "q"])

    def test_labels_may_be_called_none_or_written_as_numbers(self, tmp_path: Path) -> None:
        found = read_text(tmp_path, "v0,v1,label\n1,2,None\n3,4,007\n5,6,NA\n").train
        assert found.labels == ["None", "007", "NA"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("id,x,label\n", "it has names of columns, but no rows"),
        ("id,x,x,label\n1,2,3,a\n", "line 1: several columns are called x"),
        ("id,x,label\n1,2,a\n1,2\n", "line 3: the line has 2 columns instead of 3"),
        ("id,x,label\n1,2,a\n1,2,a,5\n", "line 3: the line has 4 columns instead of 3"),
        ('id,x,label\n1,2,"a"\n1,2\n', "line 3: the line has 2 columns instead of 3"),
        ("id,x,label\n1,2,a\n1,z,a\n1,3,a\n", "line 3, column 'x': 'z' is not a finite"),
        ("id,x,label\n1,2,a\n1,inf,a\n", "line 3, column 'x': 'inf' is not a finite"),
        ("id,x,label\n1,2,a\n1,1e39,a\n", "line 3, column 'x': '1e39' is not a finite"),
        ("id,x,label\n1,2,a\n1,1_0,a\n1,1,a\n", "line 3, column 'x': '1_0' is not"),
        ("id,x,label\n1,2,a\n1,3,\n", "line 3, column 'label': the cell is empty"),
        ("id,x,label\n1,2,a\n,3,a\n", "line 3, column 'id': the cell is empty"),
        ("id,x,label\n1,2,a\n1,3,b\n", "the label of sequence '1' changes from 'a' to 'b'"),
        ("id,t,x,label\n1,2,1,a\n1,3,1,a\n1,2,1,a\n", "line 4, column 't': the time '2' occurs"),
        ("id,t,x,label\n1,2,1,a\n1,,1,a\n", "line 3, column 't': there is no time in the cell"),
        ("id,x,group,label\n1,2,g,a\n1,3,h,a\n", "the group of sequence '1' changes from 'g'"),
        ("v0,v1,label\n1,2,a\n,,b\n", "line 3: the sequence has no values"),
        ("id,word,label\n1,u,a\n1,w,a\n", "no column is left for values among id (whole number)"),
        ("x\n1\n2\n", "line 1: only one column was found in it: 'x'"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "line 1: there are numbers instead of names"),
        ('id,x,label\n1,2,"a\n1,3,b\n', "line 2: unexpected end of data"),
        (f"{'n' * 201},x,label\n1,2,a\n", "the name of a column is longer than 200"),
        (f"id,x,label\n1,2,{'n' * 201}\n", f"the label '{'n' * 79}…' is longer than 200"),
        (
            "v0,v1,label\n" + "".join(f"1,2,{n / 8}\n" for n in range(30)),
            "its labels are numbers to be predicted, and only classes can be (no regression): 30",
        ),
        ("v0,v1,label\n" + "".join(f"1,2,{n}\n" for n in range(30)), "numbers to be predicted"),
        (",".join(f"c{n}" for n in range(70_000)) + "\n1", "70,000 columns, and at most 65,536"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str, tmp_path: Path) -> None:
    error = failure(tmp_path, text)
    assert isinstance(error, DataError)
    assert error.exit_code == 3
    assert message in error.message


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("id,x,label\n1,-,a\n1,2,a\n1,3,a\n", "a missing value is an empty cell, or ?, NA"),
        ("id,x,label\n1,2,a\n1,3,\n", "Every row needs one, and those of a sequence repeat it."),
        ("file,label\nu,a\nw,b\n", "Values stand in columns of numbers"),
    ],
)
def test_what_to_do_next(text: str, advice: str, tmp_path: Path) -> None:
    assert advice in failure(tmp_path, text).advice


class TestParquet:
    FRAME = pl.DataFrame(
        {
            "id": [7, 7, 3],
            "time": [2, 1, 1],
            "x": [1.5, None, 3.0],
            "on": [True, False, True],
            "label": [1.0, 1.0, 0.0],
        }
    )

    def write(self, folder: Path, frame: pl.DataFrame) -> Path:
        path = folder / "x.data"
        frame.write_parquet(path)
        return path

    def test_types(self, tmp_path: Path) -> None:
        found = read(self.write(tmp_path, self.FRAME)).train
        assert np.array_equal(found.values[0], [[NAN, 0], [1.5, 1]], equal_nan=True)
        assert (found.ids, found.labels) == (["7", "3"], ["1", "0"])
        assert found.feature_names == ("x", "on")

    @pytest.mark.parametrize("dtype", [pl.Datetime, pl.Duration, pl.Time, pl.Int8, pl.Float32])
    def test_times(self, dtype: Any, tmp_path: Path) -> None:
        frame = self.FRAME.with_columns(pl.col("time").cast(dtype))
        assert read(self.write(tmp_path, frame)).train.values[0][1].tolist() == [1.5, 1]

    def test_categories_and_decimals(self, tmp_path: Path) -> None:
        frame = self.FRAME.with_columns(
            pl.Series("label", ["u", "u", "w"], pl.Categorical),
            pl.col("x").cast(pl.Decimal(10, 2)),
        )
        found = read(self.write(tmp_path, frame)).train
        assert found.labels == ["u", "w"]
        assert found.values[1].tolist() == [[3, 1]]

    @pytest.mark.parametrize(
        ("column", "message"),
        [
            (pl.Series("x", [1.0, float("inf"), 2.0]), "column 'x': 'inf' is not a finite 32-bit"),
            (pl.Series("label", [1.0, NAN, 2.0]), "column 'label': the cell is empty (row 2)"),
            (pl.Series("time", [1.0, NAN, 2.0]), "column 'time': there is no time in the cell"),
            (pl.Series("label", ["a", None, "b"]), "column 'label': the cell is empty (row 2)"),
            (pl.Series("label", [[1], [1], [2]]), "column 'label': its cells are List(Int64)"),
            (pl.Series("id", [b"a", b"a", b"b"]), "column 'id': its cells are Binary"),
        ],
    )
    def test_what_is_wrong_is_named(self, column: pl.Series, message: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as error:
            read(self.write(tmp_path, self.FRAME.with_columns(column)))
        assert message in error.value.message

    def test_nested_columns_are_not_used_or_said(self, tmp_path: Path) -> None:
        nested = pl.Series("x", [[1.0], [2.0], [3.0]])
        path = self.write(tmp_path, self.FRAME.with_columns(nested))
        assert read(path).notes[-1] == "Columns that are not used: x."
        with pytest.raises(DataError, match="its cells are List"):
            read(path, TableOptions(features=("x",)))

    def test_no_rows(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="it has columns, but no rows"):
            read(self.write(tmp_path, self.FRAME.clear()))

    def test_damage_does_not_end_this_process(self, tmp_path: Path) -> None:
        """polars aborts for some of these files, and panics for others."""
        path = self.write(tmp_path, self.FRAME)
        content = path.read_bytes()
        for at in (20, len(content) // 2, len(content) - 30):
            path.write_bytes(content[:at] + b"\xff" * 20 + content[at + 20 :])
            with pytest.raises(DataError, match="it is damaged or no Parquet file"):
                read(path)

    def test_more_rows_than_are_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A billion equal values take 2 MB in a file."""
        path = self.write(tmp_path, self.FRAME)
        monkeypatch.setattr(parquet, "MOST_VALUES", self.FRAME.height * self.FRAME.width - 1)
        with pytest.raises(DataError, match="at most 14 cells in 65,536 columns are read"):
            read(path)
