"""Questions to the process that looks into a network."""

import asyncio
from pathlib import Path

import pytest

from bilstm_core.errors import BilstmError, DataError, InstallationError
from bilstm_core.inference.comparison import compare_runs
from bilstm_core.inference.examine import Examination
from bilstm_core.inference.explain import Explainer
from bilstm_core.network.classifier import SequenceClassifier
from bilstm_core.network.weights import TrainedModel, load
from bilstm_core.processes import examiner_client, session
from bilstm_core.processes.examiner_client import ExaminerClient
from bilstm_core.processes.signals import StopRequest
from bilstm_core.runs.run import Run
from tests.samples import MOONS, moons_config, small_config
from tests.tui.children_here import ChildHere


def test_a_network_is_examined_in_the_precision_that_its_run_had_and_asked_about_images(
    tmp_path: Path,
) -> None:
    """The answer to a cancelled question is not that to the next."""
    opened = session.start_run(small_config(num_epochs=1, cell="gru"), tmp_path / "runs")
    opened.train(lambda _: None, StopRequest())
    run = opened.run
    log = run.log_file.read_text(encoding="utf-8")
    run.log_file.write_text(log.replace('"precision":"float32"', '"precision":"bfloat16"'))
    dark, bright = ([[value] * 8 for _ in range(8)] for value in (0.0, 1.0))

    async def main() -> None:
        examiner = ExaminerClient(run, tmp_path)
        report = await examiner.examine()
        examination = Examination(load(run.model_file), tmp_path, "bfloat16")
        assert report == examination.report
        index = report.mistakes[0].index
        assert await examiner.read_test_sequence(index) == examination.read(index)
        expected = await examiner.read(bright)
        question = asyncio.create_task(examiner.read(dark))
        while not examiner._one_at_a_time.locked():  # until the question is asked
            await asyncio.sleep(0)
        question.cancel()
        assert await examiner.read(bright) == expected
        examiner.close()
        with pytest.raises(InstallationError):
            await examiner.read(bright)

    asyncio.run(main())


@pytest.fixture
def _child_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examiner as a thread: another process says the same, and imports PyTorch first."""
    monkeypatch.setattr(examiner_client, "Child", ChildHere)


@pytest.mark.usefixtures("_child_here")
def test_a_network_for_unknown_data_is_examined(tmp_path: Path) -> None:
    run = Run(tmp_path)
    config = moons_config()
    TrainedModel(SequenceClassifier.from_config(config, MOONS), config, MOONS).save(run.model_file)

    async def main() -> None:
        examiner = ExaminerClient(run, tmp_path)
        report = await examiner.examine()
        assert report.spec == MOONS
        assert report.failure
        assert "moons" in report.failure.message
        prediction = await examiner.read([[0.5, 0.5]] * 9)
        assert len(prediction.probabilities) == 2
        examiner.close()

    asyncio.run(main())


def test_a_report_that_is_too_long_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examiner_client, "_MAX_LINE_BYTES", 100)
    config, run = moons_config(), Run(tmp_path)
    TrainedModel(SequenceClassifier.from_config(config, MOONS), config, MOONS).save(run.model_file)

    async def main() -> None:
        examiner = ExaminerClient(run, tmp_path)
        with pytest.raises(DataError, match="too many classes"):
            await examiner.examine()
        examiner.close()

    asyncio.run(main())


@pytest.mark.usefixtures("_child_here")
def test_a_run_without_a_model_is_told_in_words(tmp_path: Path) -> None:
    async def main() -> None:
        inspector = ExaminerClient(Run(tmp_path), tmp_path)
        with pytest.raises(BilstmError) as caught:
            await inspector.examine()
        assert caught.value.title == "No model yet"
        inspector.close()

    asyncio.run(main())


def test_networks_are_explained_and_compared_without_a_run_of_one_s_own(tmp_path: Path) -> None:
    """A question that fails is answered in words, and so is the next one."""
    runs = []
    for both in (False, True):
        config = small_config(num_epochs=1, bidirectional=both)
        opened = session.start_run(config, tmp_path / "runs")
        opened.train(lambda _: None, StopRequest())
        runs.append(opened.run)

    async def main() -> None:
        examiner = ExaminerClient(None, tmp_path)
        explainer = Explainer(tmp_path)
        config = small_config(readout="last")
        assert await examiner.explain(4, config) == explainer.explain(config, None, 4)
        expected = explainer.explain(None, runs[1], 4, "float32")
        assert await examiner.explain(4, run=runs[1]) == expected
        with pytest.raises(BilstmError, match="not"):
            await examiner.explain(0, small_config(dataset="mnist"))
        with pytest.raises(BilstmError) as caught:
            await examiner.read([[0.0] * 8])
        assert "without a run" in caught.value.message
        assert await examiner.compare(runs[0], runs[1]) == compare_runs(runs[0], runs[1], explainer)
        assert examiner._child
        examiner._child._process.kill()
        with pytest.raises(InstallationError):
            await examiner.explain(4, config)
        assert (await examiner.explain(4, config)).index == 4  # by another process
        examiner.close()
        with pytest.raises(InstallationError):
            await examiner.explain(4, config)

    asyncio.run(main())


def test_a_run_s_own_examiner_explains_it(tmp_path: Path) -> None:
    opened = session.start_run(small_config(num_epochs=1), tmp_path / "runs")
    opened.train(lambda _: None, StopRequest())

    async def main() -> None:
        examiner = ExaminerClient(opened.run, tmp_path)
        await examiner.examine()
        shown = await examiner.explain(2)
        assert shown == Explainer(tmp_path).explain(None, opened.run, 2, "float32")
        examiner.close()

    asyncio.run(main())
