"""Formats are found from the content; files of every kind end in a sentence."""

import errno
import gzip
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_core.data.sources import content, limits
from bilstm_core.data.sources.columns import TableOptions
from bilstm_core.data.sources.formats import read, read_file
from bilstm_core.data.sources.recognition import recognise
from bilstm_core.data.sources.recordings import label_text
from bilstm_core.errors import BilstmError, DataError

TEXTS = {
    "ts": "# words\n\n@problemName x\n@data\n1,2:a\n3,4:b\n",
    "arff": "% words\n@relation x\n@attribute a real\n@attribute c {a,b}\n@data\n1,a\n2,b\n",
    "ucr": "a\t1.5\t2\nb\t3\t4\n",
    "table": "v0,v1,label\n1,2,a\n3,4,b\n",
}


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


class TestRecognition:
    @pytest.mark.parametrize("name", TEXTS)
    @pytest.mark.parametrize("suffix", [".csv", ".dat", ""])
    def test_text_by_its_content(self, name: str, suffix: str, tmp_path: Path) -> None:
        path = write(tmp_path / f"x{suffix}", TEXTS[name])
        assert recognise(path).format == name
        found = read(path)
        assert (found.kind, found.train.labels) == ("series", ["a", "b"])

    def test_arrays_by_their_content(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "x.npz", X=np.ones((2, 3)), y=[0, 1])
        path = (tmp_path / "x.npz").rename(tmp_path / "x.csv")
        assert read(path).train.labels == ["0", "1"]

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("1,2.5,3", "ucr"),
            ("walk,2.5,3", "ucr"),
            ("1;2,5;3", "ucr"),
            ("1 2.5  3", "ucr"),
            ("1,NaN,?", "ucr"),
            ("0,1,2,3,4,label", "table"),
            ("label,0,1,2,3", "table"),
            ("label,1,2,3,4", "table"),
            ("0,1,2,3", "table"),
            ("PAR1,x,label", "table"),
            ("BM,GIF8,label", "table"),
            ("%x,y,label", "table"),
        ],
    )
    def test_a_first_line_of_names_or_of_values(
        self, line: str, expected: str, tmp_path: Path
    ) -> None:
        assert recognise(write(tmp_path / "x", f"{line}\n")).format == expected

    def test_a_first_line_longer_than_what_is_looked_at(self, tmp_path: Path) -> None:
        values = "0.12345678\t" * 150_000
        assert recognise(write(tmp_path / "x", f"1\t{values}1\n")).format == "ucr"
        assert len(read(tmp_path / "x").train.values[0]) == 150_001

    def test_it_needs_no_numbers(self, tmp_path: Path) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "from bilstm_core.data.sources.recognition import recognise\n"
            "recognise(Path(sys.argv[1])); print(*sys.modules)"
        )
        path = write(tmp_path / "x", TEXTS["table"])
        command = [sys.executable, "-c", code, str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        assert {"numpy", "polars", "torch", "PIL"}.isdisjoint(result.stdout.split())

    def test_reading_needs_no_torch_and_text_no_polars(self, tmp_path: Path) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "from bilstm_core.data.sources.formats import read\n"
            "read(Path(sys.argv[1])); print(*sys.modules)"
        )
        for name, allowed in (("ts", set()), ("table", {"polars"})):
            path = write(tmp_path / "x", TEXTS[name])
            command = [sys.executable, "-c", code, str(path)]
            result = subprocess.run(command, capture_output=True, text=True, check=True)
            loaded = {"polars", "torch", "PIL", "scipy"}.intersection(result.stdout.split())
            assert loaded == allowed


class TestParts:
    @pytest.mark.parametrize(
        ("train", "test"),
        [
            ("X_TRAIN.ts", "X_TEST.ts"),
            ("x_train.TS", "X_Test.ts"),
            ("X-train.ts", "X-test.ts"),
            ("train.ts", "test.ts"),
            ("X_TRAIN", "X_TEST"),
        ],
    )
    def test_the_test_part_beside_it(self, train: str, test: str, tmp_path: Path) -> None:
        path = write(tmp_path / train, TEXTS["ts"])
        write(tmp_path / test, "@data\n5,6:a\n")
        write(tmp_path / "Y_TEST.ts", "@data\n7:a\n")
        for chosen in (path, tmp_path):
            found = read(chosen)
            assert found.test is not None
            assert found.test.values[0].tolist() == [[5], [6]]
        assert read(tmp_path / test).test is None

    @pytest.mark.parametrize("name", TEXTS)
    def test_of_every_format(self, name: str, tmp_path: Path) -> None:
        write(tmp_path / "X_TRAIN.txt", TEXTS[name])
        write(tmp_path / "X_TEST.txt", TEXTS[name])
        found = read(tmp_path)
        assert found.test is not None
        assert found.test.labels == found.train.labels

    def test_the_format_with_a_test_part_is_taken_and_then_that_with_most_in_it(
        self, tmp_path: Path
    ) -> None:
        write(tmp_path / "X_TRAIN.csv", TEXTS["table"])
        write(tmp_path / "X_TRAIN.arff", TEXTS["arff"])
        write(tmp_path / "X_TRAIN.ts", TEXTS["ts"])
        assert recognise(tmp_path).train.name == "X_TRAIN.ts"
        write(tmp_path / "X_TEST.csv", TEXTS["table"])
        assert recognise(tmp_path).train.name == "X_TRAIN.csv"
        write(tmp_path / "X_TEST.arff", TEXTS["arff"])
        assert recognise(tmp_path).train.name == "X_TRAIN.arff"
        write(tmp_path / "Y_TRAIN.ts", TEXTS["ts"])
        with pytest.raises(DataError, match="it holds 2 data sets") as error:
            read(tmp_path)
        assert error.value.advice == "Choose a file: X_TRAIN.arff, Y_TRAIN.ts."

    def test_a_test_part_of_another_format(self, tmp_path: Path) -> None:
        path = write(tmp_path / "X_TRAIN.arff", TEXTS["arff"])
        write(tmp_path / "X_TEST.ts", TEXTS["ts"])
        for chosen in (path, tmp_path):
            found = read(chosen)
            assert found.test is not None
            assert found.test.labels == ["a", "b"]
            assert found.notes[-1] == "The test part is X_TEST.ts."
        write(tmp_path / "X_TEST.arff", TEXTS["arff"])
        assert "The test part is X_TEST.ts." not in read(path).notes
        write(tmp_path / "Y_TRAIN.csv", TEXTS["table"])
        write(tmp_path / "Y_TEST.tsv", TEXTS["table"].replace(",", "\t"))
        assert read(tmp_path / "Y_TRAIN.csv").test is not None

    @pytest.mark.parametrize("test", ["@data\n1:2:a\n", "", "\0"])
    def test_one_that_does_not_fit_is_named(self, test: str, tmp_path: Path) -> None:
        path = write(tmp_path / "X_TRAIN.csv", TEXTS["table"])
        write(tmp_path / "X_TEST.ts", test)
        found = read(path)
        assert found.test is None
        (warning,) = found.warnings
        assert warning.startswith("X_TEST.ts stands beside X_TRAIN.csv and is not used")

    def test_real_ones(self, series_dir: Path) -> None:
        found = read(series_dir / "JapaneseVowels_TRAIN.ts")
        assert found.test is not None
        assert (len(found.train.values), len(found.test.values)) == (270, 370)

    @pytest.mark.parametrize(
        ("test", "message"),
        [
            ("@data\n1:2:a\n", "the test part has 2 features, the training part 1"),
            ("@classLabel false\n@data\n1,2\n", "X_TEST.ts: it has no labels"),
            ("v0,v1,label\n1,2,a\n", "X_TEST.ts: its format is table, and X_TRAIN.ts has ts"),
            ("", "X_TEST.ts: the file is empty"),
        ],
    )
    def test_parts_that_do_not_fit(self, test: str, message: str, tmp_path: Path) -> None:
        path = write(tmp_path / "X_TRAIN.ts", TEXTS["ts"])
        write(tmp_path / "X_TEST.ts", test)
        with pytest.raises(DataError) as error:
            read(path)
        assert message in error.value.message

    def test_several_data_sets_in_a_folder(self, series_dir: Path) -> None:
        with pytest.raises(DataError, match="it holds 6 data sets") as error:
            read(series_dir)
        assert "JapaneseVowels_TRAIN.ts" in error.value.advice

    def test_arrays_in_files_of_their_own(self, tmp_path: Path) -> None:
        np.save(tmp_path / "X_train.npy", np.ones((4, 3, 2)))
        np.save(tmp_path / "y_train.npy", np.ones(4))
        for path in (tmp_path, tmp_path / "X_train.npy"):
            with pytest.raises(DataError) as error:
                read(path)
            assert "one file: np.savez(FILE, X" in error.value.advice

    def test_a_test_part_without_labels_is_called_so(self, tmp_path: Path) -> None:
        values = np.ones((4, 3))
        np.savez(tmp_path / "x.npz", X_train=values, y_train=np.arange(4) % 2, X_test=values)
        with pytest.raises(DataError, match="its test part has no labels") as error:
            read(tmp_path / "x.npz")
        assert "y_test beside X_train and X_test" in error.value.advice

    def test_a_folder_that_holds_none(self, tmp_path: Path) -> None:
        write(tmp_path / "x.csv", TEXTS["table"])
        with pytest.raises(DataError, match="neither a training part such as") as error:
            read(tmp_path)
        assert "train/CLASS/FILE" in error.value.advice


class TestOptions:
    def test_labels_may_be_missing_where_they_are_not_needed(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x", "@classLabel false\n@data\n1,2\n")
        with pytest.raises(DataError, match="it has no labels"):
            read(path)
        assert read_file(path).train.labels is None

    def test_settings_for_columns_without_a_table_are_said(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x", TEXTS["ts"])
        assert read(path, TableOptions(id_column="id")).notes == (
            "Settings for columns are used only for tables.",
        )


class TestLabels:
    def write(self, folder: Path, labels: list[Any]) -> Path:
        path = folder / "x.npz"
        np.savez(path, X=np.ones((len(labels), 2)), y=np.array(labels))
        return path

    @pytest.mark.parametrize(
        "labels",
        [
            [number / 3 for number in range(21)],
            [number / 3 for number in range(21)] * 10,
            [*range(40)],
        ],
    )
    def test_numbers_to_be_predicted(self, labels: list[float], tmp_path: Path) -> None:
        with pytest.raises(DataError, match="only classes can be"):
            read(self.write(tmp_path, labels))

    @pytest.mark.parametrize(
        "labels", [[*range(40)] * 2, [0.5, 1.5] * 30, [f"c{number}" for number in range(40)]]
    )
    def test_numbers_and_names_of_classes(self, labels: list[Any], tmp_path: Path) -> None:
        assert read(self.write(tmp_path, labels)).train.labels == [*map(str, labels)]

    def test_equal_numbers_are_equal_labels(self, tmp_path: Path) -> None:
        write(tmp_path / "x_train.csv", "v0,v1,label\n1,2,0\n3,4,1\n5,6,01\n7,8,2.50\n9,9,a.0\n")
        write(tmp_path / "x_test.csv", "v0,v1,label\n1,2,0.0\n3,4,1.\n5,6,01.0\n7,8,2.5\n")
        found = read(tmp_path)
        assert found.test
        assert found.train.labels == ["0", "1", "01", "2.5", "a.0"]
        assert found.test.labels == ["0", "1", "01.0", "2.5"]

    @pytest.mark.parametrize(
        ("label", "expected"),
        [
            ("-0.0", "0"),
            ("1.0000000e+00", "1"),
            ("-12.0E1", "-120"),
            ("9007199254740993.0", "9007199254740993"),
            ("1e3", "1e3"),
            ("1.2.3", "1.2.3"),
            ("007", "007"),
        ],
    )
    def test_a_decimal_number_as_a_label(self, label: str, expected: str) -> None:
        assert label_text(label) == expected

    @pytest.mark.parametrize("label", ["", "nan", " ? "])
    def test_a_missing_one(self, label: str, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="the label of sequence '2' is missing"):
            read(self.write(tmp_path, ["a", label]))

    def test_more_classes_than_are_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MOST_CLASSES", 2)
        with pytest.raises(DataError, match="it has 3 classes, and at most 2 are read"):
            read(self.write(tmp_path, ["a", "b", "c"]))


class TestFilesThatAreNone:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "the file is empty"),
            (b"\n \n", "the file is empty"),
            (b"\xef\xbb\xbf", "the file is empty"),
            (bytes(range(256)) * 9, "its format is unknown"),
            (b"\x7fELF" + bytes(9), "it is a program"),
            (pickle.dumps([1]), "it is a pickle, which is never opened"),
            (gzip.compress(b"1,2", mtime=0), "it is compressed with gzip: unpack it first"),
            (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
            (b"\x89PNG\r\n\x1a\n", "a data set is more than one sequence"),
            (b"\x93NUMPY\x01\x00", "a data set is more than one sequence"),
            (b"PK\x03\x04" + bytes(99), "it is damaged or no .npz file"),
            (b"PAR1" + bytes(99), "it is damaged or no Parquet file"),
            (b"@data", "there are no sequences in it"),
            (b"@", "no line @data"),
            (b"words", "only one column was found"),
            (b"# words\n" * 9, "there are only comments in it"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
            (b"a,b\n\x01\0,2\n", "its format is unknown"),
            (b"<html><body>404, not found</body></html>", "it has names of columns, but no rows"),
        ],
    )
    def test_are_named(self, data: bytes, message: str, tmp_path: Path) -> None:
        (tmp_path / "x.csv").write_bytes(data)
        with pytest.raises(DataError) as error:
            read(tmp_path / "x.csv")
        assert message in error.value.message
        assert error.value.message.startswith(str(tmp_path / "x.csv"))

    @pytest.mark.parametrize(
        ("name", "data", "message", "advice"),
        [
            ("x.parquet", b"PAR1" + bytes(99), "damaged or no Parquet file", "copy it again"),
            ("x.parquet", bytes(99), "does not start as a .parquet file does", "copy it again"),
            ("x.parquet", b"404 not found\n", "no .parquet file, but text", "download that failed"),
            ("x.npz", b"PK\x03\x04" + bytes(99), "damaged or no .npz file", "copy it again"),
            ("x.ts", b"# a\n\n# b, c\n", "there are only comments in it", "below a line @data"),
            ("x.arff", b"% a\n", "there are only comments in it", "below a line @data"),
        ],
    )
    def test_it_is_said_what_to_do(
        self, name: str, data: bytes, message: str, advice: str, tmp_path: Path
    ) -> None:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError) as error:
            read(tmp_path / name)
        assert message in error.value.message
        assert advice in error.value.advice

    def test_nothing_there(self, tmp_path: Path) -> None:
        write(tmp_path / "gestures.csv", "x")
        with pytest.raises(DataError, match=r"no such file or folder\. Did you mean gestures"):
            read(tmp_path / "gesture.csv")
        with pytest.raises(DataError, match="no such file or folder"):
            read(tmp_path / "none" / "x.csv")
        for name in ("x\0y", "x" * 5000):
            with pytest.raises(DataError):
                read(tmp_path / name)

    def test_a_pipe_does_not_block(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "x")
        with pytest.raises(DataError, match="is not a regular file"):
            read(tmp_path / "x")

    def test_a_circle_of_links(self, tmp_path: Path) -> None:
        (tmp_path / "x").symlink_to(tmp_path / "y")
        (tmp_path / "y").symlink_to(tmp_path / "x")
        with pytest.raises(DataError, match="symbolic links"):
            read(tmp_path / "x")

    def test_a_link_to_a_file_is_followed(self, tmp_path: Path) -> None:
        write(tmp_path / "real", TEXTS["ts"])
        (tmp_path / "x").symlink_to(tmp_path / "real")
        assert read(tmp_path / "x").train.labels == ["a", "b"]

    def test_a_file_without_permission(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Refused by the system, as root may read everything."""
        path = write(tmp_path / "x", TEXTS["ts"])
        os_open = os.open

        def refuse(name: str, *rest: Any, **options: Any) -> int:
            if name == str(path):
                raise PermissionError(errno.EACCES, "Permission denied", name)
            return os_open(name, *rest, **options)

        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(DataError, match="Permission denied"):
            read(path)

    def test_a_file_that_grows(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x", TEXTS["ts"])

        def read_while_it_grows() -> None:
            with content.opened(path), path.open("a") as other:
                other.write("5,6:a\n")

        with pytest.raises(DataError, match="changed while it was read"):
            read_while_it_grows()

    def test_a_file_that_is_too_large(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x", TEXTS["ts"])
        os.truncate(path, (4 << 30) + 1)
        with pytest.raises(DataError, match="4,294,967,297 bytes, and at most 4,294,967,296"):
            read(path)

    def test_a_hundred_thousand_files(self, tmp_path: Path) -> None:
        first = write(tmp_path / "0", "x")
        try:
            for number in range(1, 100_000):
                os.link(first, tmp_path / str(number))
        except OSError:  # as many names as this file system lets a file have
            pass
        with pytest.raises(DataError, match="neither a training part"):
            read(tmp_path)
        shutil.rmtree(tmp_path)

    @given(
        data=st.lists(
            st.sampled_from(
                [*"a1,.;:@\"'\n\r\t ?#%()-", "@data\n", "1,2:a\n", "(1,2)", "id", "NaN", "\0", "é"]
            ),
            max_size=60,
        ).map("".join),
        encoding=st.sampled_from(["utf-8", "utf-16", "latin-1"]),
    )
    def test_any_text_is_read_or_named(
        self, data: str, encoding: str, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.mktemp("any") / "x"
        path.write_bytes(data.encode(encoding))
        try:
            found = read(path)
        except BilstmError as error:
            reason = error.message
        else:
            reason = str(path)
            labels = found.train.labels or ()
            assert len(found.train.values) == len(labels) == len(found.train.ids) > 0
            assert all(len(values) for values in found.train.values)
        assert str(path) in reason
        assert len(reason) < 1000
