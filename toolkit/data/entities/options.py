"""Options of the columns of entities."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from toolkit.data.options import RowOptions
from toolkit.data.sources.lines import read_text
from toolkit.errors import DataError
from toolkit.options import option


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
        comment: The beginning of the lines of a column file, before the first token of a
            sentence, that are comments, such as ``#``; found, and logged, when not given; none if
            it is empty.
        tag_scheme: The scheme of the tags; auto finds it in the data, and logs it.
        tag_names: The names of tags that are given as numbers from 0, separated by commas, such as
            O,B-PER,I-PER; or a file with a name a line, or with a JSON array of them.
        repair_tags: Let an entity begin with any tag and end before any other, as the CoNLL
            evaluation script does, and count such sentences, instead of taking them for bad.

    Raises:
        DataError: The file of the names of tags cannot be read.
    """

    token_column: str | None = None
    tag_column: str | None = None
    sentence_column: str | None = None
    text_column: str | None = None
    entities_column: str | None = None
    comment: str | None = None
    tag_scheme: Literal["auto", "IOB1", "IOB2", "BIOES", "IO"] = "auto"
    tag_names: str | None = None
    repair_tags: bool = False

    def __post_init__(self) -> None:
        names = read_tag_names(self.tag_names)
        if names and self.tag_names != (joined := ",".join(names)):
            self.tag_names = joined  # so that a run does not depend on the file


def read_tag_names(names: str | None) -> list[str]:
    """Return the names of tags, in order, as they are given or as they stand in a file.

    Args:
        names: Names separated by commas, or the path of a file; None for no names.

    Raises:
        DataError: The file does not exist, cannot be read, or has other things than names.
    """
    names = (names or "").strip()
    is_path = "," not in names and (os.sep in names or names.endswith((".txt", ".json")))
    if not (is_path or os.path.isfile(names)):
        return [name.strip() for name in names.split(",") if name.strip()]
    if not os.path.isfile(names):
        raise DataError(f"there is no file {names} of the names of tags ({option('tag_names')})")
    content = read_text(Path(names)).strip()
    found = content.split("\n") if content else []
    if content.startswith("["):
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = []
    if not found or not all(isinstance(name, str) and "," not in name for name in found):
        raise DataError(
            f"{names} should have the names of tags in their order, one a line or as a JSON array "
            f"of strings ({option('tag_names')})"
        )
    return [name.strip() for name in found if name.strip()]
