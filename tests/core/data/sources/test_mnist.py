"""Data from a folder: every layout people have, and everything that can be wrong with it."""

import contextlib
import gzip
import hashlib
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import make_batch
from bilstm_core.data.sources import mnist, registry
from bilstm_core.data.sources.download import Mirror
from bilstm_core.errors import DataError
from tests.conftest import idx_bytes

REAL, KMNIST = RunConfig(dataset="mnist"), RunConfig(dataset="kmnist")
NAMES = [
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mirror answers: port 9 of this machine is closed."""
    monkeypatch.setattr(mnist, "_mirrors", lambda *_: [Mirror("http://127.0.0.1:9/", True)])


@pytest.fixture
def folder(tmp_path: Path, made_archives: dict[str, bytes]) -> Path:
    """A data folder with the made-up KMNIST as `.gz`."""
    raw = tmp_path / "data" / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in made_archives.items():
        (raw / name).write_bytes(content)
    return tmp_path / "data"


@pytest.fixture
def warnings() -> list[str]:
    """Takes what `load` warns of."""
    return []


def unpack(folder: Path) -> None:
    for path in (folder / "KMNIST" / "raw").iterdir():
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def listing(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


class TestRealMnist:
    def test_every_image_is_the_published_one(self, mnist_dir: Path, warnings: list[str]) -> None:
        data = registry.load(REAL, mnist_dir, warn=warnings.append)
        assert warnings == []
        published = {
            "train": "6bbc9ace898e44ae57da46a324031adb",
            "test": "2646ac647ad5339dbf082846283269ea",
        }
        for split, md5 in published.items():
            content = idx_bytes(getattr(data, split).values.numpy())
            assert hashlib.md5(content).hexdigest() == md5
        counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
        assert data.train.labels.bincount().tolist() == counts
        assert data.spec.classes[7] == "7 - seven"

    def test_it_is_what_torchvision_reads(self, mnist_dir: Path, tmp_path: Path) -> None:
        from torchvision.datasets import MNIST
        from torchvision.transforms.functional import to_tensor

        raw = tmp_path / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for name in NAMES:
            packed = mnist_dir / "MNIST" / "raw" / f"{name}.gz"
            (raw / name).write_bytes(gzip.decompress(packed.read_bytes()))
        theirs = MNIST(tmp_path, train=False)
        ours = registry.load(REAL, tmp_path)
        assert torch.equal(ours.test.values, theirs.data)
        assert torch.equal(ours.test.labels, theirs.targets)
        image, _ = theirs[5]
        assert torch.equal(make_batch(ours.test[5:6], ours.spec).inputs, to_tensor(image))

    def test_one_wrong_bit_in_an_unpacked_file_is_found(
        self, mnist_dir: Path, tmp_path: Path, warnings: list[str]
    ) -> None:
        raw = tmp_path / "MNIST" / "raw"
        shutil.copytree(mnist_dir / "MNIST" / "raw", raw)
        name = "t10k-images-idx3-ubyte"
        content = bytearray(gzip.decompress((raw / f"{name}.gz").read_bytes()))
        content[5000] ^= 1
        (raw / name).write_bytes(content)
        registry.load(REAL, tmp_path, warn=warnings.append)
        (warning,) = warnings
        assert f"{name} is damaged: its checksum is not the published one" in warning


class TestLayouts:
    def test_packed(self, folder: Path, warnings: list[str]) -> None:
        data = registry.load(KMNIST, folder, warn=warnings.append)
        assert data.train.values.shape == (60_000, 28, 28)
        assert data.test.labels[:3].tolist() == [0, 1, 2]
        inputs = make_batch(data.test[1:2], data.spec).inputs
        assert inputs.unique().tolist() == pytest.approx([25 / 255])
        assert warnings == []

    def test_unpacked(self, folder: Path) -> None:
        unpack(folder)
        assert len(registry.load(KMNIST, folder).train) == 60_000

    @pytest.mark.parametrize("inner", ["KMNIST", "KMNIST/raw"])
    def test_the_inner_folder_itself(self, folder: Path, inner: str) -> None:
        assert len(registry.load(KMNIST, folder / inner).train) == 60_000

    def test_reading_writes_nothing(self, folder: Path) -> None:
        before = listing(folder)
        registry.load(KMNIST, folder)
        assert listing(folder) == before

    @pytest.mark.usefixtures("offline")
    def test_another_data_set_s_folder_is_not_taken_for_it(self, folder: Path) -> None:
        with pytest.raises(DataError):
            registry.load(RunConfig(dataset="fashion-mnist"), folder / "KMNIST")


def truncate(content: bytes) -> bytes:
    return content[:-1000]


def lengthen(content: bytes) -> bytes:
    return content + b"x"


def wrong_magic(content: bytes) -> bytes:
    return b"\x00\x00\x0d" + content[3:]


def wrong_count(content: bytes) -> bytes:
    return content[:7] + b"\x01" + content[8:]


def empty(_content: bytes) -> bytes:
    return b""


def error_page(_content: bytes) -> bytes:
    return b"<html>403 Forbidden</html>"


DAMAGE: list[Any] = [truncate, lengthen, wrong_magic, wrong_count, empty, error_page]


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
    @pytest.mark.usefixtures("offline")
    def test_an_unpacked_file_is_named_and_never_used(
        self, folder: Path, name: str, damage: Callable[[bytes], bytes]
    ) -> None:
        unpack(folder)
        path = folder / "KMNIST" / "raw" / name
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(DataError) as caught:
            registry.load(KMNIST, folder)
        assert f"{path} is damaged" in caught.value.message

    @pytest.mark.parametrize("damage", [truncate, empty, error_page])
    @pytest.mark.usefixtures("offline")
    def test_a_packed_file_is_named_and_never_used(
        self, folder: Path, damage: Callable[[bytes], bytes]
    ) -> None:
        path = folder / "KMNIST" / "raw" / "train-images-idx3-ubyte.gz"
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(DataError) as caught:
            registry.load(KMNIST, folder)
        assert f"{path} is damaged" in caught.value.message

    @pytest.mark.usefixtures("offline")
    def test_a_flipped_bit_breaks_a_packed_file_s_own_checksum(self, folder: Path) -> None:
        path = folder / "KMNIST" / "raw" / "t10k-images-idx3-ubyte.gz"
        content = bytearray(path.read_bytes())
        content[-6] ^= 1  # in the stored checksum
        path.write_bytes(content)
        with pytest.raises(DataError, match="is damaged"):
            registry.load(KMNIST, folder)

    @pytest.mark.usefixtures("offline")
    def test_a_label_that_is_no_class(self, folder: Path) -> None:
        path = folder / "KMNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
        labels = np.full(10_000, 10, np.uint8)
        path.write_bytes(gzip.compress(idx_bytes(labels)))
        with pytest.raises(DataError, match="it contains 10, but the largest valid value is 9"):
            registry.load(KMNIST, folder)

    def test_a_half_unpacked_file_gives_way_to_the_archive_beside_it(
        self, folder: Path, warnings: list[str]
    ) -> None:
        half = folder / "KMNIST" / "raw" / "train-images-idx3-ubyte"
        half.write_bytes(b"\x00\x00\x08\x03 and then the power failed")
        assert len(registry.load(KMNIST, folder, warn=warnings.append).train) == 60_000
        (warning,) = warnings
        assert f"{half} is damaged" in warning
        assert half.read_bytes().endswith(b"failed"), "a bad file is left alone"

    @pytest.mark.parametrize("name", ["t10k-labels-idx1-ubyte", "t10k-labels-idx1-ubyte.gz"])
    @pytest.mark.usefixtures("offline")
    def test_a_huge_file_is_not_read_whole(self, folder: Path, name: str) -> None:
        path = folder / "KMNIST" / "raw" / name
        path.touch()
        os.truncate(path, 1 << 40)  # takes no space
        _, (problem,) = registry.inspect_folder("kmnist", folder)
        limit = 14_304 if name.endswith(".gz") else 10_008
        assert problem == f"{path} is damaged: it is longer than {limit:,} bytes."


class TestMembers:
    """A `.gz` file may consist of several members, each of which is a gzip file."""

    @pytest.fixture
    def path(self, folder: Path) -> Path:
        """The smallest packed images."""
        return folder / "KMNIST" / "raw" / "t10k-images-idx3-ubyte.gz"

    def test_several_with_zeros_behind(self, folder: Path, path: Path) -> None:
        content = gzip.decompress(path.read_bytes())
        middle = len(content) // 2
        members = gzip.compress(content[:middle], 1) + gzip.compress(content[middle:], 1)
        path.write_bytes(members + bytes(4_000_000))
        assert registry.inspect_folder("kmnist", folder) == (True, [])

    @pytest.mark.parametrize("is_before", [True, False])
    def test_a_flood_of_empty_ones(self, folder: Path, path: Path, is_before: bool) -> None:
        content, flood = path.read_bytes(), gzip.compress(b"") * 300_000
        path.write_bytes(flood + content if is_before else content + flood)
        expected = f"{path} is damaged: it has more than 10 members."
        assert registry.inspect_folder("kmnist", folder) == (False, [expected])

    def test_a_bomb(self, folder: Path) -> None:
        path = folder / "KMNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
        path.write_bytes(gzip.compress(bytes(10_000_000)))
        expected = f"{path} is damaged: it is longer than 10,008 bytes."
        assert registry.inspect_folder("kmnist", folder) == (False, [expected])


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def circle(path: Path) -> None:
    path.symlink_to(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as it, contextlib.chdir(path.parent):
        it.bind(path.name)  # a whole path may be too long


class TestOtherThanFiles:
    @pytest.mark.parametrize("suffix", ["", ".gz"])
    @pytest.mark.parametrize("make", [pipe, a_folder, device, circle, listener])
    def test_they_are_named_and_not_waited_for(
        self, folder: Path, make: Callable[[Path], None], suffix: str
    ) -> None:
        path = folder / "KMNIST" / "raw" / f"train-images-idx3-ubyte{suffix}"
        path.unlink(missing_ok=True)
        make(path)
        words = f"{path} cannot be read: "
        with pytest.raises(DataError, match=words):
            registry.load(KMNIST, folder)
        with pytest.raises(DataError, match=words):
            registry.inspect_folder("kmnist", folder)

    def test_a_link_to_a_file_is_followed(self, folder: Path, tmp_path: Path) -> None:
        path = folder / "KMNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
        path.rename(tmp_path / "content")
        path.symlink_to(tmp_path / "content")
        assert registry.inspect_folder("kmnist", folder) == (True, [])
