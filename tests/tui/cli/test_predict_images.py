"""`bilstm-tui predict` with pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.samples import small_config
from tests.sessions import start
from tests.tui.cli.conftest import said

Said = pytest.CaptureFixture[str]


def test_images_of_any_size_and_depth(capsys: Said, tmp_path: Path) -> None:
    start(tmp_path / "runs", small_config(hidden_size=32, num_epochs=15))
    digits = load_digits()
    images = digits.images[digits.target == 0][:1][0] / 16  # pyright: ignore
    small = tmp_path / "small.png"
    Image.fromarray((images * 255).astype(np.uint8)).save(small)
    deep = tmp_path / "deep.png"
    Image.fromarray((np.kron(images, np.ones((5, 5))) * 65_535).astype(np.uint16)).save(deep)
    paper = tmp_path / "paper.jpg"
    on_paper = 255 - np.kron(images, np.ones((20, 20))) * 255
    Image.fromarray(on_paper.astype(np.uint8)).convert("RGB").save(paper)
    code, out, _ = said(capsys, "predict", "latest", str(small), str(deep), str(paper))
    assert code == 0
    assert [line.rsplit(": ")[-1] for line in out.splitlines() if line[0] != " "] == ["0"] * 3
    assert "160×160, inverted, because its border is bright, scaled to 8×8 in 8×8" in out
    reported = json.loads(said(capsys, "predict", "latest", str(small), "--json")[1])
    assert reported["class"] == "0"
    assert sum(reported["probabilities"].values()) == pytest.approx(1)


def test_one_bad_image_is_named_and_the_others_are_predicted(capsys: Said, tmp_path: Path) -> None:
    start(tmp_path / "runs", small_config(num_epochs=1))
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.png", "c.jpg"):
        drawn = Image.new("L", (90, 60), 230)
        drawn.paste(20, (30, 10, 40, 50))
        drawn.save(folder / name)
    (folder / "b.png").write_text("no image")
    images = str(folder), "none.png", str(folder / "a.png")
    code, out, err = said(capsys, "predict", "latest", *images, "--json")
    assert code == 2
    found = [json.loads(line) for line in out.splitlines()]
    assert [Path(it["file"]).name for it in found] == ["a.png", "c.jpg", "a.png"]
    assert found[0]["scaling"] == "90×60, dark on light, 10×40 of it scaled to 2×8 in 8×8"
    assert err.count("The image was not read") == 2
    assert f"{folder / 'b.png'} is no image" in err
    assert "There is no file none.png" in err
    _, whole, _ = said(capsys, "predict", "latest", str(folder / "a.png"), "--as-is")
    assert "90×60, inverted, because its border is bright, scaled to 8×5 in 8×8" in whole
