"""What a sweep searches: as it is written, checked, chosen from, and listed."""

import optuna
import pytest

from bilstm_core.config.resolve import revise
from bilstm_core.config.schema import RunConfig
from bilstm_core.data.sources.registry import describe
from bilstm_core.errors import BilstmError, ConfigError, UsageError
from bilstm_core.sweeps.space import SEARCHABLE, Space, read_space
from tests.samples import small_config


def space_of(search: dict[str, object], **settings: object) -> Space:
    config = small_config(**settings)
    return read_space(search, config, describe(config))


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("hidden_size", "64..512:log", "64..512:log"),
        ("hidden_size", "64 .. 512 : 64", "64..512:64"),
        ("num_layers", "1..3", "1..3"),
        ("learning_rate", "1e-4..1e-1:log", "0.0001..0.1:log"),
        ("dropout", "0..0.5:0.25", "0..0.5:0.25"),
        ("cell", "lstm, gru", "lstm,gru"),
        ("cell", ["lstm", "gru", "gru"], "lstm,gru"),
        ("bidirectional", [True, False], "true,false"),
        ("batch_size", [16, 64], "16,64"),
    ],
)
def test_what_is_written_is_read_and_written_again(name: str, written: object, read: str) -> None:
    assert space_of({name: written}).texts == {name: read}
    assert space_of({name: read}).texts == {name: read}


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ({}, "at least one setting"),
        ({"hiden_size": "1,2"}, "Did you mean hidden_size?"),
        ({"seed": "1,2"}, "changes the data"),
        ({"dataset": "mnist,digits"}, "changes the data"),
        ({"device": "cpu,cuda"}, "where and how"),
        ({"hidden_size": "64"}, "set hidden_size = 64"),
        ({"hidden_size": "64..x"}, "'x' is not a number"),
        ({"hidden_size": "64..1e999"}, "'1e999' is not a finite number"),
        ({"hidden_size": "64..nan"}, "'nan' is not a finite number"),
        ({"learning_rate": "nan..1"}, "'nan' is not a finite number"),
        ({"learning_rate": "1e-3,inf"}, "'inf' is not a finite number"),
        ({"hidden_size": "16..64:foo"}, "may follow :log or a step, not :foo"),
        ({"hidden_size": "16..64:log:4"}, "may follow :log or a step, not :log:4"),
        ({"hidden_size": "16..64:"}, "may follow :log or a step"),
        ({"cell": "lstm..gru"}, "a range needs numbers; write cell=lstm,gru"),
        ({"bidirectional": "true..false"}, "write bidirectional=true,false"),
        ({"hidden_size": "64..65.5"}, "whole number"),
        ({"hidden_size": "512..64"}, "not below"),
        ({"weight_decay": "0..1:log"}, "starts above 0"),
        ({"hidden_size": "1..9:9"}, "the step"),
        ({"hidden_size": "0..64"}, "Allowed: a whole number from 1"),
        ({"hidden_size": "64..9999"}, "Allowed: a whole number from 1"),
        ({"cell": "lstm,grru"}, "Did you mean gru?"),
        ({"bidirectional": "yes,no"}, "true and false"),
        ({"cell": "lstm,\x1b[31m"}, "\\x1b"),
        ({"hidden_size": "1," * 5000}, "too long"),
    ],
)
def test_what_is_wrong_is_refused_in_words(search: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        space_of(search)
    error = caught.value
    assert says in error.message + error.advice
    assert "\x1b" not in error.message


def test_values_have_to_fit_the_data_and_the_other_settings() -> None:
    with pytest.raises(ConfigError, match="equal length"):
        space_of({"readout": "max,all"}, dataset="japanese-vowels")
    with pytest.raises(ConfigError, match="bidirectional = false leaves one"):
        space_of({"merge": "sum,max"}, bidirectional="false")


def asked() -> optuna.Trial:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()


def test_every_choice_is_a_valid_configuration() -> None:
    search: dict[str, object] = {
        "bidirectional": "true,false",
        "merge": "sum,max,concat",
        "hidden_size": "1..64:log",
        "learning_rate": "1e-4..1e-1:log",
        "dropout": "0..0.5:0.1",
    }
    base = small_config()
    space, merges = space_of(search), set()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(40):
        trial = study.ask()
        config = revise(base, space.choose(base, trial))
        assert 1 <= config.hidden_size <= 64
        assert config.bidirectional == ("merge" in trial.params)
        merges.add((config.bidirectional, config.merge))
    assert (False, "concat") in merges
    assert {(True, "sum"), (True, "max"), (True, "concat")} <= merges


def test_a_grid_has_every_combination_once() -> None:
    search: dict[str, object] = {
        "bidirectional": "true,false",
        "merge": "sum,max",
        "num_layers": "1..2",
        "dropout": "0..0.2:0.1",
    }
    base = small_config()
    cells = space_of(search).cells(base)
    assert len(cells) == 2 * 3 * (2 + 1)  # one direction has no merge
    configs = [revise(base, {"merge": "concat", **cell}) for cell in cells]
    assert len({config.model_dump_json() for config in configs}) == len(cells)
    assert {config.dropout for config in configs} == {0.0, 0.1, 0.2}


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ({"hidden_size": "64..512:log"}, "is a range"),
        ({"learning_rate": "0.1..1"}, "is a range"),
        ({"hidden_size": "1..100", "batch_size": "1..1000"}, "more than 10,000"),
    ],
)
def test_a_grid_is_finite(search: dict[str, object], says: str) -> None:
    with pytest.raises(BilstmError, match=says):
        space_of(search).cells(small_config())


def test_a_range_does_not_start_at_a_0_that_stands_for_another_number() -> None:
    with pytest.raises(BilstmError, match="chosen by the data"):
        space_of({"num_epochs": "0..2"})
    assert space_of({"num_epochs": "0,2"}).texts == {"num_epochs": "0,2"}


def test_what_the_results_are_compared_on_is_not_searched() -> None:
    assert not {"dataset", "seed", "validation_fraction", "device", "threads"} & {*SEARCHABLE}
    assert {"hidden_size", "cell", "readout", "learning_rate", "augment", "num_epochs"} <= {
        *SEARCHABLE
    }
    assert {*SEARCHABLE} < {*RunConfig.model_fields}
