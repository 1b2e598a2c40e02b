"""The schema: what it allows, what it refuses, and in which words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_core.config.presets import PRESETS
from bilstm_core.config.resolve import nearest_valid, resolve, to_toml, unknown_variables
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS
from bilstm_core.errors import ConfigError


def refusal(*args: Any, **kwargs: Any) -> str:
    """The message that a wrong configuration gets."""
    with pytest.raises(ConfigError) as caught:
        resolve(*args, **kwargs)
    assert caught.value.exit_code == 2
    return caught.value.message


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class TestPrecedence:
    def test_each_layer_gives_way_to_the_one_above(self, tmp_path: Path) -> None:
        file = write(tmp_path / "run.toml", "hidden_size = 30\nnum_layers = 3\nbatch_size = 300")
        config = resolve(
            {"hidden_size": "10"},
            environ={"BILSTM_HIDDEN_SIZE": "20", "BILSTM_NUM_LAYERS": "2"},
            file=file,
            preset="notebook",
        )
        assert config.hidden_size == 10  # flag
        assert config.num_layers == 2  # environment
        assert config.batch_size == 300  # file
        assert config.readout == "last"  # preset
        assert config.seed == 0  # default

    def test_an_empty_variable_says_nothing(self) -> None:
        assert resolve(environ={"BILSTM_HIDDEN_SIZE": ""}) == RunConfig()

    @pytest.mark.parametrize(("word", "value"), [("false", False), ("1", True), ("no", False)])
    def test_switches_in_the_environment(self, word: str, value: bool) -> None:
        assert resolve(environ={"BILSTM_BIDIRECTIONAL": word}).bidirectional is value


class TestToml:
    @pytest.mark.parametrize("preset", PRESETS)
    def test_round_trip(self, preset: str, tmp_path: Path) -> None:
        config = resolve(preset=preset)
        assert resolve(file=write(tmp_path / "run.toml", to_toml(config))) == config

    @given(
        rate=st.floats(min_value=0, max_value=10, exclude_min=True),
        seed=st.integers(min_value=0, max_value=2**32 - 1),
        dropout=st.floats(min_value=0, max_value=1, exclude_max=True),
    )
    def test_numbers_survive_exactly(self, rate: float, seed: int, dropout: float) -> None:
        import tomllib

        config = RunConfig(learning_rate=rate, seed=seed, dropout=dropout)
        assert RunConfig(**tomllib.loads(to_toml(config))) == config

    def test_an_unknown_key_is_named_with_the_nearest_right_one(self, tmp_path: Path) -> None:
        file = write(tmp_path / "run.toml", "hiden_size = 3")
        message = refusal(file=file)
        assert "hiden_size" in message
        assert "run.toml" in message
        assert "Did you mean hidden_size?" in message

    def test_a_file_as_some_editors_write_it(self, tmp_path: Path) -> None:
        (tmp_path / "run.toml").write_bytes(b"\xef\xbb\xbfhidden_size = 4\r\n")
        assert resolve(file=tmp_path / "run.toml").hidden_size == 4

    def test_a_table_is_no_setting(self, tmp_path: Path) -> None:
        message = refusal(file=write(tmp_path / "run.toml", "[data]\ndataset = 'digits'"))
        assert "There is no setting data (from " in message

    def test_true_is_no_number(self, tmp_path: Path) -> None:
        message = refusal(file=write(tmp_path / "run.toml", "num_layers = true"))
        assert "num_layers = true" in message

    @pytest.mark.parametrize(
        "value", ["[" * 5000 + "]" * 5000, "9" * 5000, "{a=" * 3000 + "1" + "}" * 3000]
    )
    def test_a_file_made_to_break_the_reader(self, value: str, tmp_path: Path) -> None:
        assert "is not" in refusal(file=write(tmp_path / "run.toml", f"hidden_size = {value}"))

    def test_a_file_that_is_no_toml(self, tmp_path: Path) -> None:
        assert "is not TOML" in refusal(file=write(tmp_path / "run.toml", "hidden_size: 3"))

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        (tmp_path / "run.toml").write_bytes(b"\xff\xfe\x00")
        assert "is not TOML" in refusal(file=tmp_path / "run.toml")

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        assert "No such file" in refusal(file=tmp_path / "none.toml")

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        assert "cannot be read" in refusal(file=tmp_path)


def _numeric_refusals() -> list[tuple[str, str]]:
    return [
        *((name, "many") for name, setting in SETTINGS.items() if setting.is_numeric),
        *((name, "nan") for name, setting in SETTINGS.items() if setting.is_numeric),
        *((name, "-1") for name, setting in SETTINGS.items() if setting.is_numeric),
        *((name, "1e12") for name, setting in SETTINGS.items() if setting.is_numeric),
        *((name, "1.5") for name, setting in SETTINGS.items() if setting.kind == "integer"),
    ]


class TestRefusals:
    @pytest.mark.parametrize(("name", "value"), _numeric_refusals())
    def test_a_number_outside_its_range(self, name: str, value: str) -> None:
        message = refusal({name: value})
        assert f"{name} = {value} is not allowed. Allowed: " in message
        assert SETTINGS[name].allowed in message

    @pytest.mark.parametrize(
        "name", [name for name, setting in SETTINGS.items() if setting.kind == "choice"]
    )
    def test_a_choice_that_there_is_not(self, name: str) -> None:
        right = SETTINGS[name].choices[-1].removesuffix(":N")
        message = refusal({name: right + "x"})
        assert f"{name} = {right}x" in message
        assert SETTINGS[name].allowed in message
        assert f"Did you mean {right}" in message

    @pytest.mark.parametrize("device", ["cuda:", "cuda:x", "cuda:-1", "gpu", "CPU ", "cuda:1234"])
    def test_devices_that_cannot_be(self, device: str) -> None:
        assert "device = " in refusal({"device": device})

    @pytest.mark.parametrize("name", ["bidirectional", "deterministic"])
    def test_a_switch_that_is_neither_on_nor_off(self, name: str) -> None:
        assert f"{name} = perhaps" in refusal(environ={SETTINGS[name].variable: "perhaps"})

    def test_patience_without_a_split(self) -> None:
        message = refusal({"patience": "3"}, typed_in="the form")
        assert "patience = 3" in message
        assert "validation_fraction = 0" in message
        assert "(patience from the form)" in message

    def test_a_merge_of_one_direction(self) -> None:
        message = refusal({"merge": "sum"}, preset="notebook")
        assert "merge = sum" in message
        assert "bidirectional from preset notebook" in message

    def test_several_mistakes_are_one_message(self) -> None:
        changed = {"BILSTM_CELL": "lstmm"}
        message = refusal({"hidden_size": "0"}, environ=changed, typed_in="the form")
        assert "hidden_size = 0 (from the form)" in message
        assert "from BILSTM_CELL" in message

    def test_a_file_does_not_flood_its_message(self, tmp_path: Path) -> None:
        value = "x\\n\\u001b" * 10_000
        unknown = "".join(f"unknown_{number} = 1\n" for number in range(10_000))
        message = refusal(file=write(tmp_path / "run.toml", f'cell = "{value}"\n{unknown}'))
        lines = message.splitlines()
        assert len(lines) <= 50
        assert all(line.isprintable() and len(line) < 600 for line in lines)

    def test_a_data_set_s_name_is_one_line(self, tmp_path: Path) -> None:
        text = 'dataset = "a\\u001b\\n' + "x" * 4_070 + '"'
        config = resolve(file=write(tmp_path / "run.toml", text), is_untrusted=True)
        assert config.dataset.startswith(r"a\x1b\nxxx")
        assert len(config.dataset) == 4_077

    def test_an_unknown_preset(self) -> None:
        assert "Did you mean notebook?" in refusal(preset="notebok")

    def test_a_misspelt_variable_is_pointed_out(self) -> None:
        (warning,) = unknown_variables({"BILSTM_HIDEN_SIZE": "3", "BILSTM_SEED": "1", "HOME": "/"})
        assert "Did you mean BILSTM_HIDDEN_SIZE?" in warning


class TestNearestValid:
    VALID = RunConfig(merge="sum", num_layers=3)

    def test_what_is_wrong_has_the_value_of_the_valid_one(self) -> None:
        near = nearest_valid({"num_layers": "0", "merge": "concat"}, self.VALID)
        assert near == resolve({"num_layers": 3})

    def test_a_contradiction_that_shows_only_without_another_mistake_is_replaced_too(self) -> None:
        near = nearest_valid(
            {"num_layers": "x", "merge": "sum", "bidirectional": False, "dropout": 0.5}, self.VALID
        )
        assert near == self.VALID.model_copy(update={"dropout": 0.5})

    def test_a_mistake_that_no_setting_has_leaves_the_valid_one(self) -> None:
        assert nearest_valid({"dataset": "\x1b/x"}, self.VALID) == self.VALID
