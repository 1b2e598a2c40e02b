"""The built-in set of utterances is the archive's, value by value."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

from bilstm_core.data.sources.japanese_vowels import load_recordings
from bilstm_core.data.sources.recordings import Recordings
from bilstm_core.data.sources.ts_files import read_ts


def make_file(series_dir: Path, path: Path) -> None:
    """Write the package's file from JapaneseVowels_TRAIN.ts and JapaneseVowels_TEST.ts.

    As it is done: python -m tests.core.data.sources.test_japanese_vowels SERIES_FOLDER FILE
    """
    arrays: dict[str, np.ndarray] = {
        "feature_names": np.array([f"coefficient {number}" for number in range(1, 13)])
    }
    for part in ("train", "test"):
        found = read_ts(series_dir / f"JapaneseVowels_{part.upper()}.ts").train
        arrays[f"X_{part}"] = np.concatenate(found.values)
        arrays[f"lengths_{part}"] = np.array([*map(len, found.values)], np.uint8)
        arrays[f"y_{part}"] = np.array([*map(int, found.labels or ())], np.uint8)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def same(ours: Recordings, theirs: Recordings) -> bool:
    return ours.labels == theirs.labels and all(
        np.array_equal(a, b) for a, b in zip(ours.values, theirs.values, strict=True)
    )


def test_what_it_holds() -> None:
    found = load_recordings()
    assert found.test is not None
    assert (found.kind, found.notes) == ("series", ())
    assert Counter(found.train.labels) == {str(speaker): 30 for speaker in range(1, 10)}
    sizes = dict(zip("123456789", (31, 35, 88, 44, 29, 24, 40, 50, 29), strict=True))
    assert Counter(found.test.labels) == sizes
    for part, longest in ((found.train, 26), (found.test, 29)):
        lengths = {len(values) for values in part.values}
        assert (min(lengths), max(lengths)) == (7, longest)
        assert {values.shape[1] for values in part.values} == {12}
        assert {values.dtype for values in part.values} == {np.dtype(np.float32)}
        assert part.feature_names[::11] == ("coefficient 1", "coefficient 12")


def test_it_is_what_the_archive_has(series_dir: Path) -> None:
    found = load_recordings()
    assert found.test is not None
    assert same(found.train, read_ts(series_dir / "JapaneseVowels_TRAIN.ts").train)
    assert same(found.test, read_ts(series_dir / "JapaneseVowels_TEST.ts").train)


if __name__ == "__main__":
    make_file(Path(sys.argv[1]), Path(sys.argv[2]))
