"""A few sequences of the split that is evaluated: what is predicted for them shows a run learning.

Their class scores are those of the evaluation, so that they cost nothing and disturb nothing.
"""

import time
from base64 import b64encode

import torch
from torch import Tensor
from torch.nn import functional

from .. import events
from ..compute.seeding import generator
from ..compute.streams import Stream
from ..data.batches import Batch, make_batch
from ..data.dataset import Dataset, Sequences
from ..data.example import (
    MOST_COLUMNS,
    MOST_EXAMPLES,
    MOST_ROWS,
    MOST_SHARES,
    Example,
    Shares,
)
from ..data.normalise import brightness
from ..data.reduction import extremes
from ..data.spec import DataSpec, Split
from ..events import Emit

REPORT_SECONDS = 1.0
"""Between two reports of predictions, however short the epochs are: the log stays small."""
_MOST_FEATURES = 6
_PIECES = MOST_COLUMNS // 2
_MOST_PROBABLE = MOST_SHARES - 1
_DIGITS = 4


class WatchedExamples:
    """The examples of a run: chosen by the seed, one of each class first.

    Args:
        data: The data of the run; `split`, whose sequences they are, must not be empty.
        seed: That of the run.
        emit: Takes the reports.
    """

    def __init__(self, data: Dataset, seed: int, emit: Emit) -> None:
        self.split: Split = data.evaluated_split
        self._emit = emit
        self._spec = data.spec
        sequences = data.split(self.split)
        self._rows = choose(sequences.labels.cpu(), data.spec.num_classes, seed)
        self._sequences = sequences[torch.tensor(self._rows, device=sequences.labels.device)]
        self._labels: list[int] = self._sequences.labels.tolist()
        self._places = _places(sequences, self._rows)
        self._scores = [torch.zeros(data.spec.num_classes)] * len(self._rows)
        self._unreported: tuple[int, int] | None = None
        self._reported_at = -REPORT_SECONDS

    def show(self) -> None:
        """Report the pictures of the examples."""
        pictures = _pictures(self._sequences, self._spec)
        examples = tuple(
            Example(
                index=row,
                label=label,
                rows=picture.shape[0],
                columns=picture.shape[1],
                values=b64encode(bytes(picture.flatten().tolist())).decode(),
            )
            for row, label, picture in zip(self._rows, self._labels, pictures, strict=True)
        )
        self._emit(events.Examples(split=self.split, examples=examples))

    def batch(self) -> Batch:
        """The examples alone."""
        return make_batch(self._sequences, self._spec)

    def take_all(self, scores: Tensor) -> None:
        """Remember the class scores of `batch`, shape (N, num_classes)."""
        self._scores = list(scores)

    def take(self, first: int, scores: Tensor) -> None:
        """Remember the class scores of those that are in a batch of the evaluation.

        Args:
            first: The position of the batch's first sequence, in the order of `by_length`.
            scores: Shape (N, num_classes).
        """
        for number, place in enumerate(self._places):
            if first <= place < first + len(scores):
                self._scores[number] = scores[place - first].clone()

    def finish(self, epoch: int, step: int) -> None:
        """Note that the scores of all examples are those of this step."""
        self._unreported = (epoch, step)

    def report(self, *, at_once: bool = False) -> None:
        """Report what is predicted; unless it must be at once, not again within a second."""
        if self._unreported is None:
            return
        if not at_once and time.monotonic() - self._reported_at < REPORT_SECONDS:
            return
        (epoch, step), self._unreported = self._unreported, None
        self._reported_at = time.monotonic()
        shares = torch.stack(self._scores).float().softmax(dim=1).cpu()
        predictions = tuple(map(_most_probable, shares, self._labels))
        self._emit(events.Predictions(epoch=epoch, step=step, predictions=predictions))


def watch_examples(data: Dataset, seed: int, emit: Emit) -> WatchedExamples | None:
    """The examples of a run; None where there are no sequences to choose from."""
    is_empty = not len(data.split(data.evaluated_split))
    return None if is_empty else WatchedExamples(data, seed, emit)


def choose(labels: Tensor, num_classes: int, seed: int) -> list[int]:
    """Rows of a split for examples, sorted by class: by the seed, one of each class first."""
    order = torch.randperm(len(labels), generator=generator(seed, Stream.EXAMPLES))
    shuffled = labels[order]
    # how many of its class come before each: the examples are those with the fewest
    by_class = shuffled.argsort(stable=True)
    counts = shuffled.bincount(minlength=num_classes)
    starts = (counts.cumsum(0) - counts)[shuffled[by_class]]
    before = torch.empty_like(shuffled)
    before[by_class] = torch.arange(len(shuffled)) - starts
    chosen = order[before.argsort(stable=True)[:MOST_EXAMPLES]]
    return chosen[labels[chosen].argsort(stable=True)].tolist()


def _places(sequences: Sequences, rows: list[int]) -> list[int]:
    """Where rows of a split are in the order of `by_length`."""
    if sequences.lengths is None:
        return rows
    return sequences.lengths.argsort(stable=True).argsort()[rows].tolist()


def _most_probable(shares: Tensor, label: int) -> Shares:
    classes = shares.topk(min(_MOST_PROBABLE, len(shares))).indices.tolist()
    return tuple((it, round(shares[it].item(), _DIGITS)) for it in dict.fromkeys([*classes, label]))


def _pictures(sequences: Sequences, spec: DataSpec) -> list[Tensor]:
    """The pictures of sequences, as bytes of the shape (rows, columns)."""
    if spec.kind == "images":
        images = brightness(sequences.values.cpu(), spec.normalisation)
        return [_bytes_of(_smaller(image)) for image in images]
    reduced = [
        _in_pieces(sequences[number : number + 1].padded()[0, :, :_MOST_FEATURES].cpu().float())
        for number in range(len(sequences))
    ]
    everything = torch.cat(reduced, dim=1)
    low, high = everything.amin(dim=1, keepdim=True), everything.amax(dim=1, keepdim=True)
    extent = (high - low).where(high > low, 1.0)
    return [_bytes_of((values - low) / extent) for values in reduced]


def _smaller(image: Tensor) -> Tensor:
    """An image with no more pixels than a picture has, in its own proportions."""
    height, width = image.shape
    scale = min(1.0, MOST_ROWS / max(height, width))
    if scale == 1.0:
        return image
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return functional.adaptive_avg_pool2d(image[None], size)[0]


def _in_pieces(values: Tensor) -> Tensor:
    """A series (T, features) as (features, columns): of a long one the extremes of each piece."""
    if len(values) <= MOST_COLUMNS:
        return values.T
    low, high = extremes(values, _PIECES)
    return torch.stack((low, high), dim=1).flatten(end_dim=1).T


def _bytes_of(picture: Tensor) -> Tensor:
    """Numbers from 0 to 1 as bytes."""
    return (picture.nan_to_num(0.0).clamp(0, 1) * 255).round().to(torch.uint8)
