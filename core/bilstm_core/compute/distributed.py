"""The processes that torchrun starts for one network: ranks, and what they tell one another."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import PrefixStore, TCPStore  # pyright: ignore[reportPrivateImportUsage]

from ..config.schema import RunConfig
from ..errors import ConfigError, Remedy, TrainingError

_TIMEOUT = timedelta(minutes=30)
"""Until a machine that does not answer is given up: one that has lost its power."""
_RUN_KEY = "bilstm-tui/run"
T = TypeVar("T")


class Ranks:
    """The processes of a run; a process on its own is rank 0 of 1.

    Every rank makes the same calls in the same order: a call returns when all ranks have made it.

    Attributes:
        rank: Number of this process; rank 0 alone writes and prints.
        size: How many there are.
        local_rank: Number of this process on its machine.
    """

    rank = 0
    size = 1
    local_rank = 0

    def rows_of(self, num_rows: int, multiple: int) -> slice:
        """The rows of a batch that this rank computes; none where there are too few.

        Args:
            num_rows: In the batch, of all ranks.
            multiple: Rows that are not separated.
        """
        blocks = -(-num_rows // multiple)
        ranks = (self.rank, self.rank + 1)
        return slice(*(min(num_rows, multiple * (blocks * it // self.size)) for it in ranks))

    def add(self, tensors: list[Tensor]) -> None:
        """Replace float32 tensors by their sums over all ranks, which are the same on each."""

    def copy_from_first(self, tensors: list[Tensor]) -> None:
        """Replace tensors by those of rank 0."""

    def agree(self, stop: Callable[[], int], rate: float | None) -> tuple[int, float | None]:
        """What all ranks do next: the most urgent of their stops, and a learning rate of rank 0."""
        return stop(), rate

    def tell_waiting(self) -> bool:
        """Say that rank 0 waits, while the others call `agree`; returns whether one has to stop."""
        return False

    def send(self, content: T) -> T:
        """An object of rank 0, on all ranks."""
        return content

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Let the first rank of each machine do something before the others do it."""
        yield

    def placed(self, config: RunConfig) -> RunConfig:
        """The configuration with the device of this rank."""
        return config


ALONE = Ranks()


class Group(Ranks):
    """Ranks of a process group; numbers that decide something go over gloo, never over a GPU."""

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.local_rank = int(os.environ["LOCAL_RANK"])
        self._control: Any = dist.new_group(backend="gloo", timeout=_TIMEOUT)

    def add(self, tensors: list[Tensor]) -> None:
        """See `Ranks`."""
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        with _lost_in_words():
            dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def copy_from_first(self, tensors: list[Tensor]) -> None:
        """See `Ranks`."""
        with _lost_in_words():
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def agree(self, stop: Callable[[], int], rate: float | None) -> tuple[int, float | None]:
        """See `Ranks`."""
        while True:
            agreed, ordered, waits = self._highest(stop(), -1.0 if rate is None else rate, 0)
            if not waits:
                return int(agreed), None if ordered < 0 else ordered

    def tell_waiting(self) -> bool:
        """See `Ranks`."""
        return bool(self._highest(0, -1.0, 1)[0])

    def _highest(self, *numbers: float) -> list[float]:
        vector = torch.tensor(numbers, dtype=torch.float64)
        with _lost_in_words():
            dist.all_reduce(vector, dist.ReduceOp.MAX, group=self._control)
        return vector.tolist()

    def send(self, content: T) -> T:
        """See `Ranks`."""
        box: list[Any] = [content]
        with _lost_in_words():
            dist.broadcast_object_list(box, src=0, group=self._control)
        return box[0]

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """See `Ranks`."""
        if self.local_rank:
            self._wait_for_all()
        yield
        if not self.local_rank:
            self._wait_for_all()

    def _wait_for_all(self) -> None:
        with _lost_in_words():
            dist.barrier(group=self._control)

    def placed(self, config: RunConfig) -> RunConfig:
        """See `Ranks`."""
        return placed(config)


def placed(config: RunConfig) -> RunConfig:
    """A configuration with the device of a process that torchrun has started: a GPU for each.

    Raises:
        ConfigError: It names one GPU for all, or there are not enough.
    """
    if config.device not in {"auto", "cuda"}:
        if config.device.startswith("cuda"):
            raise ConfigError(
                f"device = {config.device} is one GPU, and torchrun starts a process for each.",
                Remedy("Set device = cuda.", "set", settings={"device": "cuda"}),
            )
        return config
    gpus, local_rank = torch.cuda.device_count(), int(os.environ["LOCAL_RANK"])
    if config.device == "auto" and not gpus:
        return config.model_copy(update={"device": "cpu"})
    if local_rank >= gpus:
        raise ConfigError(
            f"torchrun started {local_rank + 1} processes here, and there are {gpus} GPUs.",
            "Start fewer processes on this machine, or set device = cpu.",
        )
    return config.model_copy(update={"device": f"cuda:{local_rank}"})


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """Join the processes that torchrun has started.

    Args:
        device: Of this rank, as in its configuration.

    Raises:
        TrainingError: They cannot be reached.
    """
    backend = "nccl" if device.startswith("cuda") else "gloo"
    with _lost_in_words():
        if backend == "nccl":
            torch.cuda.set_device(device)
        store = _store()
        if store is None:
            dist.init_process_group(backend, timeout=_TIMEOUT)
        else:
            rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
            attempt = f"{os.environ.get('TORCHELASTIC_RESTART_COUNT')}-{size}"
            # the store still has the addresses of the attempt before, whose processes have ended
            own = PrefixStore(f"bilstm-tui/{attempt}", store)
            dist.init_process_group(
                backend, store=own, rank=rank, world_size=size, timeout=_TIMEOUT
            )
    try:
        yield Group()
    finally:
        dist.destroy_process_group()


def started_run(name: str = "") -> str:
    """The run that rank 0 has started since torchrun was: remembered by torchrun between restarts.

    Args:
        name: The run to remember; empty to ask.

    Returns:
        Its path; empty if there is none yet, or this torchrun remembers nothing.
    """
    with _lost_in_words():
        store = _store()
        if store is None:
            return ""
        if name:
            store.set(_RUN_KEY, name)
        return store.get(_RUN_KEY).decode() if store.check([_RUN_KEY]) else ""


def _store() -> TCPStore | None:
    """What torchrun remembers for its processes, also between restarts; None if it does not."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return TCPStore(address, port, is_master=False, timeout=_TIMEOUT)


class LostRankError(TrainingError):
    """Another process of the run has ended, or cannot be reached."""

    default_title = "A process of the run was lost"


@contextmanager
def _lost_in_words() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:  # gloo's and NCCL's
        raise LostRankError(
            f"Another process of this run has ended or cannot be reached: "
            f"{str(error).splitlines()[0]:.200}",
            "What it said stands above. Where torchrun may restart them, all processes resume from "
            "the last checkpoint.",
        ) from None
