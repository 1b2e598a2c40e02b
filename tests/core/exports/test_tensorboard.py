"""Event files, read back by TensorBoard's own reader."""

import errno
import io
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from bilstm_core.config.resolve import to_toml
from bilstm_core.errors import InstallationError, OutputError, UsageError
from bilstm_core.exports.confusion_picture import confusion_counts, confusion_picture
from bilstm_core.exports.export import export_run
from bilstm_core.exports.tensorboard import export_tensorboard
from bilstm_core.inference.examine import examine
from bilstm_core.inference.report import ClassScore, Confusion, ExaminationReport
from bilstm_core.network.weights import load
from bilstm_core.runs.run import Run
from tests.core.exports.networks import UNEQUAL
from tests.core.exports.recorded import Recorded
from tests.samples import small_config
from tests.sessions import history, start

PATIENCE_SECONDS = 60


def board_in(folder: Path) -> EventAccumulator:
    board = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    board.Reload()
    return board


def scalars(board: EventAccumulator, tag: str) -> list[tuple[int, Any]]:
    return [(event.step, pytest.approx(event.value)) for event in board.Scalars(tag)]


def hparams(board: EventAccumulator, kind: str) -> Any:
    content = board.SummaryMetadata(f"_hparams_/{kind}").plugin_data.content
    messages: Any = plugin_data_pb2
    return getattr(messages.HParamsPluginData.FromString(content), kind)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = small_config(validation_fraction=0.1, num_epochs=2)
    return start(tmp_path_factory.mktemp("runs"), config)


@pytest.fixture(scope="module")
def board(run: Run, tmp_path_factory: pytest.TempPathFactory) -> EventAccumulator:
    folder = tmp_path_factory.mktemp("boards") / "run"
    warnings: list[str] = []
    export_run(run, "tensorboard", folder, data_dir=Path("unused"), warn=warnings.append)
    assert warnings == []
    (file,) = folder.iterdir()
    assert [*folder.parent.iterdir()] == [folder]
    assert file.name.startswith("events.out.tfevents.")
    return board_in(folder)


def test_every_figure_of_the_run_is_there(run: Run, board: EventAccumulator) -> None:
    past = history(run)
    assert past.progress
    steps, _, _, losses = past.losses.points()
    assert scalars(board, "loss/step") == [*zip(steps.tolist(), losses.tolist(), strict=True)]
    for figure in ("loss", "accuracy"):
        trained = [(it.step, getattr(it, figure)) for it in past.epochs.values()]
        assert scalars(board, f"{figure}/train") == trained
    for figure in ("loss", "accuracy", "balanced_accuracy", "macro_f1"):
        evaluated = [(it.step, getattr(it, figure)) for it in past.epoch_evaluations.values()]
        assert scalars(board, f"{figure}/validation") == evaluated
    for split, final in past.final.items():
        assert scalars(board, f"final/{split}_accuracy") == [(final.step, final.accuracy)]
    rate, speed = (scalars(board, tag) for tag in ("learning_rate", "samples_per_second"))
    assert rate[-1] == (past.progress.step, past.progress.learning_rate)
    assert speed[-1] == (past.progress.step, past.progress.samples_per_second)
    norm = scalars(board, "gradient_norm")
    assert norm[-1] == (past.progress.step, pytest.approx(past.progress.gradient_norm))
    assert len(rate) == len(speed) == len(norm)


def test_settings_are_hyperparameters_with_the_final_figures(
    run: Run, board: EventAccumulator
) -> None:
    started = hparams(board, "session_start_info").hparams
    found = {name: getattr(value, str(value.WhichOneof("kind"))) for name, value in started.items()}
    assert found == run.config.model_dump()
    metrics = [it.name.tag for it in hparams(board, "experiment").metric_infos]
    assert {"final/train_accuracy", "final/validation_loss", "final/test_accuracy"} <= {*metrics}
    assert {*metrics} <= {*board.Tags()["scalars"]}
    assert hparams(board, "session_end_info").status


def test_the_confusion_matrix_is_a_picture(run: Run, board: EventAccumulator) -> None:
    (image,) = board.Images("confusion_matrix/test")
    assert image.step == history(run).step
    shown = Image.open(io.BytesIO(image.encoded_image_string)).convert("RGB")
    expected = confusion_picture(examine(load(run.model_file), Path("unused")))
    assert np.array_equal(np.asarray(shown), expected)


def test_the_darker_a_cell_the_larger_its_part_of_the_row() -> None:
    report = ExaminationReport(
        spec=replace(UNEQUAL, classes=("a", "\x1b[2J\u202e\n", "類" * 50)),
        scores=[
            ClassScore(name="", precision=0, recall=0, f1=0, support=4, correct=correct)
            for correct in (4, 1, 0)
        ],
        confusions=[
            Confusion(actual=1, predicted=2, count=3),
            Confusion(actual=2, predicted=0, count=4),
        ],
    )
    assert confusion_counts(report).tolist() == [[4, 0, 0], [0, 1, 3], [4, 0, 0]]
    picture = confusion_picture(report).astype(int).sum(axis=2)
    corners = picture[-6 - 3 * 48 :: 48, -6 - 3 * 48 :: 48][:3, :3]
    white, black = corners[0, 1], corners[0, 0]
    assert black < corners[1, 2] < corners[1, 1] < white
    assert corners.tolist() == [
        [black, white, white],
        [white, corners[1, 1], corners[1, 2]],
        [black, white, white],
    ]


def test_names_that_the_font_lacks_can_be_told_apart() -> None:
    scores = [ClassScore(name="", precision=0, recall=0, f1=0, support=1, correct=1)] * 2
    spec = replace(UNEQUAL, classes=("類", "語"))
    picture = confusion_picture(ExaminationReport(spec=spec, scores=scores, confusions=[]))
    names = picture[-6 - 2 * 48 : -6, 20 : -6 - 2 * 48]
    first, second = np.split(names, 2)
    assert not np.array_equal(first, second)


def test_steps_that_are_trained_again_are_discarded(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    export_tensorboard(recorded.run, tmp_path / "board", data_dir=tmp_path)
    board = board_in(tmp_path / "board")
    expected = [(1, 3.0), (3, 2.0), (4, 1.5), (5, 1.25), (6, 1.0)]
    assert scalars(board, "loss/step") == expected
    assert [it.wall_time for it in board.Scalars("loss/train")] == [1e9 + 3, 1e9 + 10]


def test_settings_that_a_resume_changed_are_those_of_the_figures(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    recorded.run.config_file.write_text(to_toml(small_config(num_epochs=7)))
    export_tensorboard(Run(recorded.run.path), tmp_path / "board", data_dir=tmp_path)
    found = hparams(board_in(tmp_path / "board"), "session_start_info").hparams
    assert found["num_epochs"].number_value == 7


@pytest.mark.parametrize("follow", [False, True])
def test_a_full_disk_is_an_error(
    follow: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    writes = iter(range(9))

    def write(*_: object) -> None:
        if next(writes, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tensorboardX.record_writer.RecordWriter.write", write)
    board = tmp_path / "boards" / "one"
    with pytest.raises(OutputError, match="No space left on device"):
        export_tensorboard(recorded.run, board, data_dir=tmp_path, follow=follow)
    assert board.parent.exists() == follow


def test_a_run_is_followed_until_it_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bilstm_core.exports.tensorboard._POLL_SECONDS", 0.01)
    recorded = Recorded(tmp_path / "runs")
    recorded.start(1, 0)
    started = threading.Event()
    follower = threading.Thread(
        target=export_tensorboard,
        args=(recorded.run, tmp_path / "board"),
        kwargs={"data_dir": tmp_path, "follow": True, "on_start": started.set},
        daemon=True,
    )
    follower.start()
    assert started.wait(PATIENCE_SECONDS)

    def wait_for(count: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            board = board_in(tmp_path / "board")
            if "loss/step" in board.Tags()["scalars"] and len(board.Scalars("loss/step")) == count:
                return
            time.sleep(0.01)
        pytest.fail(f"{count} losses were never there")

    recorded.train(1, [3.0, 2.5, 2.0])
    wait_for(3)
    recorded.train(2, [1.5, 1.25, 1.0])
    wait_for(6)
    assert follower.is_alive()
    recorded.finish()
    follower.join(PATIENCE_SECONDS)
    assert not follower.is_alive()
    assert scalars(board_in(tmp_path / "board"), "final/test_accuracy") == [(6, 0.75)]


def test_without_the_data_there_is_no_matrix_and_a_warning(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from bilstm_core.data.sources import registry
    from bilstm_core.errors import DataError

    def fail(*_: object, **__: object) -> None:
        raise DataError("They are gone.")

    monkeypatch.setattr(registry, "load", fail)
    warnings: list[str] = []
    export_tensorboard(run, tmp_path / "board", data_dir=tmp_path, warn=warnings.append)
    assert warnings == ["There is no confusion matrix: They are gone."]
    assert board_in(tmp_path / "board").Tags()["images"] == []


def test_a_folder_with_something_in_it_is_kept(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "runs")
    recorded.tell_all()
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "events.out.tfevents.1.old").write_text("old")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        export_run(recorded.run, "tensorboard", folder, data_dir=tmp_path)
    assert (folder / "events.out.tfevents.1.old").read_text() == "old"
    export_run(recorded.run, "tensorboard", folder, data_dir=tmp_path, force=True)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 2
    assert names[1] == "notes.txt"
    assert scalars(board_in(folder), "final/test_accuracy") == [(6, 0.75)]


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(InstallationError) as raised:
        export_tensorboard(run, tmp_path / "board", data_dir=tmp_path)
    assert raised.value.advice.endswith(" -m pip install 'bilstm-tui[tensorboard]'")
    assert not (tmp_path / "board").exists()
