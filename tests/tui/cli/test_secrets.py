"""A URL with a password: what is printed and saved does not contain it."""

from pathlib import Path

import pytest
import torchvision

from tests.conftest import DataServer
from tests.tui.cli.conftest import said


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_mirror_that_has_no_data(
    form: list[str],
    server: DataServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(torchvision.datasets.KMNIST, "mirrors", [])
    url = server.url.replace("//", "//secret-user:secret-password@")
    monkeypatch.setenv("BILSTM_MIRROR", f"{url}/data?secret-key")
    options = ["--no-ui", "--dataset", "kmnist", "--data-dir", str(tmp_path / "data"), *form]
    code, out, err = said(capsys, *options)
    assert code == 3
    shown = f"{server.url}/data/KMNIST/raw/train-images-idx3-ubyte.gz: the server answered 404"
    assert shown in err
    saved = [path.read_text() for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert any(shown in text for text in saved)
    assert "secret" not in "".join([out, err, *saved])
