"""Image files: what is seen of them, and that none of them does harm."""

import errno
import io
import os
import socket
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from bilstm_core.data.sources import pictures
from bilstm_core.data.sources.pictures import image_files, open_picture
from bilstm_core.errors import ImageError
from tests.core.inference.drawn import saved

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
STEPS = np.linspace(0, 255, 48 * 32).reshape(32, 48).astype(np.uint8)
"""Brighter and brighter, row by row."""


def opened(path: Path, content: bytes) -> NDArray[np.float32]:
    path.write_bytes(content)
    brightness = open_picture(path).brightness
    assert brightness.dtype == np.float32
    assert brightness.min() >= 0
    assert brightness.max() <= 1
    return brightness


def refusal(path: Path) -> str:
    """What is said about a file; Pillow's own warnings would be errors here."""
    with pytest.raises(ImageError) as caught:
        open_picture(path)
    assert str(path) in caught.value.message
    assert caught.value.exit_code == 2
    return caught.value.message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "three.png"


class TestWhatIsSeen:
    @pytest.mark.parametrize("name", FORMATS)
    def test_every_format_whatever_the_file_is_called(self, name: str, path: Path) -> None:
        brightness = opened(path, saved(Image.fromarray(STEPS), name))
        np.testing.assert_allclose(brightness, STEPS / 255, atol=0.05)

    @pytest.mark.parametrize("name", ["PNG", "GIF", "WEBP", "TIFF"])
    def test_of_several_frames_the_first(self, name: str, path: Path) -> None:
        frames = [Image.new("L", (9, 9), shade) for shade in (255, 0)]
        brightness = opened(path, saved(frames[0], name, save_all=True, append_images=frames[1:]))
        np.testing.assert_allclose(brightness, np.ones((9, 9)), atol=0.01)

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP"])
    def test_upright_as_exif_says(self, name: str, orientation: int, path: Path) -> None:
        stored = {
            1: STEPS,
            2: STEPS[:, ::-1],
            3: STEPS[::-1, ::-1],
            4: STEPS[::-1],
            5: STEPS.T,
            6: np.rot90(STEPS),
            7: STEPS[::-1, ::-1].T,
            8: np.rot90(STEPS, -1),
        }[orientation]
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(np.ascontiguousarray(stored))
        np.testing.assert_allclose(
            opened(path, saved(image, name, exif=exif)), STEPS / 255, atol=0.05
        )
        assert open_picture(path).size == (48, 32)

    @pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
    @pytest.mark.parametrize("exif", [b"MM\1*\0\0\0\x08", b"II*\0\xff\xff\xff\xff"])
    def test_damaged_exif_turns_nothing(self, name: str, exif: bytes, path: Path) -> None:
        content = saved(Image.fromarray(STEPS), name, exif=b"Exif\0\0" + exif)
        np.testing.assert_allclose(opened(path, content), STEPS / 255, atol=0.05)

    @pytest.mark.parametrize(
        ("ink", "ground"), [((0, 0, 0), 1.0), ((255, 255, 255), 0.0), ((0, 0, 160), 1.0)]
    )
    def test_ink_on_a_transparent_ground(
        self, ink: tuple[int, int, int], ground: float, path: Path
    ) -> None:
        image = Image.new("RGBA", (20, 20), (*ink, 0))
        image.paste((*ink, 255), (8, 2, 12, 18))
        brightness = opened(path, saved(image))
        assert brightness[0, 0] == ground
        assert abs(brightness[10, 10] - ground) > 0.8

    def test_a_card_with_transparent_corners(self, path: Path) -> None:
        image = Image.new("RGBA", (20, 20), (230, 230, 230, 255))
        image.paste((20, 20, 20, 255), (8, 5, 12, 15))
        image.paste((0, 0, 0, 0), (0, 0, 3, 3))
        brightness = opened(path, saved(image))
        assert brightness[0, 0] == brightness[0, 10] == pytest.approx(230 / 255)

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"])
    def test_every_mode_of_few_bits(self, mode: str, path: Path) -> None:
        halves = np.zeros((32, 48), np.uint8)
        halves[:, 24:] = 255
        image = Image.fromarray(halves).convert("RGB" if mode != "PA" else "P").convert(mode)
        brightness = opened(path, saved(image, "JPEG" if mode == "YCbCr" else "TIFF"))
        np.testing.assert_allclose(brightness, halves / 255, atol=0.05)

    def test_a_palette_with_a_transparent_colour(self, path: Path) -> None:
        image = Image.new("P", (20, 20))
        image.putpalette([0, 0, 0, 10, 10, 10])
        image.paste(1, (8, 2, 12, 18))
        brightness = opened(path, saved(image, "GIF", transparency=0))
        assert brightness[0, 0] == 1
        assert brightness[10, 10] < 0.1

    @pytest.mark.parametrize(
        ("kind", "scale"), [("u2", 4095), ("u2", 65_535), ("i4", 2**31 - 1), ("f4", 3e38)]
    )
    def test_many_bits_reach_from_black_to_the_greatest_value(
        self, kind: str, scale: float, path: Path
    ) -> None:
        deep = (STEPS / 255 * scale).astype(kind)
        name = "PNG" if kind == "u2" else "TIFF"
        np.testing.assert_allclose(
            opened(path, saved(Image.fromarray(deep), name)), STEPS / 255, atol=0.01
        )

    @pytest.mark.parametrize("low", [-1.0, -3e38])
    def test_floats_below_zero(self, low: float, path: Path) -> None:
        deep = np.array([[low, 0, -low]], np.float32)
        np.testing.assert_allclose(
            opened(path, saved(Image.fromarray(deep), "TIFF")), [[0, 0.5, 1]]
        )

    def test_what_is_no_number_is_black_or_white(self, path: Path) -> None:
        deep = np.array([[np.nan, np.inf, -np.inf, 2, 1, 0]], np.float32)
        np.testing.assert_allclose(
            opened(path, saved(Image.fromarray(deep), "TIFF")), [[0, 1, 0, 1, 0.5, 0]]
        )
        nothing = np.full((2, 2), np.nan, np.float32)
        assert not opened(path, saved(Image.fromarray(nothing), "TIFF")).any()

    @pytest.mark.parametrize("name", ["PNG", "JPEG"])
    def test_a_large_image_is_reduced_and_its_size_kept(self, name: str, path: Path) -> None:
        stripes = np.zeros((2048, 3000), np.uint8)
        stripes[:, 1500:] = 255
        brightness = opened(path, saved(Image.fromarray(stripes), name))
        assert max(brightness.shape) <= 1024
        assert abs(brightness.mean() - 0.5) < 0.01
        assert open_picture(path).size == (3000, 2048)

    def test_a_link_leads_to_the_image(self, path: Path, tmp_path: Path) -> None:
        (tmp_path / "link.png").symlink_to(path)
        path.write_bytes(saved(Image.fromarray(STEPS)))
        assert open_picture(tmp_path / "link.png").size == (48, 32)


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with a header, some chunks and no pixels."""
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), *chunks, (b"IDAT", b""), (b"IEND", b"")):
        check = zlib.crc32(name + data)
        content += struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
    return content


class TestHostile:
    def test_postscript_starts_no_program(
        self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake = tmp_path / "gs"
        fake.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        path.write_bytes(saved(Image.new("RGB", (9, 9)), "EPS"))
        assert "is no image" in refusal(path)
        assert not (tmp_path / "started").exists()

    @pytest.mark.parametrize("name", ["PPM", "TGA", "PCX", "ICO", "PDF", "SGI", "DDS", "JPEG2000"])
    def test_other_formats_are_no_images(self, name: str, path: Path) -> None:
        path.write_bytes(saved(Image.new("RGB", (16, 16)), name))
        assert "is no image" in refusal(path)

    @pytest.mark.parametrize("content", [b"", b"words", b"\x89PNG\r\n\x1a\n", b"II*\0", b"GIF89a"])
    def test_what_is_hardly_there(self, content: bytes, path: Path) -> None:
        path.write_bytes(content)
        refusal(path)

    @pytest.mark.parametrize(
        "size", [(13_000, 13_000), (100_000_000, 1), (1, 64_000_001), (2**31 - 1, 2**31 - 1)]
    )
    def test_too_many_pixels_are_not_decoded(self, size: tuple[int, int], path: Path) -> None:
        path.write_bytes(png(*size))
        assert "has more than 64,000,000 pixels" in refusal(path)

    def test_too_many_bytes_are_not_read(self, path: Path) -> None:
        with path.open("wb") as file:
            file.truncate((1 << 27) + 1)
        assert "is larger than 128 MiB" in refusal(path)

    def test_decoding_ends_in_time(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.write_bytes(saved(Image.fromarray(STEPS)))
        monkeypatch.setattr(pictures, "_MOST_SECONDS", -1.0)
        assert "takes longer than -1 s" in refusal(path)

    @pytest.mark.parametrize("name", FORMATS)
    def test_the_time_is_looked_at_while_it_is_decoded(
        self, name: str, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At each of several reads, of which the last comes too late."""
        noise = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
        path.write_bytes(saved(Image.fromarray(noise), name))
        looks = iter(range(1000))
        monkeypatch.setattr(pictures, "monotonic", lambda: next(looks))
        monkeypatch.setattr(pictures, "_MOST_SECONDS", 10**6)
        open_picture(path)
        monkeypatch.setattr(pictures, "_MOST_SECONDS", next(looks) - 2)
        looks = iter(range(1000))
        assert "to decode" in refusal(path)

    def test_a_jpeg_of_thousands_of_scans_is_not_decoded(self, path: Path) -> None:
        """The last scan of a small progressive JPEG, again and again."""
        whole = saved(Image.fromarray(STEPS), "JPEG", progressive=True)
        remark = b"\xff\xfe\x10\x00" + b"\xff\xda" * 2047  # in which nothing is a scan
        start, end = whole[:2] + remark + whole[2:-2], whole[-2:]
        last, scans = whole[whole.rindex(b"\xff\xda") : -2], whole.count(b"\xff\xda")
        opened(path, start + last * (100 - scans) + end)
        opened(path, start + end + last * 1000)  # as a film that follows a photo
        path.write_bytes(start + last * (101 - scans) + end)
        assert "cannot be decoded: it has more than 100 scans" in refusal(path)

    def test_what_is_no_regular_file(self, path: Path, tmp_path: Path) -> None:
        os.mkfifo(path)
        assert refusal(path) == f"{path} is not a regular file."
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(tmp_path / "socket"))
            refusal(tmp_path / "socket")
        refusal(Path("/dev/zero"))
        refusal(tmp_path)
        loop = tmp_path / "loop"
        loop.symlink_to(loop)
        refusal(loop)
        assert "There is no file" in refusal(tmp_path / "none.png")
        with pytest.raises(ImageError):
            open_picture(Path("a\0b"))

    @pytest.mark.parametrize("name", FORMATS)
    def test_a_file_that_ends_too_soon(self, name: str, path: Path) -> None:
        whole = saved(Image.fromarray(STEPS), name)
        for length in range(0, len(whole) - 40, 1 + len(whole) // 50):
            path.write_bytes(whole[:length])
            refusal(path)

    @pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
    def test_text_that_unpacks_to_much(self, name: bytes, path: Path) -> None:
        packed = zlib.compress(bytes(10 << 20))
        text = b"k\0\0" + packed if name != b"iTXt" else b"k\0\1\0\0\0" + packed
        path.write_bytes(png(4, 4, (name, text)))
        assert "cannot be decoded" in refusal(path)

    def test_a_tiff_with_endless_frames_and_tags(self, path: Path) -> None:
        whole = saved(Image.fromarray(STEPS), "TIFF")
        first = struct.unpack("<I", whole[4:8])[0]
        count = struct.unpack("<H", whole[first : first + 2])[0]
        after = first + 2 + 12 * count
        circle = whole[:after] + struct.pack("<I", first) + whole[after + 4 :]
        np.testing.assert_allclose(opened(path, circle), STEPS / 255, atol=0.01)
        tags = b"".join(struct.pack("<HHII", tag, 1, 2**31, 8) for tag in range(60_000))
        path.write_bytes(b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + tags + bytes(4))
        refusal(path)

    def test_what_pillow_only_warns_about_is_read_in_silence(self, path: Path) -> None:
        """Two widths, where one is allowed."""
        whole = bytearray(saved(Image.fromarray(STEPS), "TIFF"))
        first = struct.unpack("<I", whole[4:8])[0]
        whole[first + 2 + 4 : first + 2 + 8] = struct.pack("<I", 2)
        whole[first + 2 + 2 : first + 2 + 4] = struct.pack("<H", 3)
        whole[first + 2 + 8 : first + 2 + 12] = struct.pack("<HH", 48, 48)
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            opened(path, bytes(whole))
        assert not heard
        with pytest.warns(UserWarning, match="too many entries"):
            Image.open(io.BytesIO(whole))

    @given(st.sampled_from(FORMATS), st.data())
    def test_damage_anywhere(self, name: str, data: st.DataObject) -> None:
        """A picture or a sentence, and nothing else."""
        content = bytearray(saved(Image.fromarray(STEPS[:9, :9]), name))
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path = Path(os.environ["XDG_CACHE_HOME"]).parent / "damaged"
        path.write_bytes(content)
        with suppress(ImageError):
            brightness = open_picture(path).brightness
            assert ((brightness >= 0) & (brightness <= 1)).all()


class TestFolders:
    def test_its_images_by_name_and_no_others(self, tmp_path: Path) -> None:
        names = ["b.PNG", "a.jpeg", "c.webp", "d.tif"]
        for name in [*names, "words.txt", "._a.jpeg"]:
            (tmp_path / name).touch()
        (tmp_path / "folder.png").mkdir()
        (tmp_path / "folder.png" / "deeper.png").touch()
        assert [file.name for file in image_files(tmp_path)] == sorted(names)

    def test_any_other_path_is_itself(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none", tmp_path / "a\0b", Path("/dev/zero")):
            assert image_files(path) == [path]

    def test_one_without_images(self, tmp_path: Path) -> None:
        (tmp_path / "words.txt").touch()
        with pytest.raises(ImageError, match="without images"):
            image_files(tmp_path)

    def test_one_with_too_many_entries_is_not_read_to_its_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Path, "iterdir", lambda folder: repeat(folder / "a.png"))
        with pytest.raises(ImageError, match="more than 10,000 entries"):
            image_files(tmp_path)

    def test_one_that_may_not_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Told by the system, as root may read everything."""

        def refuse(folder: Path) -> Iterator[Path]:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))

        monkeypatch.setattr(Path, "iterdir", refuse)
        with pytest.raises(ImageError, match="cannot be read: Permission denied"):
            image_files(tmp_path)
