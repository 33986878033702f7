"""A data set that never ends is refused by every reader, before anything is read."""

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from toolkit.data import (
    EntityColumnOptions,
    PairColumnOptions,
    StreamColumnOptions,
    open_conditioned,
    open_entities,
    open_pairs,
    open_source,
    open_stream,
)
from toolkit.data.sources.named_datasets import INFINITE
from toolkit.errors import DataError
from toolkit.tasks import EntityTagger, LanguageModel, TextClassifier, Translator

FINITE = tf.data.Dataset.from_tensor_slices((["good film", "bad film"], ["pos", "neg"]))
READERS: dict[str, Callable[[Any], Any]] = {
    "texts": open_source,
    "pairs": lambda data: open_pairs(data, None, PairColumnOptions()),
    "streams": open_stream,
    "conditioned": lambda data: open_conditioned(
        data, None, StreamColumnOptions(condition_column="label")
    ),
    "entities": lambda data: open_entities(data, None, EntityColumnOptions()),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    "endless",
    [FINITE.repeat(), FINITE.repeat().shuffle(2).map(lambda *row: row).batch(2).prefetch(1)],
    ids=["rows", "batches"],
)
def test_readers(read: Callable[[Any], Any], endless: Any) -> None:
    with pytest.raises(DataError) as caught:
        read(endless)
    assert str(caught.value) == (
        "the data set never ends, so that it cannot be read to its end; leave out repeat(), or "
        "limit it by take()"
    )


@pytest.mark.parametrize(
    "some", [FINITE.repeat(2), FINITE.repeat().take(4), FINITE.repeat(2).filter(lambda *_: True)]
)
def test_what_ends_is_read(some: Any) -> None:
    assert INFINITE == tf.data.INFINITE_CARDINALITY
    assert len(list(open_source(some).records())) == 4


@pytest.mark.parametrize("task", [TextClassifier, EntityTagger, Translator, LanguageModel])
def test_tasks(task: Any) -> None:
    for arguments in ((FINITE.repeat(),), (FINITE.repeat(), FINITE)):
        with pytest.raises(DataError, match="never ends"):
            task().fit(*arguments)
