"""The presets: the notebook's is the notebook, and each fits every data set."""

import pytest

from bilstm_core.config.presets import PRESETS
from bilstm_core.config.resolve import resolve
from bilstm_core.config.schema import RunConfig
from bilstm_core.config.settings import SETTINGS


class TestPresets:
    def test_notebook_is_the_notebook(self) -> None:
        config = resolve(preset="notebook")
        assert config.model_dump() == {
            "dataset": "mnist",
            "label_column": "",
            "id_column": "",
            "time_column": "",
            "group_column": "",
            "features": "",
            "test_fraction": 0.2,
            "validation_fraction": 0.0,
            "augment": "none",
            "normalize": "auto",
            "missing": "forward",
            "max_length": 0,
            "keep": "start",
            "cell": "lstm",
            "bidirectional": False,
            "num_layers": 2,
            "hidden_size": 256,
            "merge": "concat",
            "readout": "last",
            "dropout": 0.0,
            "optimizer": "adam",
            "learning_rate": 0.001,
            "schedule": "constant",
            "weight_decay": 0.0,
            "label_smoothing": 0.0,
            "class_weights": "none",
            "clip_norm": 0.0,
            "ema_decay": 0.0,
            "batch_size": 64,
            "num_epochs": 2,
            "patience": 0,
            "device": "auto",
            "precision": "float32",
            "cuda_graph": True,
            "threads": 0,
            "lanes": 0,
            "seed": 0,
            "deterministic": False,
            "checkpoint_seconds": 30.0,
        }

    def test_notebook_all_differs_in_the_readout_alone(self) -> None:
        last, every = resolve(preset="notebook"), resolve(preset="notebook-all")
        assert every == last.model_copy(update={"readout": "all"})

    @pytest.mark.parametrize("preset", PRESETS)
    @pytest.mark.parametrize("dataset", SETTINGS["dataset"].choices)
    def test_every_preset_fits_every_data_set(self, preset: str, dataset: str) -> None:
        assert resolve({"dataset": dataset}, preset=preset).dataset == dataset

    def test_a_small_data_set_takes_more_epochs(self) -> None:
        assert resolve({"dataset": "digits"}).num_epochs > resolve().num_epochs
        assert resolve({"dataset": "digits", "num_epochs": "3"}).num_epochs == 3

    def test_nothing_said_is_the_schema_s_defaults(self) -> None:
        assert resolve() == RunConfig()
