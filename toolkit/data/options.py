"""Which columns of the data mean what, as plain values."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.options import Limits


@dataclass(kw_only=True)
class ColumnOptions:
    """Which columns hold the texts, the labels and the groups.

    Args:
        text_column: The column of the texts; guessed, and said, when not given.
        label_column: The column of the labels; guessed, and said, when not given.
        group_column: The column whose equal values stay on one side of a split, such as the film
            that several reviews are about.
        target: What a label is: one of several classes, several labels at once (a list, or one
            string separated by ``label_separator``), or a number to predict.
        label_separator: What stands between several labels in one field.
        label_rule: How numbers become classes, as ``name:condition`` parts separated by commas,
            for example ``neg:<=4,pos:>=7``; rows that no part takes are left out, and counted.
        skip_bad_rows: Leave out rows that cannot be used, and count them, instead of stopping.
    """

    text_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    target: Literal["classes", "labels", "number"] = "classes"
    label_separator: str = "|"
    label_rule: str | None = None
    skip_bad_rows: bool = False


@dataclass(kw_only=True)
class EntityColumnOptions:
    """Which columns hold tokens and tags, or texts and entities.

    Args:
        token_column: The column of the tokens, by name or by number from 1 (-1 is the last); the
            first when not given.
        tag_column: The column of the tags, likewise; the last when not given.
        sentence_column: Of a table with a token a row: the column whose equal values, next to each
            other, are a sentence; guessed by its name, and said, when not given.
        text_column: Of texts with entities: the column of the texts; ``text`` when not given.
        entities_column: The column of their entities; ``entities`` when not given.
        tag_scheme: How tags say where entities begin and end; auto finds it out, and says so.
        skip_bad_rows: Leave out sentences that cannot be used, and count them, instead of stopping.
    """

    token_column: str | None = None
    tag_column: str | None = None
    sentence_column: str | None = None
    text_column: str | None = None
    entities_column: str | None = None
    tag_scheme: Literal["auto", "IOB1", "IOB2", "BIOES", "IO"] = "auto"
    skip_bad_rows: bool = False


@dataclass(kw_only=True)
class PairColumnOptions:
    """Which columns hold the texts that are read and those that are made of them.

    Args:
        source_column: The column of the texts that are read, by name or by number from 1; source,
            or the first, when not given.
        target_column: The column of the texts that are to be made of them, likewise; target, or the
            second, when not given.
        max_length_ratio: Pairs of which one side has more than so many times the characters of the
            other, and over 30 more, are left out, and counted; without it they are only reported.
        skip_bad_rows: Leave out pairs that cannot be used, and count them, instead of stopping.
    """

    LIMITS: ClassVar[Limits] = {"max_length_ratio": (1, None)}

    source_column: str | None = None
    target_column: str | None = None
    max_length_ratio: float | None = None
    skip_bad_rows: bool = False


@dataclass(kw_only=True)
class StreamColumnOptions:
    """Where texts are that are read as one stream.

    Args:
        text_column: Of a table, the column of the texts; guessed, and said, when not given.
        lines: Whether each line of a plain text file is a text of its own.
        condition_column: Of a table, the column of the condition of each text, such as its
            sentiment; what is then written is of the condition that is asked for.
        skip_bad_rows: Leave out rows that cannot be used, and count them, instead of stopping.
    """

    text_column: str | None = None
    lines: bool = False
    condition_column: str | None = None
    skip_bad_rows: bool = False
