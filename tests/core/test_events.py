"""Events: one JSON line each, with keys that scripts may rely on."""

import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_core import events
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.example import Example
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import Remedy
from tests.samples import run_started, small_config

KINDS: tuple[type[Any], ...] = get_args(events.Event)
SPECS = st.builds(
    DataSpec,
    shortest=st.just(1),
    classes=st.lists(st.text(max_size=9), min_size=1, unique=True).map(tuple),
)

FROZEN = {
    "download": ["dataset", "title", "file", "received", "total"],
    "run_started": [
        "run", "epoch", "step", "config", "model", "device", "data", "steps_per_epoch",
        "total_steps", "versions",
    ],
    "progress": ["epoch", "step", "losses", "learning_rate", "samples_per_second",
                 "gradient_norm", "device_usage"],
    "epoch_ended": ["epoch", "step", "loss", "correct", "total", "accuracy", "seconds"],
    "stopped_early": ["epoch", "step", "kept_epoch"],
    "evaluation_started": ["split", "epoch", "step", "total"],
    "evaluation": ["split", "final", "epoch", "step", "loss", "correct", "total", "accuracy",
                   "balanced_accuracy", "macro_f1", "class_correct"],
    "examples": ["split", "examples"],
    "predictions": ["epoch", "step", "predictions"],
    "warning": ["message"],
    "finished": ["epoch", "step", "kept_epoch", "seconds", "training_seconds"],
    "paused": ["epoch", "step"],
    "resumed": ["epoch", "step"],
    "learning_rate_changed": ["epoch", "step", "learning_rate"],
    "stopping": ["epoch", "step"],
    "stopped": ["epoch", "step"],
    "failed": ["title", "message", "advice", "remedies", "exit_code", "details"],
}  # fmt: skip
"""A change here breaks scripts that people wrote; say so in CHANGELOG.md."""


def keys(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind)]


def type_of(kind: type[Any]) -> str:
    return str(kind.type)


def test_the_keys_are_frozen() -> None:
    assert {type_of(kind): keys(kind) for kind in KINDS} == {
        name: ["type", "time", *own] for name, own in FROZEN.items()
    }


@pytest.mark.parametrize("kind", KINDS, ids=type_of)
def test_the_readme_lists_every_key(kind: type[Any]) -> None:
    readme = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    row = next(line for line in readme.splitlines() if line.startswith(f"| `{type_of(kind)}` |"))
    listed = row.split("|")[2].replace("`", "").replace(" ", "").split(",")
    assert listed == FROZEN[type_of(kind)]


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_round_trip(kind: type[Any], data: st.DataObject) -> None:
    valid = {"config": st.just(RunConfig().model_dump()), "versions": st.just({}), "data": SPECS}
    event = data.draw(
        st.builds(kind, **{name: valid[name] for name in valid if name in keys(kind)})
    )
    line = events.to_json(event)
    assert "\n" not in line
    again = events.from_json(line)
    assert events.to_json(again) == line
    assert json.loads(line)["type"] == type_of(kind)


def test_what_json_cannot_hold_is_null() -> None:
    event = events.Progress(
        epoch=1,
        step=2,
        losses=[0.5, math.nan, math.inf],
        learning_rate=0.1,
        samples_per_second=9.0,
    )
    line = events.to_json(event)
    assert json.loads(line)["losses"] == [0.5, None, None]
    again = events.from_json(line)
    assert isinstance(again, events.Progress)
    assert again.losses == [0.5, None, None]


def test_a_key_of_a_later_version_is_passed_over() -> None:
    event = events.from_json('{"type":"stopped","time":1,"epoch":2,"step":3,"mood":"good"}')
    assert event == events.Stopped(time=1, epoch=2, step=3)


@pytest.mark.parametrize(
    "line", ["", "{", "[]", "null", "7", '{"type":"joke"}', '{"type":"stopped"}', b"\xff\x00"]
)
def test_garbage_is_no_event(line: str | bytes) -> None:
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(line)


@given(st.binary())
def test_no_bytes_do_worse_than_being_no_event(line: bytes) -> None:
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"progress","time":1,"epoch":1,"step":99999999999999999999999,"losses":[1],'
        '"learning_rate":1,"samples_per_second":1}',
        '{"type":"stopped","time":1e300,"epoch":1,"step":1}',
        '{"type":"finished","time":1,"epoch":1,"step":1,"kept_epoch":1,"seconds":1e300,'
        '"training_seconds":1}',
        '{"type":"download","time":1,"dataset":"mnist","title":"MNIST","file":"x",'
        '"received":1e300,"total":1}',
    ],
)
def test_absurd_numbers_are_not_an_event(line: str) -> None:
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(line)


def test_an_event_of_an_unknown_data_set_is_read() -> None:
    event = events.Download(dataset="new", title="New", file="x", received=1, total=2)
    assert events.from_json(events.to_json(event)) == event


def test_a_line_holds_no_control_code() -> None:
    line = events.to_json(events.RunWarning(message="\x1b[2J \x9b31m \u202e \udcff"))
    assert line.isprintable()
    reported = events.from_json(line)
    assert isinstance(reported, events.RunWarning)
    assert reported.message == r"\x1b[2J \x9b31m \u202e \udcff"


def leaves(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The paths to all texts in a JSON value."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            yield from leaves(item, *path, key)


def hostile_lines(event: events.Event) -> Iterator[str]:
    """An event's line, with each of its texts in turn replaced by a hostile one."""
    for *path, last in leaves(json.loads(events.to_json(event))):
        content = json.loads(events.to_json(event))
        part = content
        for key in path:
            part = part[key]
        part[last] = "[/x]\x1b[31m\u202e\u200b" + "x" * 10_000
        yield json.dumps(content)


def test_no_text_of_an_event_gets_in_as_it_is() -> None:
    remedy = Remedy("Go on.", "resume", "a", {"dataset": "mnist"})
    started = replace(run_started(small_config()), versions={"torch": "2.11"})
    read = 0
    for event in (
        started,
        events.Download(dataset="a", title="A", file="f", received=1, total=2),
        events.RunWarning(message="w"),
        events.Failed(title="t", message="m", advice="a", remedies=(remedy,), exit_code=1),
    ):
        for line in hostile_lines(event):
            with suppress(ValueError):  # where only certain words are allowed
                again = events.to_json(events.from_json(line))
                assert again.isprintable()
                assert len(again) < len(events.to_json(event)) + 4100
                read += 1
    assert read > 30


def test_a_setting_of_a_later_version_is_written_in_plain_characters() -> None:
    config = {**small_config().model_dump(), "mood": "\u202e\u3000\x9b\U000e0041"}
    line = events.to_json(replace(run_started(small_config()), config=config))
    assert line.isprintable()
    again = events.from_json(line)
    assert isinstance(again, events.RunStarted)
    assert again.config["mood"] == config["mood"]


PROGRESS = (
    '{"type":"progress","time":1,"epoch":1,"step":2,"losses":[1],"learning_rate":1,'
    '"samples_per_second":1'
)


def test_a_log_of_an_earlier_version_is_read() -> None:
    event = events.from_json(PROGRESS + "}")
    assert isinstance(event, events.Progress)
    assert event.gradient_norm is event.device_usage is None


@pytest.mark.parametrize(
    "more", ['"gradient_norm":1e300', '"gradient_norm":-1', '"device_usage":1.5']
)
def test_absurd_figures_are_not_read(more: str) -> None:
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(f"{PROGRESS},{more}}}")


def example(**changes: Any) -> Example:
    return Example(**{"index": 0, "label": 0, "rows": 2, "columns": 3, "values": "", **changes})


@pytest.mark.parametrize("values", ["", "AAAA", "?", "\u00e9", "/" * 1000])
def test_a_picture_has_its_rows_and_columns_whatever_it_holds(values: str) -> None:
    picture = example(values=values).picture()
    assert [len(row) for row in picture] == [3, 3]
    assert all(0 <= value <= 1 for row in picture for value in row)


@pytest.mark.parametrize(
    "changes", [{"rows": 29}, {"columns": 65}, {"columns": 0}, {"values": "A" * 3000}]
)
def test_a_picture_is_bounded(changes: dict[str, Any]) -> None:
    line = events.to_json(events.Examples(split="test", examples=(example(**changes),)))
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(line)


@pytest.mark.parametrize(("count", "shares"), [(9, 1), (1, 5)])
def test_predictions_are_bounded(count: int, shares: int) -> None:
    many = events.Predictions(epoch=1, step=1, predictions=(((0, 0.5),) * shares,) * count)
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(events.to_json(many))


@pytest.mark.parametrize("code", [-9, -1, 0, 256, 512, 2**40])
def test_a_failure_has_the_exit_code_of_a_failed_process(code: int) -> None:
    line = events.to_json(events.Failed(title="t", message="m", advice="a", exit_code=code))
    with pytest.raises(ValueError, match="not an event"):
        events.from_json(line)
