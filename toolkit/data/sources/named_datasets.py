"""Data sets of tf.data, and named ones of TensorFlow Datasets."""

import contextlib
import difflib
import importlib
import io
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from toolkit.data.sources.source import Record, log_weights
from toolkit.errors import DataError, shorten

NAME = re.compile(r"[a-z]\w*(/[\w.-]+)?(:[\w\[\]%:]+)?", re.ASCII)
"""The form of a data set's name: ``name`` or ``name/config``, optionally with ``:split``."""

logger = logging.getLogger("toolkit")

#: ``tf.data.INFINITE_CARDINALITY``, without an import of TensorFlow.
INFINITE = -1
_RETRIES = 1  # the default of ten takes minutes without a network


class DatasetSource:
    """A ``tf.data.Dataset`` of texts, of pairs ``(text, label)``, or of dicts.

    A weight after each pair is not used, which is logged.

    Args:
        dataset: The data set.
        name: Its name, for messages.
        class_names: The names of classes by index, by column; negative indices become None.
        batched: Whether its elements are batches, which are unbatched; None assumes so if all
            components have rank 1.

    Raises:
        DataError: Its elements are of another kind, or it never ends.
    """

    def __init__(
        self,
        dataset: Any,
        name: str = "the data set",
        class_names: Mapping[str, Sequence[str]] | None = None,
        batched: bool | None = None,
    ) -> None:
        if int(dataset.cardinality()) == INFINITE:
            raise DataError(
                f"{name} never ends, so that it cannot be read to its end; leave out repeat(), or "
                "limit it by take()"
            )
        self.name = name
        self._class_names = class_names or {}
        spec = dataset.element_spec
        fields = spec.values() if isinstance(spec, dict) else spec
        fields = tuple(fields) if isinstance(fields, Iterable) else (fields,)
        names = tuple(spec) if isinstance(spec, dict) else ("text", "label", "weight")
        self.columns = names[: len(fields)]
        ranks: list[Any] = [
            getattr(getattr(field, "shape", None), "rank", None) for field in fields
        ]
        if None in ranks or len(ranks) != len(self.columns) or min(ranks, default=2) > 1:
            raise DataError(
                f"{name} has elements {spec}; they should be strings, pairs (text, label) or dicts"
            )
        self.fixed_columns = not isinstance(spec, dict)
        if self.fixed_columns and len(fields) == 3:
            log_weights(name)
        batched = min(ranks) == 1 if batched is None else batched
        self._dataset = dataset.unbatch() if batched else dataset

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, element in enumerate(self._dataset.as_numpy_iterator(), start=1):
            if isinstance(element, dict):
                values = dict(element)
            else:
                fields = element if isinstance(element, tuple) else (element,)
                values = dict(zip(self.columns, fields, strict=True))
            for column, names in self._class_names.items():
                values[column] = to_names(values[column], names)
            yield Record(row, values, f"row {row}")


def open_named(name: str, part: str | None = None) -> DatasetSource:
    """Open a data set of TensorFlow Datasets, and download it if necessary.

    Args:
        name: Its name, optionally with a split: ``imdb_reviews`` or ``imdb_reviews:test``.
        part: The split to read if the name has none; it is logged. None means ``train``.

    Raises:
        DataError: The data set or split does not exist, or cannot be downloaded.
    """
    name, _, named_split = name.partition(":")
    split = named_split or part or "train"
    instead = "give the path of a file instead, such as reviews.csv"
    try:
        tfds = importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise DataError(
            f"{name} needs the package tensorflow-datasets ({error}); {instead}"
        ) from None
    known = tfds.list_builders(with_community_datasets=False)
    if name.partition("/")[0] not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataError(f"there is no file and no data set {name!r}{hint}; {instead}")
    try:
        builder = tfds.builder(name)
        if not sys.stderr.isatty():
            tfds.disable_progress_bar()
        with _quick_quiet_download():
            builder.download_and_prepare()
    except Exception as error:  # the message is the same for all failures of the download
        reason = (str(error).splitlines() or [""])[0]
        raise DataError(
            f"the data set {name} cannot be had ({type(error).__name__}: {reason[:120]}); {instead}"
        ) from None
    if split.partition("[")[0] not in builder.info.splits:
        raise DataError(
            f"{name} has no split {split!r}; it has: {shorten(list(builder.info.splits))}"
        )
    if not named_split:
        logger.info("%s: its split %r is read; %s:SPLIT names another", name, split, name)
    names = class_names(builder.info.features)
    dataset = builder.as_dataset(split=split)
    return DatasetSource(dataset, f"{name}:{split}", names, batched=False)


def class_names(features: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Return the names of classes by column, of the features of a data set that have names."""
    columns = {}
    for column, feature in features.items():
        names = getattr(getattr(feature, "feature", feature), "names", None)  # or of a sequence
        if names:
            columns[column] = names
    return columns


def to_names(indices: Any, names: Sequence[str]) -> Any:
    """Return the name of an index, or the names of several; None for a negative index."""
    if np.ndim(indices):
        return [to_names(index, names) for index in indices]
    return names[indices] if indices >= 0 else None


@contextlib.contextmanager
def _quick_quiet_download() -> Iterator[None]:
    """Limit the retries of downloads, and suppress their output and logging."""
    downloader: Any = importlib.import_module("tensorflow_datasets.core.download.downloader")
    urllib3 = logging.getLogger("urllib3")
    retries, level = downloader.MAX_RETRIES, urllib3.level
    downloader.MAX_RETRIES = _RETRIES
    urllib3.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        downloader.MAX_RETRIES = retries
        urllib3.setLevel(level)
