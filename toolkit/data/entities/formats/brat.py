"""Folders of brat: texts beside the entities in them."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from toolkit.data.entities.formats.rows import ANSWER, UNANNOTATED
from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import read_lines, read_text
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.source import Record
from toolkit.errors import DataError, quoted

_ENTITY = re.compile(
    r"T\S*\t(?P<label>\S+) (?P<parts>\d{1,9} \d{1,9}(?:;\d{1,9} \d{1,9})*)(?:\t(?P<text>.*))?"
)


class BratSource:
    """A folder of brat, with its sub-folders: each text ``.txt`` is a row.

    Its entities stand in the ``.ann`` file beside it; relations, events and notes are not read. An
    entity that is cut at a line break is read whole. Where one is in several parts, or a line is no
    entity, the text is not learnt from. Texts without ``.ann`` are for prediction only.

    Args:
        folder: The folder.
        encodings: The encodings of its files, as for
            :func:`toolkit.data.sources.lines.read_lines`.

    Raises:
        DataError: The folder has no texts.
    """

    columns = ("text", "entities")
    fixed_columns = False

    def __init__(self, folder: Path, encodings: Sequence[str] = UTF_8) -> None:
        self.name = str(folder)
        self._encodings = encodings
        self._folder = folder
        files = [*folder.rglob("*.ann"), *folder.rglob("*.txt")]
        names = {file.relative_to(folder).with_suffix("").as_posix() for file in files}
        self._names = natural_order(name for name in names if "/." not in f"/{name}")
        if not self._names:
            raise DataError(
                f"{folder} is a folder without texts; give a file, or a folder of brat with .txt "
                "and .ann files"
            )

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, name in enumerate(self._names, start=1):
            place = f"file {name}.txt"
            entities = self._folder / f"{name}.ann"
            try:
                text = read_text(self._folder / f"{name}.txt", self._encodings)
                values: dict[str, Any] = {"text": text}
                problem = None
                if entities.exists():
                    values["entities"], problem = self._entities(entities, text)
                else:
                    values[ANSWER] = UNANNOTATED
            except DataError as error:  # one file is one row
                yield Record(row, {}, place, str(error))
            else:
                yield Record(row, values, place, doubt=problem)

    def _entities(self, path: Path, text: str) -> tuple[list[dict[str, Any]], str | None]:
        """Return the entities of a text, and what is wrong with one that cannot be read."""
        entities: list[dict[str, Any]] = []
        for number, line in enumerate(read_lines(path, "\n", encodings=self._encodings), start=1):
            if not line.startswith("T"):
                continue
            place = f"{path.name}, line {number}"
            match = _ENTITY.fullmatch(line.rstrip("\r\n"))
            if match is None:
                return entities, (
                    f"{place}: an entity has a label, a start and an end, such as T1, a tab, "
                    "PER 0 8, a tab, and its text"
                )
            parts = [[*map(int, part.split())] for part in match["parts"].split(";")]
            if any(text[before[1] : after[0]].strip() for before, after in pairwise(parts)):
                return entities, (
                    f"{place}: the entity {quoted(match['text'])} is in several parts "
                    f"({match['parts']}); one that can be learnt has one start and one end"
                )
            entity = {"start": parts[0][0], "end": parts[-1][1], "label": match["label"]}
            entities.append(entity if match["text"] is None else entity | {"text": match["text"]})
        return entities, None
