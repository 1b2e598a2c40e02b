"""NumPy's files, also damaged and hostile ones."""

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_core.data.sources.arrays import read_npy, read_npz
from bilstm_core.errors import DataError


def save(folder: Path, **arrays: Any) -> Path:
    path = folder / "x.npz"
    np.savez(path, **arrays)
    return path


def npy_bytes(shape: str, descr: str = "'<f4'", order: str = "False", data: bytes = b"") -> bytes:
    """A .npy file with any header."""
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def save_member(folder: Path, content: bytes, name: str = "X.npy") -> Path:
    path = folder / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


X = np.arange(24, dtype=np.float64).reshape(2, 4, 3)


class TestConventions:
    @pytest.mark.parametrize("names", [("X", "y"), ("x", "Y")])
    def test_one_part(self, names: tuple[str, str], tmp_path: Path) -> None:
        found = read_npz(save(tmp_path, **{names[0]: X, names[1]: [5, 7]}))
        assert np.array_equal(np.stack(found.train.values), X)
        assert found.train.values[0].dtype == np.float32
        assert (found.train.labels, found.train.ids) == (["5", "7"], ("1", "2"))
        assert (found.test, found.kind, found.notes) == (None, "series", ())

    @pytest.mark.parametrize("prefix", ["X", "x"])
    def test_two_parts(self, prefix: str, tmp_path: Path) -> None:
        arrays = {f"{prefix}_train": X, "y_train": ["a", "b"], f"{prefix}_test": X[:1]}
        found = read_npz(save(tmp_path, **arrays, y_test=["b"], more=1))
        assert found.test is not None
        assert (len(found.train.values), len(found.test.values)) == (2, 1)
        assert (found.train.labels, found.test.labels) == (["a", "b"], ["b"])
        assert found.notes == ("Arrays that are not used: more.",)

    def test_one_channel(self, tmp_path: Path) -> None:
        found = read_npz(save(tmp_path, X=X[0], y=[1, 2, 1, 2]))
        assert found.train.values[1].tolist() == [[3], [4], [5]]

    @pytest.mark.parametrize("shape", [(8, 3), (24,)])
    def test_one_after_another_with_lengths(self, shape: tuple[int, ...], tmp_path: Path) -> None:
        lengths = [5, 3] if len(shape) == 2 else [20, 4]
        found = read_npz(save(tmp_path, X=X.reshape(shape), lengths=lengths, y=["a", "b"]))
        flat = X.reshape(shape[0], -1)
        assert np.array_equal(found.train.values[0], flat[: lengths[0]])
        assert np.array_equal(found.train.values[1], flat[lengths[0] :])

    def test_padded_with_lengths(self, tmp_path: Path) -> None:
        found = read_npz(save(tmp_path, X=X, lengths=np.array([4, 2], np.uint8), y=[1, 2]))
        assert np.array_equal(found.train.values[1], X[1, :2])
        found = read_npz(save(tmp_path, X=X[0], lengths=[1, 2, 3, 3], y=[1, 2, 1, 1]))
        assert found.train.values[1].tolist() == [[3], [4]]

    @pytest.mark.parametrize("shape", [(2, 4, 3), (2, 4, 3, 1)])
    def test_bytes_are_images(self, shape: tuple[int, ...], tmp_path: Path) -> None:
        found = read_npz(save(tmp_path, x_train=X.astype(np.uint8).reshape(shape), y_train=[0, 1]))
        assert found.kind == "images"
        assert found.train.values[1].dtype == np.uint8
        assert np.array_equal(found.train.values[1], X[1])

    def test_names_groups_and_features(self, tmp_path: Path) -> None:
        more = {"ids": ["p", "q"], "groups": [1, 1], "feature_names": ["u", "v", "w"]}
        found = read_npz(save(tmp_path, X=X, y=["a", "b"], **more)).train
        assert (found.ids, found.groups) == (["p", "q"], ["1", "1"])
        assert found.feature_names == ("u", "v", "w")

    @pytest.mark.parametrize(
        ("labels", "expected"),
        [
            (np.array([[3], [4]]), ["3", "4"]),
            (np.array([True, False]), ["True", "False"]),
            (np.array([1.0, 2.5]), ["1", "2.5"]),
            (np.array([b"a", "ü".encode()]), ["a", "ü"]),
            (np.array(["Ä ", "b"], dtype=">U2"), ["Ä", "b"]),
            (np.array([-1, 2**62]), ["-1", str(2**62)]),
        ],
    )
    def test_labels(self, labels: np.ndarray, expected: list[str], tmp_path: Path) -> None:
        assert read_npz(save(tmp_path, X=X, y=labels)).train.labels == expected

    def test_no_labels(self, tmp_path: Path) -> None:
        assert read_npz(save(tmp_path, X=X)).train.labels is None

    @pytest.mark.parametrize("dtype", [">f8", "<f2", ">i4", "u8", "?", "u1", "i1", "longdouble"])
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_every_type_of_number_in_any_order(
        self, dtype: str, order: Any, tmp_path: Path
    ) -> None:
        array = np.array(X, dtype, order=order)
        found = read_npz(save(tmp_path, X=array, y=[0, 1])).train.values
        assert np.array_equal(np.stack(found), array.astype(np.float32))
        assert found[0].flags.writeable
        assert found[0].flags.c_contiguous

    def test_npy(self, tmp_path: Path) -> None:
        path = tmp_path / "x.npy"
        np.save(path, np.asfortranarray(X[0]))
        assert np.array_equal(read_npy(path), X[0])
        np.save(path, X[0, 0])
        assert read_npy(path).tolist() == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X, "b": X}, "it has no array X or X_train, but a, b"),
        ({"X": X, "x": X}, "it has several arrays x"),
        ({"X": X[0, 0]}, "X has shape (3,) and type float64"),
        ({"X": X[..., None].repeat(3, -1)}, "X has shape (2, 4, 3, 3)"),
        ({"X": X.astype(complex)}, "array X has type complex128"),
        ({"X": X.astype("M8[s]")}, "array X has type datetime64"),
        ({"X": np.zeros(3, [("a", "f4")])}, "array X has type [('a', '<f4')]"),
        ({"X": X.astype(str)}, "X has shape (2, 4, 3) and type <U32"),
        ({"X": X[:0]}, "array X is empty: its shape is (0, 4, 3)"),
        ({"X": X[:, :, :0]}, "array X is empty"),
        ({"X": np.array([[[1, np.nan], [2, -np.inf]]])}, "X[0, 1, 1] is -inf, no finite"),
        ({"X": np.array([[1, 1e39]])}, "X[0, 1, 0] is 1e+39"),
        ({"X": X, "y": [1, 2, 3]}, "array y has 3 entries, and X has 2 sequences"),
        ({"x_train": X, "y_train": [1]}, "array y_train has 1 entry, and X_train has 2 sequences"),
        ({"X": X, "feature_names": ["a"]}, "array feature_names has 1 entry, and X has 3 features"),
        ({"X": X, "y": np.eye(2)}, "array y has shape (2, 2) instead of (2,)"),
        ({"X": X, "lengths": [4, 5]}, "its lengths are 2, 9 steps"),
        ({"X": X, "lengths": [0, 4]}, "the lengths of X are not one whole number"),
        ({"X": X, "lengths": [4.0, 4.0]}, "the lengths of X are not one whole number"),
        ({"X": X, "lengths": np.array(4)}, "the lengths of X are not one whole number"),
        ({"X": np.array(4), "lengths": [1]}, "X has shape ()"),
        ({"X": X[0], "lengths": [2**63]}, "steps in a sequence, and at most 16,777,216"),
    ],
)
def test_what_is_wrong_is_named(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            archive.writestr(f"{name}.npy", content.getvalue())
    with pytest.raises(DataError) as error:
        read_npz(path)
    assert message in error.value.message


class TestHostile:
    def test_python_objects_are_never_unpickled(self, tmp_path: Path) -> None:
        ragged = np.empty(2, object)
        ragged[:] = [X[0], Trap()]
        with pytest.raises(DataError, match="holds Python objects") as error:
            read_npz(save(tmp_path, X=ragged, y=[0, 1]))
        assert "np.concatenate" in error.value.advice
        labels = np.array(["a", None], object)
        with pytest.raises(DataError, match="array y holds Python objects") as error:
            read_npz(save(tmp_path, X=X, y=labels))
        assert error.value.advice == "Save them as text: np.savez(FILE, …, y=y.astype(str))."

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (npy_bytes("(1099511627776,)"), "at most 4,294,967,296 bytes are read"),
            (npy_bytes("(100000, 10000)"), "but only 0 bytes follow"),
            (npy_bytes("(9223372036854775807, 9223372036854775807)"), "at most"),
            (npy_bytes("(-1, 4)"), "is empty"),
            (npy_bytes("(2, 3)", data=b"1234"), "only 4 bytes follow"),
            (npy_bytes("(2, 3)", descr="'|O'"), "holds Python objects"),
            (npy_bytes("(2, 3)", descr="'<q9'"), "does not start as a .npy file does"),
            (npy_bytes("2"), "does not start as a .npy file does"),
            (npy_bytes("(" * 3000), "does not start as a .npy file does"),
            (npy_bytes("__import__('os')"), "does not start as a .npy file does"),
            (b"\x93NUMPY\x09\x00", "does not start as a .npy file does"),
            (b"not one", "does not start as a .npy file does"),
            (b"", "does not start as a .npy file does"),
        ],
    )
    def test_headers_that_lie(self, content: bytes, message: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as error:
            read_npz(save_member(tmp_path, content))
        assert message in error.value.message

    def test_a_bomb_is_not_unpacked(self, tmp_path: Path) -> None:
        """What its directory says is enough."""
        path = tmp_path / "x.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("X.npy", b"")
            archive.infolist()[0].file_size = (4 << 30) + 1
        with pytest.raises(DataError, match="at most 4,294,967,296 are read"):
            read_npz(path)

    @given(data=st.data())
    def test_any_damage_is_a_data_error(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.mktemp("damaged") / "x.npz"
        np.savez_compressed(path, X=X, y=["a", "b"])
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
        try:
            found = read_npz(path)
        except DataError:
            return
        assert len(found.train.values) >= 1


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("unpickled",)
