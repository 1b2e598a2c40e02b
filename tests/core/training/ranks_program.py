"""The ranks of `test_ranks`: `python -m tests.core.training.ranks_program FOLDER DEVICE RANKS`.

They train several networks, one after the other, in one process group; rank 0 writes the results.
The processes are forked once torch is imported, and find one another as under torchrun: torchrun
itself, which imports torch in each, is tried in `test_torchrun`.
"""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import torch
from torch.distributed import TCPStore  # pyright: ignore[reportPrivateImportUsage]

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


def main() -> int:
    folder, device, count = sys.argv[1:]
    torch.set_num_threads(1)
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    os.environ.update(
        WORLD_SIZE=count,
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(store.port),
        TORCHELASTIC_USE_AGENT_STORE="True",
    )
    children = [_start(rank, Path(folder), device) for rank in range(int(count))]
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


def _start(rank: int, folder: Path, device: str) -> int:
    """Fork a rank; returns its process number."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
        with joined(placed(small_config(device=device)).device) as ranks:
            found = results(device, ranks)
            if not rank:
                (folder / "results.json").write_text(json.dumps(found))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
