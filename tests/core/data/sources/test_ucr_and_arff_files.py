"""UCR text and ARFF: against the .ts files of the same data, and scipy."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import arff

from bilstm_core.data.sources.arff_files import read_arff
from bilstm_core.data.sources.recordings import Recordings
from bilstm_core.data.sources.ts_files import read_ts
from bilstm_core.data.sources.ucr_files import read_ucr
from bilstm_core.errors import DataError

NAN = np.nan
HEADER = "@relation r\n@attribute a0 numeric\n@attribute 'a 1' REAL\n@attribute target {a,'b c'}\n"
CHANNELS = (
    "% comment\n@RELATION 'r'\n\n@attribute bag relational\n @attribute a0 numeric\n"
    " @attribute a1 numeric\n@end bag\n@attribute class {a,b}\n"
)


def write(folder: Path, text: str, name: str = "x.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def lists(found: Recordings) -> list[list[list[float]]]:
    return [values.tolist() for values in found.values]


class TestUcr:
    @pytest.mark.parametrize("separator", ["\t", ",", " ", "   ", ";", "|"])
    def test_any_separator(self, separator: str, tmp_path: Path) -> None:
        text = "1 0.5 -2\n\n2 3 4e1\n".replace(" ", separator)
        found = read_ucr(write(tmp_path, text)).train
        assert lists(found) == [[[0.5], [-2]], [[3], [40]]]
        assert found.labels == ["1", "2"]

    def test_missing_values_at_the_end_mean_shorter_and_others_stay(self, tmp_path: Path) -> None:
        found = read_ucr(write(tmp_path, "a\tNaN\t2\tNaN\nb\t1\t2\t3\nb\t1\tNaN\tNaN\n")).train
        assert [len(values) for values in found.values] == [2, 3, 1]
        assert np.isnan(found.values[0][0, 0])

    def test_labels_in_the_old_notation_are_whole_numbers(self, tmp_path: Path) -> None:
        text = "   1.0000000e+00  -7.9e-01 1\n  -1.0000000e+00   2.0e-01 2\n 0.5 1 1\n 07 1 1\n"
        assert read_ucr(write(tmp_path, text)).train.labels == ["1", "-1", "0.5", "07"]

    def test_decimal_commas(self, tmp_path: Path) -> None:
        assert lists(read_ucr(write(tmp_path, "a;1,5;2\nb;3;4,25\n")).train) == [
            [[1.5], [2]],
            [[3], [4.25]],
        ]

    def test_a_real_file_is_the_ts_file_of_the_same_data(self, series_dir: Path) -> None:
        ours = read_ucr(series_dir / "GunPoint_TRAIN.tsv").train
        theirs = read_ts(series_dir / "GunPoint_TRAIN.ts").train
        assert np.array_equal(np.stack(ours.values), np.stack(theirs.values))
        assert ours.labels == theirs.labels

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1\t2\t3\n1\t2\n", "line 2: the line has 2 columns, and 3 before"),
            ("1\t2\t3\n\n1\t2\tx\n", "line 3, column 3: 'x' is not a number"),
            ("1\t2\t-inf\n", "line 1, column 3: '-inf' is not a finite"),
            ("1\tNaN\tNaN\n", "line 1: the sequence has no values"),
            ("\t1\t2\n", "line 1: the label is missing"),
        ],
    )
    def test_what_is_wrong_is_named(self, text: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as error:
            read_ucr(write(tmp_path, text))
        assert message in error.value.message


class TestArff:
    @pytest.mark.parametrize("name", ["BasicMotions", "GunPoint"])
    def test_real_files_as_scipy_reads_them(self, name: str, series_dir: Path) -> None:
        path = series_dir / f"{name}_TRAIN.arff"
        found = read_arff(path).train
        records, _ = arff.loadarff(path)
        assert len(records) == len(found.values)
        for record, values, label in zip(records, found.values, found.labels or (), strict=True):
            cells = record.tolist()
            channels = cells[0].tolist() if name == "BasicMotions" else [cells[:-1]]
            assert np.array_equal(values, np.array(channels).T.astype(np.float32))
            assert label == cells[-1].decode()

    def test_and_as_the_ts_files_have_them(self, series_dir: Path) -> None:
        ours = read_arff(series_dir / "BasicMotions_TRAIN.arff").train
        theirs = read_ts(series_dir / "BasicMotions_TRAIN.ts").train
        assert np.array_equal(np.stack(ours.values), np.stack(theirs.values))
        assert ours.labels == theirs.labels

    def test_channels_padding_and_quoted_labels(self, tmp_path: Path) -> None:
        data = "'1,?\\n2,?',a\n\"1,2\\n?,4\",'b'\n"
        found = read_arff(write(tmp_path, CHANNELS + "@data\n" + data)).train
        assert found.values[0].tolist() == [[1, 2]]
        assert np.isnan(found.values[1][0, 1])
        assert found.labels == ["a", "b"]

    def test_one_channel(self, tmp_path: Path) -> None:
        found = read_arff(write(tmp_path, HEADER + "@DATA\n1,2,'b c'\n% no\n3,?,a\n")).train
        assert lists(found) == [[[1], [2]], [[3]]]
        assert found.labels == ["b c", "a"]

    def test_without_labels(self, tmp_path: Path) -> None:
        header = HEADER.replace("{a,'b c'}", "numeric")
        found = read_arff(write(tmp_path, header + "@data\n1,2,3\n")).train
        assert (lists(found), found.labels) == ([[[1], [2], [3]]], None)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (HEADER + "@data\n1,2,a\n1,a\n", "line 7: the line has 1 value instead of 2"),
            (HEADER + "@data\n1,z,a\n", "line 6, column 2: 'z' is not a number"),
            (HEADER + "@data\n1,2,?\n", "line 6: the label is missing"),
            (CHANNELS + "@data\n'1,2\\n3',a\n", "line 10: the line has 1 value instead of 2"),
            (CHANNELS + "@data\n'1,2\\n3,x',a\n", "line 10, column 4: 'x' is not a number"),
            (HEADER, "no line @data"),
            (HEADER + "@data\n", "there are no sequences"),
            (HEADER + "1,2,a\n", "line 5: '1,2,a' stands before @data"),
            ("@relation r\n@attribute s string\n@attribute c {a}\n@data\n", "its attributes"),
            ("@relation r\n@attribute c {a}\n@data\n", "its attributes have to be"),
            ("@relation r\n@data\n", "its attributes have to be"),
        ],
    )
    def test_what_is_wrong_is_named(self, text: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as error:
            read_arff(write(tmp_path, text))
        assert message in error.value.message
