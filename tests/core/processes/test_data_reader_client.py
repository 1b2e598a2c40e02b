"""Data are read in a process of its own, once."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.data_overview import DataOverview
from bilstm_core.errors import BilstmError, DataError, InstallationError, RelayedError
from bilstm_core.processes import data_reader_client
from bilstm_core.processes.data_reader_client import DataReader
from bilstm_core.processes.protocol import ReadData


def table(path: Path, count: int = 12) -> Path:
    """Sequences of two rows each."""
    rows = [f"{row // 2},{row},{-row},{'ab'[row // 2 % 2]}" for row in range(2 * count)]
    path.write_text("\n".join(["id,x,y,label", *rows]), encoding="utf-8")
    return path


def read(config: RunConfig, reader: DataReader | None = None) -> DataOverview:
    return asyncio.run((reader or DataReader()).read(config))


def test_an_overview_comes_back(tmp_path: Path) -> None:
    overview = read(RunConfig(dataset=str(table(tmp_path / "x.csv"))))
    assert overview.spec.classes == ("a", "b")
    assert [feature.name for feature in overview.features] == ["x", "y"]


@pytest.mark.parametrize(
    ("settings", "words", "exit_code"),
    [
        ({"label_column": "z"}, "z", 2),
        ({"features": "x,label"}, "'label': 'a' is not", 3),
        ({"missing": "error"}, "1 missing value, and missing = error", 3),
    ],
)
def test_what_is_refused_comes_back_in_words(
    settings: dict[str, Any], words: str, exit_code: int, tmp_path: Path
) -> None:
    path = table(tmp_path / "x.csv")
    path.write_text(path.read_text(encoding="utf-8") + "\n11,1,,b", encoding="utf-8")
    with pytest.raises(BilstmError, match=words) as caught:
        read(RunConfig(dataset=str(path), **settings))
    assert caught.value.exit_code == exit_code


def test_what_is_wrong_with_a_setting_comes_back(tmp_path: Path) -> None:
    path = table(tmp_path / "x.csv")
    words = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(["id,x,y,kind,place", *(f"{it},q" for it in words[1:])]))
    with pytest.raises(RelayedError, match="Which column of") as caught:
        read(RunConfig(dataset=str(path)))
    ((setting, problem),) = caught.value.problems.items()
    assert setting == "label_column"
    assert problem.startswith("Which column holds the label? x (whole number), ")
    assert problem.endswith(", kind (text), place (text).")


def test_nothing_at_the_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read(RunConfig(dataset=str(tmp_path / "x.csv")))


def test_what_was_read_is_read_again_only_if_settings_or_files_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[ReadData] = []
    ask = data_reader_client._read

    async def count(question: ReadData) -> DataOverview:
        questions.append(question)
        return await ask(question)

    monkeypatch.setattr(data_reader_client, "_read", count)
    config = RunConfig(dataset=str(table(tmp_path / "x.csv")))
    reader = DataReader()
    first = read(config, reader)
    assert read(config.model_copy(update={"hidden_size": 7}), reader) is first
    assert len(questions) == 1
    read(config.model_copy(update={"seed": 7}), reader)
    assert len(questions) == 2
    table(tmp_path / "x.csv", 20)
    assert read(config, reader).spec.train_size == 16
    assert len(questions) == 3


def test_a_read_that_is_no_longer_wanted_is_ended(tmp_path: Path) -> None:
    others = {*psutil.Process().children()}  # of other tests

    def children() -> set[psutil.Process]:
        return {*psutil.Process().children()} - others

    async def main() -> None:
        os.mkfifo(tmp_path / "x")  # reading it would never end
        question = ReadData(config=RunConfig(dataset="digits"), data_dir=tmp_path / "x")
        reading = asyncio.create_task(data_reader_client._read(question))
        while not children():
            await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        while children():
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_where_no_process_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(InstallationError, match="No process could be started"):
        read(RunConfig(dataset=str(table(tmp_path / "x.csv"))))


def test_a_process_that_is_killed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DataError, match="was killed"):
        read(RunConfig(dataset=str(table(tmp_path / "x.csv"))))
