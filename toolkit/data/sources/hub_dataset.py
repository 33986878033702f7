"""Data sets of the package ``datasets``."""

from collections.abc import Iterator
from typing import Any

from toolkit.data.sources.named_datasets import class_names, to_names
from toolkit.data.sources.source import Record


class HubDatasetSource:
    """A ``Dataset`` or ``IterableDataset``; numbers that its features name become their names.

    Args:
        dataset: The data set.
    """

    name = "the Dataset"
    fixed_columns = False

    def __init__(self, dataset: Any) -> None:
        self.columns = tuple(dataset.column_names or next(iter(dataset), ()))
        self._dataset = dataset
        self._class_names = class_names(dataset.features or {})

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, element in enumerate(self._dataset, start=1):
            values = dict(element)
            for column, names in self._class_names.items():
                if values[column] is not None:
                    values[column] = to_names(values[column], names)
            yield Record(row, values, f"row {row}")
