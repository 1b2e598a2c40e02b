"""The data of the form: built-in sets are described at once, others are read first."""

from pathlib import Path

from bilstm_core.config.schema import RunConfig
from bilstm_core.data.data_overview import DataOverview
from bilstm_core.data.sources.file_state import settings_of_data
from bilstm_core.data.sources.registry import describe, require_fit
from bilstm_core.data.spec import DataSpec
from bilstm_core.errors import BilstmError
from bilstm_core.processes.data_reader_client import DataReader


class FormData:
    """What is known of the data that the form names.

    Attributes:
        overview: What is in them; None as long as they have not been read.
        failure: Why they could not be read; None if they could, or have not been.
    """

    def __init__(self, data_dir: Path | None) -> None:
        self._reader = DataReader(data_dir)
        self._settings: tuple[object, ...] | None = None
        self.overview: DataOverview | None = None
        self.failure: BilstmError | None = None
        self._reading: RunConfig | None = None

    @property
    def is_reading(self) -> bool:
        """Whether they are being read."""
        return self._reading is not None

    def expect(self, config: RunConfig) -> bool:
        """Prepare to read the data of a configuration; return whether other ones were expected."""
        settings = settings_of_data(config)
        is_other = settings != self._settings
        if is_other:
            self._settings, self.overview, self.failure = settings, None, None
        return is_other

    async def read(self, config: RunConfig) -> None:
        """Read the data in another process, unless they are known."""
        overview, failure = None, None
        self._reading = config
        try:
            overview = await self._reader.read(config)
        except BilstmError as error:
            failure = error
        finally:
            if self._reading is config:  # else it was cancelled, and others are being read
                self._reading = None
        self.overview, self.failure = overview, failure

    def spec_for(self, config: RunConfig) -> DataSpec | None:
        """The description of the data; None while they are read.

        Raises:
            BilstmError: They cannot be read, or a setting does not fit them.
        """
        if config.is_own_data and self.failure:
            raise self.failure
        if config.is_own_data:
            spec = self.overview.spec if self.overview else None
        else:
            spec = describe(config)
        if spec:
            require_fit(config, spec)
        return spec
