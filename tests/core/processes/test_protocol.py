"""Orders and answers between processes, as lines of JSON."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_core.data.catalog import CATALOG
from bilstm_core.data.data_overview import DataOverview, Example, FeatureSummary, LengthBar
from bilstm_core.errors import InstallationError, RelayedError, Remedy, UsageError
from bilstm_core.events import Failed
from bilstm_core.inference.explanation import Explanation, Prediction, RunComparison, States
from bilstm_core.inference.report import Confusion, Drawing, ExaminationReport, StepwisePrediction
from bilstm_core.processes import protocol
from bilstm_core.processes.protocol import (
    CompareRuns,
    DataNotRead,
    DataRead,
    DrawingsRead,
    Examined,
    Explain,
    Explained,
    FindLearningRate,
    LearningRateFound,
    Message,
    Prepare,
    ReadData,
    ReadDrawings,
    ReadSequence,
    ReadTestSequence,
    ResumeRun,
    RunOpened,
    RunsCompared,
    SequenceRead,
    StartRun,
    from_json,
    to_json,
)
from bilstm_core.processes.worker_client import parse_answer
from bilstm_core.training.learning_rate_curve import LearningRateCurve
from tests.samples import small_config

CONFIG = small_config(learning_rate=0.1 + 0.2)
ERROR = UsageError("No.", "Wait.", Remedy("Train a run.", "train"), title="Not now")
PREDICTION = Prediction(classes=[0, 1], probabilities=[2 / 3, 1 / 3], of_actual=2 / 3)
MESSAGES: list[Message] = [
    Prepare(config=CONFIG),
    StartRun(config=CONFIG, runs_dir=Path("/runs")),
    StartRun(config=CONFIG, runs_dir=Path("/runs"), name="läuft", data_dir=Path("/data")),
    ResumeRun(run=Path("/runs/a")),
    ResumeRun(run=Path("/runs/a"), changes={"num_epochs": "9", "threads": 2}, data_dir=Path("/d")),
    FindLearningRate(config=CONFIG, data_dir=Path("/data")),
    ReadSequence(inputs=[[0.0, 1.0], [0.1, 0.2]]),
    ReadTestSequence(index=3),
    ReadDrawings(indices=[3, 0]),
    RunOpened(run=Path("/runs/not UTF-8: \udcff")),
    LearningRateFound(curve=LearningRateCurve(rates=[0.1], losses=[2.0], suggestion=None)),
    Examined(
        report=ExaminationReport(
            spec=CATALOG["digits"], confusions=[Confusion(actual=0, predicted=1, count=3)]
        )
    ),
    DrawingsRead(drawings=[Drawing(num_steps=1, low=[[0.0]], high=[[0.5]])]),
    SequenceRead(
        prediction=StepwisePrediction(
            probabilities=[0.1, 0.9], classes=[0, 1], forward=[[1 / 3, 2 / 3]]
        ),
        drawing=Drawing(num_steps=1, low=[[0.5]], high=[[0.5]]),
    ),
    Explain(index=3, config=CONFIG, run=Path("/runs/a")),
    Explained(
        explanation=Explanation(
            config=CONFIG,
            weights="run",
            changed={"readout": "max"},
            data="digits",
            kind="images",
            has_lengths=False,
            index=3,
            count=360,
            classes=["7", "1"],
            num_classes=10,
            actual=0,
            num_steps=1,
            ends=[1],
            num_features=1,
            feature_names=["x"],
            inputs=[[255]],
            lowest=[[0]],
            forward=States(units=[0], values=[[-127]], scale=0.1 + 0.2, peaks=[0], shares=[1.0]),
            forward_alone=[PREDICTION],
            prediction=PREDICTION,
        )
    ),
    CompareRuns(first=Path("/runs/a"), second=Path("/runs/b")),
    RunsCompared(
        comparison=RunComparison(
            data="digits",
            kind="images",
            count=360,
            correct=(300, 310),
            mended=12,
            spoiled=2,
            index=3,
            is_mended=True,
            classes=["7", "1"],
            actual=0,
            inputs=[[255]],
            first=PREDICTION,
            second=PREDICTION,
        )
    ),
    ReadData(config=CONFIG, data_dir=Path("/data")),
    DataRead(
        overview=DataOverview(
            spec=CATALOG["digits"],
            features=(FeatureSummary(name="x", minimum=-1, maximum=0.1 + 0.2, mean=0),),
            lengths=(LengthBar(shortest=8, longest=8, sequences=3),),
            examples=(Example(label="0", id="7", steps=8, curves=((0.5, 1.5),)),),
            problems=("A problem.",),
        )
    ),
    DataNotRead(
        failure=Failed.from_error(ERROR), problems={"label_column": "Which column?\nx or y"}
    ),
    Failed.from_error(ERROR),
]


def test_every_message_is_tried_here() -> None:
    assert {type(message) for message in MESSAGES} == set(get_args(protocol.Message))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_a_message_survives_its_line(message: Message) -> None:
    line = to_json(message)
    assert "\n" not in line
    assert from_json(line, type(message)) == message
    assert from_json(line.encode(), type(message)) == message


@given(st.lists(st.lists(st.floats(allow_nan=False))))
def test_numbers_are_exact(inputs: list[list[float]]) -> None:
    assert from_json(to_json(ReadSequence(inputs=inputs)), ReadSequence).inputs == inputs


def test_a_number_may_be_missing() -> None:
    (row,) = from_json(to_json(ReadSequence(inputs=[[math.nan]])), ReadSequence).inputs
    assert math.isnan(row[0])


@given(st.text())
def test_any_name_of_a_run_survives(name: str) -> None:
    order = StartRun(config=CONFIG, runs_dir=Path("/runs"), name=name)
    assert from_json(to_json(order), StartRun) == order


def test_unknown_keys_are_ignored() -> None:
    line = json.dumps({"type": "run_opened", "run": "/runs/a", "host": "node1"})
    assert from_json(line, RunOpened) == RunOpened(run=Path("/runs/a"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "Expecting value"),
        (b"\xff", "decode"),
        (b"train it", "Expecting value"),
        (b"7", "dictionary"),
        (b"{}", "'type'"),
        (b'{"type": "start_sweep"}', "start_sweep"),
        (b'{"type": "run_opened"}', "run_opened: run: "),
        (b'{"type": "resume_run", "run": "/runs/a"}', "resume_run"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"type": "run_opened", "run": ' + b"9" * 5_000 + b"}", "digits"),
    ],
)
def test_what_is_no_such_message_is_refused(line: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_json(line, RunOpened)


def test_a_configuration_is_checked() -> None:
    line = to_json(Prepare(config=CONFIG)).replace('"hidden_size": 16', '"hidden_size": -1')
    with pytest.raises(ValueError, match="hidden_size"):
        from_json(line, Prepare)


class TestAnswers:
    def test_a_failure_is_raised_as_the_error_that_it_was(self) -> None:
        line = to_json(Failed.from_error(ERROR, details="line 1")).encode()
        with pytest.raises(RelayedError) as caught:
            parse_answer(line, RunOpened)
        relayed = caught.value
        assert (relayed.title, relayed.message) == ("Not now", "No.\nline 1")
        assert (relayed.advice, relayed.remedies) == (ERROR.advice, ERROR.remedies)
        assert relayed.exit_code == ERROR.exit_code

    def test_another_answer_is_an_error(self) -> None:
        line = to_json(RunOpened(run=Path("/runs/a"))).encode()
        with pytest.raises(InstallationError, match="run_opened"):
            parse_answer(line, SequenceRead)


def test_protocol_and_clients_load_neither_torch_nor_numpy() -> None:
    names = ("protocol", "worker_client", "standby", "examiner_client")
    imports = ", ".join(f"bilstm_core.processes.{name}" for name in names)
    code = f"import sys, {imports}; print(sys.modules.keys() & {{'torch', 'numpy'}} or 'neither')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "neither"
