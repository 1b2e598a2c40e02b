"""Folders of classes: pictures, and one sequence a file."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bilstm_core.data.sources import class_folders, pictures
from bilstm_core.data.sources.formats import read
from bilstm_core.errors import DataError


def picture(path: Path, size: tuple[int, int] = (4, 3), shade: Any = 0, mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, shade).save(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class TestPictures:
    def test_a_row_is_a_step(self, tmp_path: Path) -> None:
        pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
        picture(tmp_path / "cat" / "b.png", shade=200)
        Image.fromarray(pixels).save(tmp_path / "cat" / "a.png")
        picture(tmp_path / "dog" / "c.bmp", shade=(255, 255, 255), mode="RGB")
        (tmp_path / "cat" / ".DS_Store").write_text("litter")
        (tmp_path / "dog" / "Thumbs.db").write_text("litter")
        (tmp_path / "README").write_text("words")
        found = read(tmp_path)
        assert (found.kind, found.test, found.notes) == ("images", None, ())
        assert found.train.labels == ["cat", "cat", "dog"]
        assert found.train.ids == ["cat/a.png", "cat/b.png", "dog/c.bmp"]
        assert np.array_equal(found.train.values[0], pixels)
        assert found.train.values[0].dtype == np.uint8
        assert [int(values[0, 0]) for values in found.train.values] == [0, 200, 255]

    def test_train_and_test(self, tmp_path: Path) -> None:
        for name in ("Train/a/1.png", "Train/b/2.png", "test/b/3.png", "val/a/4.png"):
            picture(tmp_path / name)
        found = read(tmp_path)
        assert found.test is not None
        assert found.train.ids == ["Train/a/1.png", "Train/b/2.png"]
        assert found.test.ids == ["test/b/3.png"]
        assert found.notes == ("Folders that are not used: val.",)

    def test_a_class_may_be_called_train(self, tmp_path: Path) -> None:
        picture(tmp_path / "train" / "1.png")
        picture(tmp_path / "plane" / "2.png")
        assert read(tmp_path).train.labels == ["plane", "train"]

    def test_other_sizes_are_scaled_to_the_median_and_centred(self, tmp_path: Path) -> None:
        picture(tmp_path / "a" / "1.png", (8, 4), 100)
        picture(tmp_path / "a" / "2.png", (8, 4), 100)
        picture(tmp_path / "b" / "3.png", (40, 40), 100)
        found = read(tmp_path)
        assert {values.shape for values in found.train.values} == {(4, 8)}
        assert found.train.values[2].tolist() == [[0, 0, 100, 100, 100, 100, 0, 0]] * 4
        assert found.notes == ("Pictures of other sizes were scaled to 8×4 pixels.",)

    def test_large_ones_have_at_most_128_rows(self, tmp_path: Path) -> None:
        picture(tmp_path / "a" / "1.png", (1000, 500), 9)
        assert read(tmp_path).train.values[0].shape == (64, 128)

    @pytest.mark.parametrize(
        ("mode", "shade", "expected"),
        [("1", 1, 255), ("I;16", 65_535, 255), ("RGBA", (255, 255, 255, 255), 255), ("P", 0, 0)],
    )
    def test_depths(self, mode: str, shade: Any, expected: int, tmp_path: Path) -> None:
        picture(tmp_path / "a" / "1.png", shade=shade, mode=mode)
        assert read(tmp_path).train.values[0].tolist() == [[expected] * 4] * 3

    def test_a_damaged_one_is_named(self, tmp_path: Path) -> None:
        picture(tmp_path / "a" / "1.png")
        picture(tmp_path / "a" / "2.png", (50, 50))
        content = (tmp_path / "a" / "2.png").read_bytes()
        (tmp_path / "a" / "2.png").write_bytes(content[:60])
        with pytest.raises(DataError, match=r"2\.png cannot be decoded"):
            read(tmp_path)

    def test_what_would_start_a_program_is_no_picture(self, tmp_path: Path) -> None:
        """Pillow reads EPS by starting Ghostscript."""
        picture(tmp_path / "a" / "1.png")
        write(tmp_path / "a" / "2.png", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
        with pytest.raises(DataError, match=r"2\.png is no image"):
            read(tmp_path)

    def test_a_bomb_is_not_unpacked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        picture(tmp_path / "a" / "1.png", (30, 30))
        monkeypatch.setattr(pictures, "_MOST_PIXELS", 800)
        with pytest.raises(DataError, match="more than 800 pixels"):
            read(tmp_path)

    def test_fit_keeps_the_shape(self) -> None:
        tall = np.ones((30, 10), np.float32)
        assert pictures.fit(tall, 6, 6).tolist() == [[0, 0, 1, 1, 0, 0]] * 6
        assert (pictures.fit(tall, 30, 10) == tall).all()


class TestSequences:
    def test_text_without_names(self, tmp_path: Path) -> None:
        write(tmp_path / "a" / "1.csv", "1,2\n3,?\n")
        write(tmp_path / "b" / "2.csv", "\n5,6\n\n7,8\n9,10")
        found = read(tmp_path)
        assert (found.kind, found.format) == ("series", "folder per class")
        assert found.train.values[1].tolist() == [[5, 6], [7, 8], [9, 10]]
        assert np.isnan(found.train.values[0][1, 1])
        assert found.train.feature_names == ()

    def test_text_with_names_times_and_a_numbering(self, tmp_path: Path) -> None:
        write(tmp_path / "a" / "1.csv", ',t,"x, m",y\n0,2.5,1,2\n1,0.5,"3",4\n')
        found = read(tmp_path).train
        assert found.values[0].tolist() == [[3, 4], [1, 2]]
        assert found.feature_names == ("x, m", "y")

    @pytest.mark.parametrize("text", ["x\n1.5\n2\n", "1.5\n2\n", "x;y\n1,5;0\n2;0\n", "1.5 0\n2 0"])
    def test_other_layouts(self, text: str, tmp_path: Path) -> None:
        write(tmp_path / "a" / "1.txt", text)
        assert read(tmp_path).train.values[0][:, 0].tolist() == [1.5, 2]

    def test_arrays(self, tmp_path: Path) -> None:
        for name, array in (("a", np.eye(3)), ("b", np.ones((5, 3), ">i2"))):
            (tmp_path / name).mkdir()
            np.save(tmp_path / name / "1.npy", array)
        found = read(tmp_path).train
        assert [values.shape for values in found.values] == [(3, 3), (5, 3)]
        assert found.values[1].dtype == np.float32

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("x,y\n1,2\n3,z\n", "2.csv, line 3, column 'y': 'z' is not a number"),
            ("x,y\n1,2\n\n3\n", "2.csv, line 4: the line has 1 column instead of 2"),
            ("x,z\n1,2\n", "2.csv, line 1: its columns are x, z instead of x, y"),
            ("x,y\n", "2.csv: it has no steps"),
            ("", "2.csv: the file is empty"),
        ],
    )
    def test_what_is_wrong_is_named(self, text: str, message: str, tmp_path: Path) -> None:
        write(tmp_path / "a" / "1.csv", "x,y\n1,2\n")
        write(tmp_path / "b" / "2.csv", text)
        with pytest.raises(DataError) as error:
            read(tmp_path)
        assert message in error.value.message

    def test_a_time_that_occurs_twice(self, tmp_path: Path) -> None:
        write(tmp_path / "a" / "1.csv", "time,x\n1,2\n1,3\n")
        with pytest.raises(DataError, match="column 'time': the time '1' occurs twice") as error:
            read(tmp_path)
        assert "or leave the column out" in error.value.advice

    def test_arrays_that_differ(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        np.save(tmp_path / "a" / "1.npy", np.eye(3))
        np.save(tmp_path / "a" / "2.npy", np.eye(2))
        with pytest.raises(DataError, match=r"2\.npy: it has 2 columns, and others, such as 1"):
            read(tmp_path)
        (tmp_path / "a" / "2.npy").write_text("1,2,3\n")
        with pytest.raises(DataError, match=r"2\.npy: the array does not start"):
            read(tmp_path)

    @pytest.mark.parametrize(
        ("odd", "usual", "message"),
        [
            ("1,2,3\n", "1,2\n", "line 1: the line has 3 columns instead of 2, as in a/2.csv"),
            ("x,z\n1,2\n", "x,y\n1,2\n", "its columns are x, z instead of x, y, as in a/2.csv"),
            ("1,2\n", "x,y\n1,2\n", "its columns are 1, 2 instead of x, y"),
            ("", "1,2\n", "the file is empty"),
            ("\x89PNG\0", "1,2\n", "a/1.csv"),
        ],
    )
    def test_one_unlike_the_others_is_named_although_it_is_the_first(
        self, odd: str, usual: str, message: str, tmp_path: Path
    ) -> None:
        write(tmp_path / "a" / "1.csv", odd)
        for name in ("a/2.csv", "b/1.csv", "b/2.csv"):
            write(tmp_path / name, usual)
        with pytest.raises(DataError) as error:
            read(tmp_path)
        assert "a/1.csv" in error.value.message
        assert message in error.value.message

    def test_an_array_unlike_the_others_is_named_although_it_is_the_first(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "a").mkdir()
        for number in range(40):
            np.save(tmp_path / "a" / f"{number:02}.npy", np.eye(3 if number else 2))
        with pytest.raises(DataError, match=r"00\.npy: it has 2 columns, and others, such as 0"):
            read(tmp_path)

    def test_a_table_among_pictures_is_named(self, tmp_path: Path) -> None:
        write(tmp_path / "a" / "0.csv", "name,class\n1.png,a\n")
        picture(tmp_path / "a" / "1.png")
        picture(tmp_path / "b" / "2.png")
        with pytest.raises(DataError, match=r"0\.csv is no image"):
            read(tmp_path)


class TestFolders:
    def test_empty_and_inner_folders_are_named(self, tmp_path: Path) -> None:
        picture(tmp_path / "a" / "1.png")
        picture(tmp_path / "a" / "more" / "2.png")
        (tmp_path / "b").mkdir()
        (tmp_path / ".git").mkdir()
        assert read(tmp_path).notes == ("Folders that are not used: a/more, b.",)

    def test_nothing_in_them(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        with pytest.raises(DataError, match="the folders in it have no files") as error:
            read(tmp_path)
        assert error.value.advice.startswith("Lay it out as CLASS/FILE")

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        picture(tmp_path / "data" / "a" / "1.png")
        picture(tmp_path / "elsewhere" / "2.png")
        data = tmp_path / "data"
        (data / "b").symlink_to(tmp_path / "elsewhere")
        (data / "a" / "2.png").symlink_to(tmp_path / "elsewhere" / "2.png")
        (data / "a" / "3.png").symlink_to(data / "a" / "1.png")
        (data / "a" / "4.png").symlink_to(data / "a" / "4.png")
        (data / "c").symlink_to(data / "c")
        found = read(data)
        assert found.train.ids == ["a/1.png"]
        assert found.notes == ("5 symbolic links were not followed.",)
        (data / "a" / "1.png").unlink()
        with pytest.raises(DataError, match="no files, but 5 symbolic links"):
            read(data)

    def test_a_pipe_does_not_block(self, tmp_path: Path) -> None:
        picture(tmp_path / "a" / "1.png")
        os.mkfifo(tmp_path / "a" / "2.png")
        with pytest.raises(DataError, match="is not a regular file"):
            read(tmp_path)

    def test_names_of_any_bytes(self, tmp_path: Path) -> None:
        folder = os.fsencode(tmp_path) + b"/caf\xe9"
        os.mkdir(folder)  # noqa: PTH102 - not valid UTF-8
        picture(Path(os.fsdecode(folder)) / "1.png")
        assert read(tmp_path).train.labels == ["caf�"]

    def test_too_many_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(class_folders, "_MOST_FILES", 10)
        for number in range(11):
            write(tmp_path / "a" / f"{number}.csv", "1\n")
        with pytest.raises(DataError, match="it has more than 10 files"):
            read(tmp_path)

    def test_other_formats_are_not_read(self, tmp_path: Path) -> None:
        write(tmp_path / "a" / "1.ts", "@data\n1:a\n")
        with pytest.raises(DataError, match=r"has to be a picture, \.csv or \.npy"):
            read(tmp_path)
