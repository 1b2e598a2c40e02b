"""Random numbers: one seed, one stream for each purpose and epoch."""

import torch

from bilstm_core.compute.seeding import generator
from bilstm_core.compute.streams import Stream


def test_streams_of_one_seed_differ() -> None:
    draws = {
        (stream, epoch): torch.rand(4, generator=generator(0, stream, epoch)).tolist()
        for stream in Stream
        for epoch in (0, 1)
    }
    assert len({tuple(draw) for draw in draws.values()}) == len(draws)
    assert torch.rand(4, generator=generator(0, Stream.ORDER, 1)).tolist() == draws[Stream.ORDER, 1]
