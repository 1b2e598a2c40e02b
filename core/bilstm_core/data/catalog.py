"""The built-in data sets, described before a byte of them is read."""

from .spec import DataSpec, Normalisation

_DIGITS = tuple(map(str, range(10)))
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _like_mnist(name: str, title: str, origin: str, classes: tuple[str, ...]) -> DataSpec:
    return DataSpec(
        name=name,
        title=title,
        kind="images",
        num_features=28,
        shortest=28,
        longest=28,
        classes=classes,
        train_size=60_000,
        test_size=10_000,
        normalisation=Normalisation(divisor=255),
        origin=f"torchvision.datasets.{origin}",
    )


CATALOG: dict[str, DataSpec] = {
    spec.name: spec
    for spec in (
        _like_mnist(
            "mnist",
            "MNIST",
            "MNIST",
            tuple(f"{digit} - {number}" for digit, number in zip(_DIGITS, _NUMBERS, strict=True)),
        ),
        _like_mnist(
            "fashion-mnist",
            "Fashion-MNIST",
            "FashionMNIST",
            (
                *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
                *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            ),
        ),
        _like_mnist(
            "kmnist",
            "KMNIST",
            "KMNIST",
            ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        ),
        DataSpec(
            name="digits",
            title="digits",
            kind="images",
            num_features=8,
            shortest=8,
            longest=8,
            classes=_DIGITS,
            train_size=1_437,
            test_size=360,
            normalisation=Normalisation(divisor=16),
            origin="sklearn.datasets.load_digits",
        ),
    )
}
"""Every built-in data set by its name in the configuration."""
