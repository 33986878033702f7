"""Choice of the column of the texts, by option or by guess."""

import re
from itertools import islice

from toolkit.data.columns import find_column, guessed, learnt_column, require_column
from toolkit.data.labelled.columns import CLASS_NAMES
from toolkit.data.options import split_names
from toolkit.data.sources.source import Source
from toolkit.data.texts.options import ColumnOptions
from toolkit.errors import quoted

TEXT_NAMES = (
    *("text", "texts", "review", "review_text", "sentence", "content", "comment", "message"),
    *("body", "document", "tweet", "post", "description", "question", "headline", "phrase"),
    *("utterance", "title", "statement", "query", "comment_text", "full_text", "abstract"),
)
_ADDRESS = re.compile(r"\s*(https?://|www\.)\S+\s*$", re.IGNORECASE)
_GUESS_ROWS = 100  # the number of rows that a guess by length reads


def text_column(source: Source, options: ColumnOptions) -> str:
    """Return the column of the texts: by option, by a usual name, or with the longest values.

    Without an option, that of a run wins.

    Values in ASCII without white space, such as addresses, are only texts if there are no others.

    Raises:
        DataError: The requested column does not exist.
    """
    if source.fixed_columns:
        return source.columns[0]
    if options.text_column is not None:
        return require_column(source, options.text_column, "text_column")
    if (own := learnt_column(source, options, "text_column")) is not None:
        return own
    excluded = {options.label_column, options.group_column}
    excluded.update(split_names(options.label_columns or ""))
    candidates = [column for column in source.columns if column not in excluded]
    guess = find_column(candidates, TEXT_NAMES)
    if guess is None and candidates:
        lengths = {column: [0, 0] for column in candidates}  # of texts, of all strings
        for record in islice(source.records(), _GUESS_ROWS):
            for column in candidates:
                value = record.values.get(column)
                if isinstance(value, str):
                    lengths[column][0] += len(value) if _is_text(value) else 0
                    lengths[column][1] += len(value)
        guess = max(candidates, key=lambda column: lengths[column])
    return guessed(source, guess, "text", candidates, TEXT_NAMES)


def classes_of_texts(source: Source) -> str:
    """Return a hint if a table has texts with a class each; empty otherwise.

    It is for the end of a message that other data is needed.
    """
    classes = find_column(source.columns, CLASS_NAMES)
    if classes is None or source.fixed_columns or find_column(source.columns, TEXT_NAMES) is None:
        return ""
    return (
        f"; if column {quoted(classes)} has the class of each text, use sentiment (TextClassifier)"
    )


def _is_text(value: str) -> bool:
    """Return whether a value may be a text: not an address, nor one word in ASCII."""
    return not _ADDRESS.match(value) and (not value.isascii() or len(value.split()) > 1)
