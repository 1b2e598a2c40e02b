"""japanese-vowels: 640 utterances of two vowels by nine men, 7 to 29 steps × 12 coefficients.

The speaker is to be recognised; 270 utterances are for training and 370 for testing. The data are
"Japanese Vowels" by Mineichi Kudo, Jun Toyama and Masaru Shimbo, from the UCI Machine Learning
Repository (https://doi.org/10.24432/C5NS47), licensed under CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/). The values are unchanged, stored as 32-bit numbers.
"""

from dataclasses import replace
from pathlib import Path

from .arrays import read_npz
from .recordings import Read

_FILE = Path(__file__).with_name("japanese_vowels.npz")


def load_recordings() -> Read:
    """Read the data, which are installed with the package.

    Raises:
        DataError: The file is missing or damaged.
    """
    return replace(read_npz(_FILE), format="built-in")
