"""What `doctor` finds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.data.sources.test_download import obey_permissions
from tests.tui.cli.conftest import said


class TestDoctor:
    def test_all_is_well(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        code, out, _ = said(capsys, "doctor", "--data-dir", str(tmp_path))
        assert code == 0
        for topic in ("bilstm-tui", "torch", "torchvision", "device cpu", "data folder", "mnist"):
            assert topic in out
        assert str(tmp_path) in out
        assert "All is well" in out

    def test_a_cpu_torch_beside_a_cuda_torchvision(self, tmp_path: Path) -> None:
        """A torchvision that fails at import as that pair does."""
        fake = tmp_path / "torchvision"
        fake.mkdir()
        fake.joinpath("__init__.py").write_text(
            'raise RuntimeError("operator torchvision::nms does not exist")'
        )
        code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from bilstm_tui.cli.main import run
sys.exit(run([sys.argv[1]]) + 10 * run([sys.argv[2]]))
"""
        result = subprocess.run(
            [sys.executable, "-c", code, "doctor", "--no-ui"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 44
        for told in (result.stdout, result.stderr):
            assert "torchvision cannot be imported" in told
            assert "are incompatible" in re.sub(r"\s+", " ", told)
            assert "pip install" in told
            assert "Traceback" not in told

    def test_a_damaged_data_file(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        raw = tmp_path / "MNIST" / "raw"
        raw.mkdir(parents=True)
        raw.joinpath("train-images-idx3-ubyte").write_bytes(b"half")
        code, out, _ = said(capsys, "doctor", "--data-dir", str(tmp_path))
        assert code == 0
        assert "is damaged: it has 4 bytes instead of 47,040,016" in re.sub(r"\s+", " ", out)

    def test_a_file_in_the_place_of_a_folder(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "runs").touch()
        monkeypatch.setenv("BILSTM_RUNS_DIR", str(tmp_path / "runs"))
        code, out, _ = said(capsys, "doctor", "--data-dir", str(tmp_path))
        assert code != 0
        assert "is a file" in out
        assert "1 problem found" in out

    def test_data_folders_that_may_not_be_entered(self, tmp_path: Path) -> None:
        folders = [str(tmp_path / str(number)) for number in range(3)]
        for folder, inside in zip(folders, ("", "MNIST", "MNIST/raw"), strict=True):
            Path(folder, "MNIST", "raw").mkdir(parents=True)
            Path(folder, inside).chmod(0)
        code = """
import sys
from bilstm_tui.cli.main import run
print({run(["doctor", "--data-dir", folder]) for folder in sys.argv[1:]})
"""
        result = subprocess.run(
            [sys.executable, "-c", code, *folders],
            preexec_fn=obey_permissions,
            capture_output=True,
            text=True,
            check=True,
        )
        *each, codes = re.split(r"problems? found\n", result.stdout)
        assert len(each) == 3
        for told in each:
            assert "cannot be read: Permission denied" in re.sub(r"\s+", " ", told)
        assert codes == "{3}\n"
        assert result.stderr == ""
