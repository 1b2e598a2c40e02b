"""Made-up images that are not square."""

import numpy as np

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.dataset import Dataset, Sequences
from bilstm_core.data.spec import DataSpec, Normalisation
from tests.samples import small_config

HEIGHT, WIDTH = 6, 11
SPEC = DataSpec(
    name="bars",
    title="bars",
    kind="images",
    num_features=WIDTH,
    shortest=HEIGHT,
    longest=HEIGHT,
    classes=("horizontal", "vertical", "none"),
    train_size=240,
    test_size=60,
    normalisation=Normalisation(divisor=200),
    origin="made up",
)


def make_bars() -> Dataset:
    """A bright bar across the image, down the image, or none; on black, or on noise."""
    rng = np.random.default_rng(0)
    count = SPEC.train_size + SPEC.test_size
    labels = (np.arange(count) % SPEC.num_classes).astype(np.uint8)
    values = rng.integers(0, 40, (count, HEIGHT, WIDTH), dtype=np.uint8)
    values[rng.random(count) < 0.5] = 0
    for image, label in zip(values, labels, strict=True):
        if label == 0:
            image[rng.integers(1, HEIGHT - 1)] = 200
        elif label == 1:
            image[:, rng.integers(1, WIDTH - 1)] = 200
    everything = Sequences.from_arrays(values, labels)
    return Dataset.from_splits(SPEC, everything[: SPEC.train_size], everything[SPEC.train_size :])


def bars_config(**settings: object) -> RunConfig:
    """A configuration that learns to tell them apart within a second."""
    base = small_config(batch_size=16, num_epochs=10, learning_rate=0.02).model_dump()
    return RunConfig.model_validate({**base, "dataset": SPEC.name, **settings})
