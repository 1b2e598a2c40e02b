"""What the ranks of `test_ranks` do: `torchrun -m tests.core.training.ranks_program FOLDER DEVICE`.

They train several networks, one after the other, in one process group; rank 0 writes the results.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch

from bilstm_core import events
from bilstm_core.compute.distributed import ALONE, Ranks, joined, placed
from bilstm_core.config.schema import RunConfig
from bilstm_core.training.trainer import train
from tests.samples import EVERYTHING, small_config

NETWORKS: dict[str, dict[str, Any]] = {
    "everything": EVERYTHING,
    "lengths": {"dataset": "japanese-vowels", "class_weights": "balanced", "max_length": 20},
    # 1,437 sequences: the last batch has 3, too few for all ranks
    "a small last batch": {"batch_size": 239, "readout": "last", "cell": "gru"},
    "early": {
        "validation_fraction": 0.2, "patience": 1, "num_epochs": 4, "learning_rate": 0.001,
        "merge": "sum", "cell": "rnn",
    },
}  # fmt: skip


def results(device: str, ranks: Ranks = ALONE) -> dict[str, dict[str, Any]]:
    """For each network the losses of its steps, its evaluations, and its weights."""
    return {
        name: _train(small_config(**{"device": device, **settings}), ranks)
        for name, settings in NETWORKS.items()
        if device == "cpu" or not settings.get("dropout")  # each rank of a GPU has other masks
    }


def _train(config: RunConfig, ranks: Ranks) -> dict[str, Any]:
    told: list[events.Event] = []
    result = train(config, told.append, ranks=ranks)
    progress = [event for event in told if isinstance(event, events.Progress)]
    evaluations = [event for event in told if isinstance(event, events.Evaluation)]
    assert result.model
    return {
        "ended": result.ended,
        "losses": [loss for event in progress for loss in event.losses],
        "evaluated": [(event.split, event.loss, event.correct) for event in evaluations],
        "weights": [weights.tolist() for weights in result.model.network.state_dict().values()],
    }


def main() -> None:
    torch.set_num_threads(1)
    folder, device = sys.argv[1:]
    with joined(placed(small_config(device=device)).device) as ranks:
        found = results(device, ranks)
        if not ranks.rank:
            (Path(folder) / "results.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
