"""Sequences of different lengths: stored without padding, batched with little of it."""

import pytest
import torch

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.batches import Batch, by_length, in_order, training_batches
from bilstm_core.data.dataset import Dataset, Sequences
from bilstm_core.data.normalise import normalise, standard
from bilstm_core.data.spec import DataSpec, Normalisation
from tests.samples import small_config


def make_sequences(count: int, seed: int = 0) -> Sequences:
    """Each value tells its sequence and step; the label is the sequence's number."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(3, 30, (count,), generator=generator)
    values = torch.cat(
        [
            torch.stack([torch.full((length,), number), torch.arange(length)], dim=1)
            for number, length in enumerate(lengths.tolist())
        ]
    )
    return Sequences(values.float(), torch.arange(count), lengths)


def make_data(count: int = 500) -> Dataset:
    train = make_sequences(count)
    spec = DataSpec(
        name="counted",
        title="counted",
        kind="series",
        num_features=2,
        shortest=3,
        longest=29,
        classes=tuple(map(str, range(count))),
        train_size=count,
        test_size=10,
    )
    return Dataset.from_splits(spec, train, make_sequences(10, seed=1))


def config(**settings: object) -> RunConfig:
    return small_config(batch_size=16, **settings)


def sequences_in(batches: list[Batch]) -> dict[int, torch.Tensor]:
    found = {}
    for batch in batches:
        assert batch.lengths is not None
        for row, length, label in zip(batch.inputs, batch.lengths, batch.labels, strict=True):
            assert not row[length:].any(), "padding is zero"
            found[int(label)] = row[:length]
    return found


def check_whole(found: dict[int, torch.Tensor], data: Sequences) -> None:
    assert data.lengths is not None
    assert found.keys() == set(range(len(data)))
    for number, sequence in found.items():
        length = int(data.lengths[number])
        assert sequence[:, 0].tolist() == [number] * length
        assert sequence[:, 1].tolist() == list(range(length))


def padding_share(batches: list[Batch]) -> float:
    steps = sum(batch.inputs.shape[0] * batch.inputs.shape[1] for batch in batches)
    own = sum(int(batch.lengths.sum()) for batch in batches if batch.lengths is not None)
    return 1 - own / steps


class TestBatches:
    def test_every_sequence_is_whole_and_met_once_an_epoch(self) -> None:
        data = make_data()
        epochs = [list(training_batches(data, config(), epoch)) for epoch in (1, 2)]
        for batches in epochs:
            check_whole(sequences_in(batches), data.train)
            assert len(batches) == 32
            assert sorted(map(len, batches)) == [4] + [16] * 31
            assert padding_share(batches) < 0.1
        orders = [[batch.labels.tolist() for batch in batches] for batches in epochs]
        assert orders[0] != orders[1]

    def test_an_epoch_resumes_in_its_middle(self) -> None:
        data = make_data()
        whole = list(training_batches(data, config(), 3))
        for skip in (1, 17, 31):
            rest = list(training_batches(data, config(), 3, skip=skip))
            assert len(rest) == len(whole) - skip
            for one, other in zip(rest, whole[skip:], strict=True):
                assert one.inputs.equal(other.inputs)
                assert one.labels.equal(other.labels)

    def test_a_part_of_the_sequences_is_whole(self) -> None:
        data = make_data()
        chosen = torch.tensor([7, 3, 3, 499, 0])
        part = data.train[chosen]
        assert part.labels.equal(chosen)
        (batch,) = in_order(part, data.spec, 10)
        assert batch.lengths is not None
        for row, length, number in zip(batch.inputs, batch.lengths, chosen.tolist(), strict=True):
            assert row[:length, 0].tolist() == [number] * int(length)

    def test_evaluation_meets_every_sequence(self) -> None:
        data = make_data()
        batches = list(by_length(data.train, data.spec, 64))
        check_whole(sequences_in(batches), data.train)
        assert padding_share(batches) < 0.1
        in_file = list(in_order(data.train, data.spec, 64))
        assert torch.cat([batch.labels for batch in in_file]).equal(data.train.labels)

    def test_validation_sequences_are_whole_and_no_training_sequences(self) -> None:
        data = make_data().hold_out(0.2, seed=0)
        train, held_out = (
            sequences_in(list(in_order(part, data.spec, 64)))
            for part in (data.train, data.validation)
        )
        assert not train.keys() & held_out.keys()
        check_whole({**train, **held_out}, make_data().train)


class TestNormalisation:
    def test_standard_has_mean_0_and_deviation_1_by_feature(self) -> None:
        torch.manual_seed(0)
        values = torch.randn(1000, 3) * torch.tensor([1.0, 50.0, 0.0]) + torch.tensor([5.0, -9, 7])
        normalisation = standard(values, Normalisation())
        inputs = normalise(values, normalisation)
        torch.testing.assert_close(inputs.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
        torch.testing.assert_close(inputs.std(0, correction=0), torch.tensor([1.0, 1, 0]))

    @pytest.mark.parametrize("filler", [0.0, 1e6])
    def test_each_sequence_by_itself_without_its_padding(self, filler: float) -> None:
        torch.manual_seed(0)
        lengths = torch.tensor([5, 9, 1])
        values = torch.randn(3, 9, 2) * 7 + 3
        for row, length in zip(values, lengths, strict=True):
            row[length:] = filler
        inputs = normalise(values, Normalisation(per_sequence=True), lengths)
        for row, own, length in zip(inputs, values, lengths.tolist(), strict=True):
            expected = normalise(own[None, :length], Normalisation(per_sequence=True))[0]
            torch.testing.assert_close(row[:length], expected, rtol=1e-4, atol=1e-5)
        assert inputs[2, 0].tolist() == [0, 0]
