"""Sequences to predict, from files of any format, prepared as those that were trained on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..building_blocks.readouts import READOUTS
from ..cleaning import one_line
from ..config.schema import RunConfig
from ..data.missing import count_missing, fill
from ..data.normalise import stored
from ..data.sources.arrays import read_npy
from ..data.sources.assemble import cut
from ..data.sources.class_folders import as_bytes
from ..data.sources.columns import TableOptions, is_time_name
from ..data.sources.content import read_text
from ..data.sources.delimited import MISSING_LABELS, first_lines, rows_of, separator_of
from ..data.sources.formats import read_file
from ..data.sources.limits import named, shown, unreadable
from ..data.sources.own_data import table_options
from ..data.sources.pictures import open_picture
from ..data.sources.recognition import Format, format_of
from ..data.sources.recordings import Recordings
from ..data.sources.sequence_files import SequenceFiles
from ..data.spec import DataSpec
from ..errors import DataError, ImageError
from ..wording import counted
from .input_files import InputFile

Values = NDArray[np.float32] | NDArray[np.uint8]


@dataclass(frozen=True)
class Input:
    """A sequence to predict.

    Attributes:
        source: Its file; empty for an array.
        id: What it is called there.
        values: As the data set stores them, without missing values, shape (T, features).
        label: Its class, where the file says so.
        scaling: What was done to a picture, in words.
    """

    source: str
    id: str
    values: Values
    label: str | None = None
    scaling: str = ""


class InputReader:
    """Reads what a network is to predict.

    Args:
        config: What the network was trained with.
        spec: The data that it was trained on.
        as_is: See `predict`.
        warn: Called with what may be wrong with a file.
    """

    def __init__(
        self,
        config: RunConfig,
        spec: DataSpec,
        *,
        as_is: bool,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._config, self._spec, self._as_is, self._warn = config, spec, as_is, warn

    def read(self, file: InputFile) -> Iterator[Input]:
        """The sequences of a file.

        Raises:
            ImageError: It is no image, or nothing is drawn in it.
            DataError: It cannot be read, or its sequences do not fit the network.
            ConfigError: A setting of the run names no column of a table.
        """
        if self._spec.kind == "images" and not _has_arrays(file.path):
            yield self._picture(file)
            return
        for part in self._parts(file):
            columns = self._columns(file.path, part)
            for number, values in enumerate(part.values):
                label = file.label if part.labels is None else part.labels[number]
                yield Input(
                    str(file.path),
                    one_line(part.ids[number]),
                    self.complete(values[:, columns], file.path, part.ids[number]),
                    None if label is None or label in MISSING_LABELS else one_line(label),
                )

    def complete(self, values: Values, path: Path, name: str) -> Values:
        """A sequence like those of the training part: nothing is missing, and it is not too long.

        Args:
            values: As stored, shape (T, features).
            path: The file, for messages.
            name: What the sequence is called, for messages.

        Raises:
            DataError: A value is missing although the run's setting calls that an error, or the
                network cannot read a sequence of this length.
        """
        spec = self._spec
        floats = values.astype(np.float32, copy=False)
        if lost := int(count_missing([floats], spec.num_features).sum()):
            if self._config.missing == "error":
                problem = f"sequence {shown(name)} has {counted(lost, 'missing value')}"
                raise unreadable(path, f"{problem}, and the run's setting is missing = error")
            means = spec.fill or spec.normalisation.means or [0.0] * spec.num_features
            values = fill(floats, self._config.missing, np.array(means, np.float32))
        values = cut(values, self._config)
        is_fixed = spec.kind == "images" or READOUTS[self._config.readout].reads_every_step
        if is_fixed and len(values) != spec.longest:
            readout = f", because of readout = {self._config.readout}"
            reason = "" if spec.kind == "images" else readout
            raise unreadable(
                path,
                f"sequence {shown(name)} has {counted(len(values), spec.steps[:-1])}, and the "
                f"network reads {spec.longest:,}{reason}",
            )
        return values

    def _picture(self, file: InputFile) -> Input:
        """An image file: bright on black, or for a person's own data as it is there."""
        from .framing import fit, fit_as_it_is, fit_whole  # slow, and only needed here

        spec, picture = self._spec, open_picture(file.path)
        if self._config.is_own_data:
            fitted = fit_whole(picture, spec)
        else:
            fitted = fit_as_it_is(picture, spec) if self._as_is else fit(picture, spec)
        if fitted is None:
            raise ImageError(
                f"Nothing in {file.path} stands out from its ground.",
                "To predict it all the same, take it as it is.",
            )
        brightness, words = fitted
        if self._config.is_own_data:
            values = as_bytes(brightness)
        else:
            values = stored(torch.from_numpy(brightness), spec.normalisation).float().numpy()
        return Input(str(file.path), file.id, values, file.label, words)

    def _parts(self, file: InputFile) -> list[Recordings]:
        """What is in a file: all parts of an .npz, of any other file the only one."""
        path, found = file.path, format_of(file.path)
        if found == "picture":
            raise unreadable(
                path, f"it is a picture, and the network reads series of {self._spec.title}"
            )
        if found == "npy":
            return [Recordings([read_npy(path)], None, [file.id])]
        if found in {"table", "ucr"} and self._is_one_sequence(path, found):
            files = SequenceFiles(path)
            return [Recordings([files.read(path)], None, [file.id], None, files.names)]
        read = read_file(path, self._table_options())
        for warning in read.warnings:
            self._warn(f"{path}: {warning}")
        if [*read.train.ids] == [path.name]:  # a table that is one sequence
            self._warn_of_length(path, len(read.train.values[0]))
            read = replace(read, train=replace(read.train, ids=[file.id]))
        return [part for part in (read.train, read.test) if part is not None]

    def _warn_of_length(self, path: Path, steps: int) -> None:
        """Say that a table was read as one sequence, where it may well hold many."""
        if steps > self._spec.longest:
            self._warn(
                f"{path}: all {steps:,} rows were read as one sequence, because no column has ids, "
                f"and the longest one in training has {counted(self._spec.longest, 'step')}."
            )

    def _is_one_sequence(self, path: Path, found: Format) -> bool:
        """Whether a text file has no names of columns, or one column, and so no ids or labels.

        Beside that column there may be the time, where the network learned from rows that are
        sequences: the columns of such rows are not looked for then.
        """
        lines = first_lines(read_text(path)[0], is_whole=True)
        cells = rows_of(lines, separator_of(lines))[0]
        others = [cell for cell in cells if not (self._spec.columns and is_time_name(cell))]
        if len(cells) == 1 or len(others) == 1:
            return True
        return found == "ucr" and self._spec.num_features > 1

    def _table_options(self) -> TableOptions:
        """The columns that the run used; found anew where it read no table."""
        options, spec = table_options(self._config), self._spec
        if spec.columns:
            return replace(options, features=spec.columns, is_long=False)
        if spec.kind == "images" or (spec.num_features == 1 and not spec.feature_names):
            return options  # of one value a step: the steps may be rows or columns
        return replace(options, features=spec.feature_names, is_long=True)

    def _columns(self, path: Path, part: Recordings) -> list[int] | slice:
        """The columns of a sequence that are the network's features.

        Raises:
            DataError: There are others, or not as many.
        """
        own, wanted = part.feature_names, self._spec.feature_names
        if own and wanted and own != wanted:
            if lost := [name for name in wanted if name not in own]:
                raise unreadable(
                    path, f"it has no {named('feature', lost)}, which the network reads"
                )
            return [own.index(name) for name in wanted]
        features, needed = part.values[0].shape[1], self._spec.num_features
        if features != needed:
            found = counted(features, "feature")
            raise unreadable(
                path, f"its sequences have {found} a step, and the network reads {needed:,}"
            )
        return slice(None)


def _has_arrays(path: Path) -> bool:
    try:
        return format_of(path) in {"npz", "npy"}
    except DataError:  # what opens the picture says what is wrong with it
        return False
