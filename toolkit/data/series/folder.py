"""Folders with a sub-folder for each class, and a file for each series in it."""

from contextlib import suppress
from pathlib import Path

from toolkit.data.series.options import SeriesOptions
from toolkit.data.series.sequence_table import SequenceTable
from toolkit.data.series.table import open_table, separators, step_columns
from toolkit.data.sources.folder import FolderSource
from toolkit.data.sources.numpy_file import read_arrays
from toolkit.errors import DataError, shorten


class SeriesFolder(FolderSource):
    """A folder whose sub-folders are the classes, with a CSV, TSV or ``.npy`` file for each series.

    The rows of a table are time steps. All tables have the columns of the first one, in any order,
    or none has a header. They may be gzipped.

    Args:
        path: The folder.
        part: Which of the sub-folders ``train`` and ``test`` to read, as in :class:`FolderSource`.
        options: The columns of the tables.

    Attributes:
        channel_names: The columns of the channels; empty without tables.

    Raises:
        DataError: As :class:`FolderSource`.
    """

    columns = ("series", "label", "file")
    plural, examples = "series", "run/ and walk/"

    def __init__(self, path: Path, part: str | None, options: SeriesOptions) -> None:
        super().__init__(path, part)
        self._options = options
        self._open_first_table()

    def _open_first_table(self) -> None:
        """Choose the columns of all tables by the first one that can be read."""
        self.channel_names: tuple[str, ...] = ()
        for label, name in self._files():
            path = self._path / label / name
            if (choices := separators(path)) is None:
                continue
            with suppress(DataError):
                table = open_table(path, choices, self._options)
                self._chosen = step_columns(table, self._options)
                self._table, self.channel_names = table, self._chosen.channels
                self.layout = "time_first"
                return

    def _is_content(self, name: str) -> bool:
        return name.lower().endswith(".npy") or separators(Path(name)) is not None

    def _read(self, path: Path) -> object:
        """Return the series of a file."""
        if path.name.lower().endswith(".npy"):
            arrays = read_arrays(path)
            if "array" not in arrays:
                raise DataError(f"{path} is a .npz file by its content; a .npy file has one array")
            return arrays["array"]
        if (choices := separators(path)) is None:
            raise DataError("the file is neither .csv, .tsv nor .npy")
        if not self.channel_names:
            raise DataError("the file has no columns of numbers")
        choices = "".join(dict.fromkeys(self._table.separator + choices))
        table = open_table(path, choices, self._options, like=self._table)
        if set(table.columns) != set(self._table.columns):
            raise DataError(
                f"its columns are {shorten(table.columns)}; those of {self._table.name} are "
                f"{shorten(self._table.columns)}"
            )
        for record in SequenceTable(table, self._chosen).records():
            if record.problem is not None:
                raise DataError(record.problem)
            return record.values["series"]
        raise DataError("the series has no time steps")
