"""Texts that each have a condition, such as the sentiment of a review."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from toolkit.data.columns import named
from toolkit.data.examples import TextExamples, is_missing
from toolkit.data.labels import LabelEncoder, class_name
from toolkit.data.open import open_source
from toolkit.data.options import ColumnOptions, StreamColumnOptions
from toolkit.data.source import Source
from toolkit.data.text_stream import ROWS
from toolkit.errors import DataError, quoted
from toolkit.options import option


def open_conditioned(
    data: Any, part: str | None = None, options: StreamColumnOptions | None = None
) -> Source:
    """Opens texts with conditions.

    Args:
        data: The path of a CSV, TSV or JSON Lines file (each also ``.gz``); the name of a TFDS data
            set; a DataFrame; a pair ``(texts, conditions)``; a ``tf.data.Dataset``; or a source,
            which is given back.
        part: ``train`` or ``test``: what to read of data that comes in parts.
        options: Which column holds the conditions.

    Raises:
        DataError: The data is not there, has no columns, or not this one.
    """
    options = options or StreamColumnOptions()
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        name = path.name.lower().removesuffix(".gz")
        if path.is_dir() or (path.is_file() and not name.endswith(ROWS)):
            raise DataError(
                f"{path} has no columns, and so none of conditions ({option('condition_column')}); "
                "give a CSV, TSV or JSONL file with a text and its condition a row"
            )
    source = open_source(data, part)
    _column(source, options)
    return source


def conditioned_examples(source: Source, options: StreamColumnOptions) -> TextExamples:
    """The texts, to learn from; the label of each is its condition.

    Raises:
        DataError: A column is not there; from an iteration, a row cannot be used.
    """
    return TextExamples(source, _columns(options), grouped=False)


def conditioned_prompts(
    source: Source, options: StreamColumnOptions, conditions: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """What is to be written on, of each row: a prompt, which may be empty, and its condition.

    Args:
        source: Where the rows come from.
        options: Which columns mean what.
        conditions: Those that there are.

    Raises:
        DataError: A column is not there; or a row, which is then named, has none of the conditions.
    """
    column = _column(source, options)
    encoder = LabelEncoder("classes", conditions)
    prompts = TextExamples(source, _columns(options), labelled=False)
    for record, prompt in zip(source.records(), prompts, strict=True):
        value = record.values.get(column)
        problem = record.problem or (
            f"the condition in column {quoted(column)} is missing" if is_missing(value) else None
        )
        condition = class_name(value)
        if problem := problem or encoder.check(condition):
            raise DataError(
                f"{source.name}, {record.place}: {problem} (or give {option('condition')} for all)"
            )
        yield prompt.text, condition


def _columns(options: StreamColumnOptions) -> ColumnOptions:
    """The same columns as those of texts with labels."""
    return ColumnOptions(
        text_column=options.text_column,
        label_column=options.condition_column,
        skip_bad_rows=options.skip_bad_rows,
    )


def _column(source: Source, options: StreamColumnOptions) -> str:
    """The column of the conditions.

    Raises:
        DataError: It is not there.
    """
    if source.fixed_columns:
        if len(source.columns) < 2:
            raise DataError(f"{source.name} has texts alone; give a pair (texts, conditions)")
        return source.columns[1]
    return named(source, options.condition_column or "", "condition_column")
