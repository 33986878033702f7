"""Options of the columns of entities."""

from dataclasses import dataclass
from typing import Literal

from toolkit.data.options import RowOptions


@dataclass(kw_only=True)
class EntityColumnOptions(RowOptions):
    """The columns of tokens and tags, or of texts and entities, and the scheme of the tags.

    Args:
        token_column: The column of the tokens, by name or by number from 1 (-1 is the last); the
            first when not given.
        tag_column: The column of the tags, likewise; the last that has tags, and logged, when not
            given.
        sentence_column: The column of sentences of a table with one token a row; consecutive rows
            with equal values are a sentence; guessed by its name, and logged, when not given.
        text_column: The column of texts with entities; ``text`` when not given.
        entities_column: The column of their entities; ``entities``, or guessed by its values, and
            logged, when not given.
        comment_prefix: The beginning of the lines of a column file, before the first token of a
            sentence, that are comments, such as ``#``; found, and logged, when not given; none if
            it is empty.
        tag_scheme: The scheme of the tags; auto finds it in the data, and logs it.
        tag_names: The names of tags that are given as numbers from 0, separated by commas, such as
            O,B-PER,I-PER.
        repair_tags: Let an entity begin with any tag and end before any other, as the CoNLL
            evaluation script does, and count such sentences, instead of taking them for bad.
    """

    token_column: str | None = None
    tag_column: str | None = None
    sentence_column: str | None = None
    text_column: str | None = None
    entities_column: str | None = None
    comment_prefix: str | None = None
    tag_scheme: Literal["auto", "IOB1", "IOB2", "BIOES", "IO"] = "auto"
    tag_names: str | None = None
    repair_tags: bool = False
