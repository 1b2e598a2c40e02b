"""The built-in data sets, described before a byte of them is read."""

from .spec import DataSpec, Normalisation

_DIGITS = tuple(map(str, range(10)))
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _images(
    title: str,
    size: int,
    classes: tuple[str, ...],
    splits: tuple[int, int],
    divisor: int,
    origin: str,
) -> DataSpec:
    train_size, test_size = splits
    return DataSpec(
        name=title.lower(),
        title=title,
        kind="images",
        num_features=size,
        shortest=size,
        longest=size,
        classes=classes,
        train_size=train_size,
        test_size=test_size,
        normalisation=Normalisation(divisor),
        origin=origin,
    )


def _like_mnist(title: str, origin: str, classes: tuple[str, ...]) -> DataSpec:
    return _images(title, 28, classes, (60_000, 10_000), 255, f"torchvision.datasets.{origin}")


CATALOG: dict[str, DataSpec] = {
    spec.name: spec
    for spec in (
        _like_mnist(
            "MNIST",
            "MNIST",
            tuple(f"{digit} - {number}" for digit, number in zip(_DIGITS, _NUMBERS, strict=True)),
        ),
        _like_mnist(
            "Fashion-MNIST",
            "FashionMNIST",
            (
                *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
                *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            ),
        ),
        _like_mnist(
            "KMNIST", "KMNIST", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
        ),
        _images("digits", 8, _DIGITS, (1_437, 360), 16, "sklearn.datasets.load_digits"),
        DataSpec(
            name="japanese-vowels",
            title="Japanese Vowels",
            kind="series",
            num_features=12,
            shortest=7,
            longest=29,
            classes=tuple(str(speaker) for speaker in range(1, 10)),
            train_size=270,
            test_size=370,
            origin="UCI: M. Kudo, J. Toyama, M. Shimbo (CC BY 4.0)",
        ),
    )
}
"""Every built-in data set by its name in the configuration; `schema.BUILT_IN` lists the names."""
