"""The .ts format as it is found: headers of any kind, missing values, time stamps."""

from pathlib import Path

import numpy as np
import pytest

from bilstm_core.data.sources.ts_files import read_ts
from bilstm_core.errors import DataError

NAN = np.nan


def write(folder: Path, data: str, header: str = "@classLabel true a b\n") -> Path:
    path = folder / "x.ts"
    path.write_text(f"# made up\n@problemName X\n{header}@data\n{data}")
    return path


def equal(found: np.ndarray, expected: list[list[float]]) -> bool:
    return np.array_equal(found, np.array(expected, np.float32), equal_nan=True)


class TestHeaders:
    @pytest.mark.parametrize(
        "header",
        [
            "",
            "@univariate true\n@classLabel true a B\n",
            "@CLASSLABEL TRUE a B\n@Dimension 1\n@equalLength false\n",
            "@classlabel\ttrue a B\n@dimensions 1\n@timestamps False\n",
            "% a comment\n\n#another\n@seriesLength 99\n  @MISSING true\n",
        ],
    )
    def test_keys_that_the_data_show_are_not_needed(self, header: str, tmp_path: Path) -> None:
        found = read_ts(write(tmp_path, "1,2,3:a\n# between\n\n4,5:B\n", header)).train
        assert equal(found.values[0], [[1], [2], [3]])
        assert equal(found.values[1], [[4], [5]])
        assert found.labels == ["a", "B"]
        assert found.ids == ("1", "2")

    @pytest.mark.parametrize("header", ["", "@classLabel false\n"])
    def test_data_without_labels(self, header: str, tmp_path: Path) -> None:
        found = read_ts(write(tmp_path, "1,2:3,4\n5,6:7,8\n", header)).train
        assert equal(found.values[1], [[5, 7], [6, 8]])
        assert found.labels is None

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_line_ends_and_encodings(self, end: str, encoding: str, tmp_path: Path) -> None:
        path = write(tmp_path, "1:ü\n2:b\n")
        path.write_bytes(path.read_text("utf-8").replace("\n", end).encode(encoding))
        assert read_ts(path).train.labels == ["ü", "b"]


class TestValues:
    def test_missing_values(self, tmp_path: Path) -> None:
        found = read_ts(write(tmp_path, "1,?,NaN,nan, 2,,3:a\n")).train.values[0]
        assert equal(found, [[1], [NAN], [NAN], [NAN], [2], [NAN], [3]])

    def test_channels_of_different_lengths(self, tmp_path: Path) -> None:
        found = read_ts(write(tmp_path, "1,2,3:4:5,6:a\n")).train.values[0]
        assert equal(found, [[1, 4, 5], [2, NAN, 6], [3, NAN, NAN]])

    def test_the_32_bit_number_nearest_to_what_is_written(self, tmp_path: Path) -> None:
        found = read_ts(write(tmp_path, "0.1,-1E-3,16777217,3.4e38:a\n")).train.values[0]
        assert found.dtype == np.float32
        expected = np.array([0.1, -1e-3, 16777217, 3.4e38], np.float32)
        assert found[:, 0].tolist() == expected.tolist()


class TestTimeStamps:
    def test_dates_whose_colons_separate_no_channels(self, tmp_path: Path) -> None:
        line = "(2007-01-01 00:00:00,1),(2007-01-01 00:01:00,2):(2007-01-01 00:00:00,3),"
        found = read_ts(write(tmp_path, line + "(2007-01-01 00:01:00,4):a\n"))
        assert equal(found.train.values[0], [[1, 3], [2, 4]])
        assert found.train.labels == ["a"]
        assert "order of the steps" in found.notes[0]

    def test_negative_ones_and_values_are_kept_apart(self, tmp_path: Path) -> None:
        found = read_ts(write(tmp_path, "(-2,-5.5), (-1,7), (0,?), (1.5,-1e-2) : a\n"))
        assert equal(found.train.values[0], [[-5.5], [7], [NAN], [-0.01]])

    def test_channels_are_aligned_and_put_in_order(self, tmp_path: Path) -> None:
        found = read_ts(write(tmp_path, "(10,1),(9,2),(11,3):(9.5,4),(10,5):a\n"))
        assert equal(found.train.values[0], [[2, NAN], [NAN, 4], [1, 5], [3, NAN]])

    def test_real_ones(self, series_dir: Path) -> None:
        found = read_ts(series_dir / "UnitTestTimeStamps_TRAIN.ts").train
        assert found.labels == ["1", "1", "2", "2"]
        assert equal(found.values[0], [[241.97], [241.75], [241.64], [241.71]])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("1,2:a\n1,x:b\n", "line 6, column 2: 'x' is not a number"),
        ("1,2:3,1_0:a\n", "line 5, column 4: '1_0' is not a number"),
        ("1,inf:a\n", "line 5, column 2: 'inf' is not a finite"),
        ("1,1e39:a\n", "line 5, column 2: '1e39' is not a finite"),
        ("1,2:3,4:a\n1,2:b\n", "line 6: the line has 1 channel, and 2 before"),
        ("1,2:\n", "line 5: the label is missing"),
        ("1,2:?\n", "line 5: the label is missing"),
        ("1,2\n", "line 5: no label follows"),
        ("1,2:3,4\n", "line 5: no label follows"),
        ("?,NaN:a\n", "line 5: the sequence has no values"),
        ("", "there are no sequences in it"),
        ("(1,2),3:a\n", "line 5: '3' does not start with"),
        ("(1,2),(1,3):a\n", "line 5, column 1: a time occurs twice"),
        ("(01/02/2003,2),(x,3):a\n", "line 5: times such as '01/02/2003' are neither"),
        ("(nan,2):a\n", "line 5: times such as 'nan' are neither"),
        (f"{'z' * 300}:a\n", f"column 1: '{'z' * 79}…' is not a number"),
    ],
)
def test_what_is_wrong_is_named(data: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_ts(write(tmp_path, data))
    assert message in error.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@problemName x\n1,2:a\n", "line 2: '1,2:a' stands before @data"),
        ("@problemName x\n", "no line @data"),
        ("@targetlabel true\n@data\n1:0.5\n", "line 1: its labels are numbers to be predicted"),
    ],
)
def test_a_wrong_header_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ts"
    path.write_text(text)
    with pytest.raises(DataError, match="(?s).*" + message):
        read_ts(path)


def test_channels_that_would_need_much_memory_are_refused(tmp_path: Path) -> None:
    """A line of 2 MB whose channels would be padded to 40 billion values."""
    path = write(tmp_path, "1," * 1_000_000 + "1" + ":1" * 40_000 + ":a\n")
    with pytest.raises(DataError, match="at most 1,073,741,824 are read"):
        read_ts(path)


class TestReal:
    """Every value of the archive's files, against a reader of three lines."""

    @pytest.mark.parametrize(
        ("name", "train", "test", "features", "classes"),
        [
            ("JapaneseVowels", 270, 370, 12, "123456789"),
            ("BasicMotions", 40, 40, 6, ["Badminton", "Running", "Standing", "Walking"]),
            ("GunPoint", 50, 150, 1, "12"),
            ("ItalyPowerDemand", 67, 1029, 1, "12"),
            ("PickupGestureWiimoteZ", 50, 50, 1, [*map(str, range(1, 11))]),
        ],
    )
    def test_values(
        self, name: str, train: int, test: int, features: int, classes: str, series_dir: Path
    ) -> None:
        for part, size in (("TRAIN", train), ("TEST", test)):
            path = series_dir / f"{name}_{part}.ts"
            found = read_ts(path).train
            data = path.read_text(encoding="utf-8").partition("@data\n")[2]
            lines = [line.split(":") for line in data.splitlines() if line]
            assert len(found.values) == len(lines) == size
            for (*channels, label), values, own in zip(
                lines, found.values, found.labels or (), strict=True
            ):
                assert values.shape[1] == features
                expected = [np.array(channel.split(","), np.float64) for channel in channels]
                assert np.array_equal(values, np.stack(expected, axis=1).astype(np.float32))
                assert label == own
            assert sorted({*(found.labels or ())}) == sorted(classes)
