"""Texts that each have a condition, such as the sentiment of a review."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from toolkit.data.bad_rows import Unreadable
from toolkit.data.columns import require_column
from toolkit.data.labels import LabelEncoder, class_name
from toolkit.data.options import table_format
from toolkit.data.sources.open import is_table, open_source
from toolkit.data.sources.source import Source, is_missing
from toolkit.data.streams.options import StreamColumnOptions, text_columns
from toolkit.data.texts.examples import TextExamples
from toolkit.errors import DataError, quoted
from toolkit.options import option


def open_conditioned(
    data: Any, part: str | None = None, options: StreamColumnOptions | None = None
) -> Source:
    """Open texts with conditions.

    Args:
        data: The path of a table, as for ``open_table``; the name of a TFDS data
            set; a DataFrame; a pair ``(texts, conditions)``; a ``tf.data.Dataset``; or a source,
            which is returned unchanged.
        part: ``train`` or ``test``: the part to read of data with parts.
        options: The column of the conditions.

    Raises:
        DataError: The data does not exist, has no columns, or lacks that of the conditions.
    """
    options = options or StreamColumnOptions()
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        if path.is_dir() or (path.is_file() and not is_table(path)):
            raise DataError(
                f"{path} has no columns, and so none of conditions ({option('condition_column')}); "
                "give a table, such as CSV, with a text and its condition a row"
            )
    source = open_source(data, part, table_format(options))
    _column(source, options)
    return source


def conditioned_examples(source: Source, options: StreamColumnOptions) -> TextExamples:
    """Return the texts as labelled examples; the label of each is its condition.

    Raises:
        DataError: A column does not exist; in an iteration, a row cannot be used.
    """
    return TextExamples(source, text_columns(options), grouped=False)


def conditioned_prompts(
    source: Source, options: StreamColumnOptions, conditions: Sequence[str]
) -> Iterator[tuple[str, str] | Unreadable]:
    """Yield the prompt of each row, which may be empty, with its condition.

    A row that cannot be read is yielded as such.

    Args:
        source: The source of the rows.
        options: The columns.
        conditions: The known conditions.

    Raises:
        DataError: A column does not exist, or a row that can be read, which is named, has no known
            condition.
    """
    column = _column(source, options)
    encoder = LabelEncoder("classes", conditions)
    prompts = TextExamples(source, text_columns(options), labelled=False)
    for record, prompt in zip(source.records(), prompts, strict=True):
        if prompt.problem is not None:
            yield Unreadable(prompt.problem)
            continue
        value = record.values.get(column)
        condition = class_name(value)
        problem = f"the condition in column {quoted(column)} is missing"
        if is_missing(value) or (problem := encoder.check(condition) or ""):
            raise DataError(
                f"{source.name}, {record.place}: {problem} (or give {option('condition')} for all)"
            )
        yield prompt.text, condition


def _column(source: Source, options: StreamColumnOptions) -> str:
    """Return the column of the conditions.

    Raises:
        DataError: It does not exist.
    """
    if source.fixed_columns:
        if len(source.columns) < 2:
            raise DataError(f"{source.name} has texts alone; give a pair (texts, conditions)")
        return source.columns[1]
    return require_column(source, options.condition_column or "", "condition_column")
