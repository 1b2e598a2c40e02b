"""The data sets, as facts: shapes, sizes and where torchvision keeps them.

Free of torch, so that a form, a help page or an estimate can use it at once.
"""

from dataclasses import dataclass

from ..config.schema import DatasetName


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a data set before a byte of it is read.

    An image of `sequence_length` rows and `input_size` columns is read as a sequence of rows:
    `sequence_length` time steps of `input_size` features.

    Attributes:
        name: As in `RunConfig.dataset`.
        title: As people write it.
        sequence_length: Time steps per image (rows).
        input_size: Features per time step (columns).
        num_classes: Classes to tell apart.
        pixel_max: The pixel value that becomes 1.0.
        train_size: Training images.
        test_size: Test images.
        torchvision_class: Name in `torchvision.datasets`, also the name of its folder;
            empty for a data set that is built in.
    """

    name: DatasetName
    title: str
    sequence_length: int
    input_size: int
    num_classes: int
    pixel_max: int
    train_size: int
    test_size: int
    torchvision_class: str = ""

    def held_out(self, fraction: float) -> int:
        """Training images that a fraction above 0 holds out: at least one."""
        return max(1, round(fraction * self.train_size)) if fraction else 0

    @property
    def is_built_in(self) -> bool:
        """Whether it needs neither a download nor a folder."""
        return not self.torchvision_class


def _mnist_like(name: DatasetName, title: str, torchvision_class: str) -> DatasetFacts:
    return DatasetFacts(name, title, 28, 28, 10, 255, 60_000, 10_000, torchvision_class)


CATALOG: dict[str, DatasetFacts] = {
    facts.name: facts
    for facts in (
        _mnist_like("mnist", "MNIST", "MNIST"),
        _mnist_like("fashion-mnist", "Fashion-MNIST", "FashionMNIST"),
        _mnist_like("kmnist", "KMNIST", "KMNIST"),
        DatasetFacts("digits", "digits", 8, 8, 10, 16, 1_437, 360),
    )
}
