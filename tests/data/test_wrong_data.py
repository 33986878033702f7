"""Data of another task, or with another separator, is answered with what it seems to be."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.data import (
    AudioExamples,
    AudioOptions,
    ColumnOptions,
    EntityColumnOptions,
    EntityExamples,
    PairColumnOptions,
    SeriesExamples,
    SeriesOptions,
    TextExamples,
    open_audio,
    open_entities,
    open_pairs,
    open_series,
    open_source,
)
from toolkit.errors import DataError

CLASSES = "text,label\nThe one was good,pos\nThe other was not,neg\n"
HINT = "column 'label' has the class of each text, use sentiment (TextClassifier)"


def entities(path: Path) -> Any:
    options = EntityColumnOptions()
    return EntityExamples(open_entities(path, None, options), options)


def recordings(path: Path) -> Any:
    return AudioExamples(open_audio(path), AudioOptions())


def series(path: Path) -> Any:
    return SeriesExamples(open_series(path, None, SeriesOptions()), SeriesOptions())


def texts(path: Path) -> Any:
    return TextExamples(open_source(path), ColumnOptions())


@pytest.mark.parametrize("read", [entities, recordings, series])
def test_texts_with_a_class_each_are_known_by_their_columns(
    read: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CLASSES)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).endswith(f"; if {HINT}")
    path.write_text(CLASSES.replace("label", "length"))
    with pytest.raises(DataError) as error:
        read(path)
    assert "sentiment" not in str(error.value)


def test_a_class_that_is_taken_for_a_translation_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CLASSES)
    with caplog.at_level(logging.WARNING, "toolkit"):
        open_pairs(path, None, PairColumnOptions(target_column="label"))
        assert caplog.text == ""
        open_pairs(path, None, PairColumnOptions())
    assert f"{path}: column 'label' is taken for the target; if {HINT}" in caplog.text
    path.write_text("text,category,note\none,a,b\n")
    with pytest.raises(DataError, match=r"none has a usual name of the source.*use sentiment"):
        open_pairs(path, None, PairColumnOptions())


@pytest.mark.parametrize("separator", [";", ",", "|"])
def test_another_separator_than_the_ending_says_is_named(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(CLASSES.replace(",", separator))
    hint = f"; its columns seem to be separated by '{separator}': a .csv file may have this "
    with pytest.raises(DataError) as error:
        texts(path)
    assert hint in str(error.value)
    with pytest.raises(DataError) as error:
        TextExamples(open_source(path), ColumnOptions(text_column="text"))
    assert hint in str(error.value)
    path = path.rename(tmp_path / "a.csv")
    assert [example.label for example in texts(path)] == ["pos", "neg"]
