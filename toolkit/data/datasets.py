"""tf.data data sets, and named ones from TensorFlow Datasets."""

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

from toolkit.data.labels import shorten
from toolkit.data.source import Record
from toolkit.errors import DataError

NAME = re.compile(r"[a-z]\w*(/[\w.-]+)?(:[\w\[\]%:]+)?", re.ASCII)
"""What a data set's name looks like: ``name``, ``name/config``, and either with ``:split``."""

logger = logging.getLogger("toolkit")

_RETRIES = 1  # TFDS tries ten times, which takes minutes without a network


class DatasetSource:
    """A ``tf.data.Dataset`` of texts, of pairs ``(text, label)``, or of dicts.

    Args:
        dataset: The data set.
        name: What to call it in messages.
        class_names: What integers mean, by index, in the columns whose names these are; a negative
            one means nothing.
        batched: Whether its elements are batches, which are taken apart; they are if each of their
            parts is a list, unless said otherwise.

    Raises:
        DataError: its elements are something else.
    """

    def __init__(
        self,
        dataset: Any,
        name: str = "the data set",
        class_names: Mapping[str, Sequence[str]] | None = None,
        batched: bool | None = None,
    ) -> None:
        self.name = name
        self._class_names = class_names or {}
        spec = dataset.element_spec
        fields = spec.values() if isinstance(spec, dict) else spec
        fields = tuple(fields) if isinstance(fields, Iterable) else (fields,)
        self.columns = tuple(spec) if isinstance(spec, dict) else ("text", "label")[: len(fields)]
        ranks: list[Any] = [
            getattr(getattr(field, "shape", None), "rank", None) for field in fields
        ]
        if None in ranks or len(ranks) != len(self.columns) or min(ranks, default=2) > 1:
            raise DataError(
                f"{name} has elements {spec}; they should be strings, pairs (text, label) or dicts"
            )
        self.fixed_columns = not isinstance(spec, dict)
        batched = min(ranks) == 1 if batched is None else batched
        self._dataset = dataset.unbatch() if batched else dataset

    def records(self) -> Iterator[Record]:
        """Reads the rows from the first one; each call begins anew."""
        for row, element in enumerate(self._dataset.as_numpy_iterator(), start=1):
            if isinstance(element, dict):
                values = dict(element)
            else:
                fields = element if isinstance(element, tuple) else (element,)
                values = dict(zip(self.columns, fields, strict=True))
            for column, names in self._class_names.items():
                values[column] = _named_by(values[column], names)
            yield Record(row, values, f"row {row}")


def open_named(name: str, part: str | None = None) -> DatasetSource:
    """Opens a data set of TensorFlow Datasets, downloading it when it is not there yet.

    Args:
        name: Its name, and perhaps a split: ``imdb_reviews`` or ``imdb_reviews:test``.
        part: The split to take where the name has none, which is then said; None is ``train``.

    Raises:
        DataError: there is no such data set or split, or it cannot be had.
    """
    name, _, named = name.partition(":")
    split = named or part or "train"
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
        with _quick_and_quiet():
            builder.download_and_prepare()
    except Exception as error:  # whatever goes wrong in fetching, the way out is the same
        reason = (str(error).splitlines() or [""])[0]
        raise DataError(
            f"the data set {name} cannot be had ({type(error).__name__}: {reason[:120]}); {instead}"
        ) from None
    if split.partition("[")[0] not in builder.info.splits:
        raise DataError(
            f"{name} has no split {split!r}; it has: {shorten(list(builder.info.splits))}"
        )
    if not named:
        logger.info("%s: its split %r is read; %s:SPLIT names another", name, split, name)
    class_names = {}
    for column, feature in builder.info.features.items():
        names = getattr(getattr(feature, "feature", feature), "names", None)  # or of a sequence
        if names:
            class_names[column] = names
    dataset = builder.as_dataset(split=split)
    return DatasetSource(dataset, f"{name}:{split}", class_names, batched=False)


def _named_by(indices: Any, names: Sequence[str]) -> Any:
    """The name of an index, or the names of several; None for a negative one."""
    if np.ndim(indices):
        return [_named_by(index, names) for index in indices]
    return names[indices] if indices >= 0 else None


@contextlib.contextmanager
def _quick_and_quiet() -> Iterator[None]:
    """Makes a download fail soon, and keeps standard output and error for what we say."""
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
