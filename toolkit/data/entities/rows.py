"""Rows with entities in memory: dicts, and what tools for annotation export."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from toolkit.data.sources.lines import read_lines, read_text
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.source import Record
from toolkit.errors import DataError

_HEADER_ROWS = 100  # the first rows, whose keys are the columns
_PIECE = 1 << 20  # characters of a file that are read at once
_BRAT_ENTITY = re.compile(r"T\S*\t(?P<label>\S+) (?P<start>\d+) (?P<end>\d+)\t(?P<text>.*)")


class RowSource:
    """A list of rows: dicts, pairs ``(text, {"entities": [...]})`` or tasks of Label Studio.

    Args:
        rows: The rows.
        name: The name of the source, for messages.
        places: The places of the rows, if they are not numbers.
    """

    fixed_columns = False

    def __init__(
        self, rows: Sequence[Any], name: str = "the list", places: Sequence[str] | None = None
    ) -> None:
        self.name = name
        self._rows = rows
        self._places = places
        first = islice(self.records(), _HEADER_ROWS)
        self.columns = tuple(dict.fromkeys(column for record in first for column in record.values))

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, content in enumerate(self._rows, start=1):
            place = f"row {row}" if self._places is None else self._places[row - 1]
            values = _values(content)
            if isinstance(values, str):
                yield Record(row, {}, place, problem=values)
            else:
                yield Record(row, values, place)


def is_row(value: object) -> bool:
    """Return whether a value in a list is a row with named values."""
    return isinstance(value, Mapping) or (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], Mapping)
    )


def read_array(path: Path) -> RowSource | None:
    """Open a JSON file that is one array of rows; None if it has one object a line.

    The rows may also be the ``annotations`` of one object. They are held in memory, so an array may
    be longer than a line of other files; an object in one line may not.

    Raises:
        DataError: The file is no JSON, or has no array.
    """
    first = next((line.strip() for line in read_lines(path, "\n") if line.strip()), "")
    if not first.startswith("[") and first != "{":
        try:
            whole = _rows_of(json.loads(first))  # where all stands in one line
        except (ValueError, RecursionError):
            whole = None
        if whole is None:
            return None
    rows = _rows_of(_parse(path))
    if rows is None:
        raise DataError(
            f"{path} should have an object a line, or one array of objects, with text and entities"
        )
    return RowSource(rows, str(path))


def read_brat(folder: Path) -> RowSource | None:
    """Open a folder of brat: texts ``.txt`` beside their entities ``.ann``; None if it is none.

    Raises:
        DataError: A file cannot be read.
    """
    names = natural_order(path.stem for path in folder.glob("*.ann"))
    if not names:
        return None
    rows = []
    for name in names:
        content = read_text(folder / f"{name}.txt")
        entities = []
        for number, line in enumerate(read_lines(folder / f"{name}.ann", newline="\n"), start=1):
            match = _BRAT_ENTITY.fullmatch(line.rstrip("\r\n"))
            if match is None and line.startswith("T"):
                raise DataError(
                    f"{folder / name}.ann, line {number}: an entity has a label, one start and one "
                    "end, such as T1, a tab, PER 0 8, a tab, and its text"
                )
            if match is not None:
                borders = {side: int(match[side]) for side in ("start", "end")}
                entities.append({**match.groupdict(), **borders})
        rows.append({"text": content, "entities": entities})
    return RowSource(rows, str(folder), [f"file {name}.txt" for name in names])


def _rows_of(content: Any) -> list[Any] | None:
    """Return the rows in the content of a JSON file; None if there are none."""
    rows = content.get("annotations") if isinstance(content, dict) else content
    return rows if isinstance(rows, list) and rows and all(map(is_row, rows)) else None


def _parse(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: It is no JSON.
    """
    try:
        return json.loads("".join(read_lines(path, "\n", piece=_PIECE)))
    except json.JSONDecodeError as error:
        problem = f"{error.msg.removesuffix(' at')} at character {error.colno}"
        raise DataError(f"{path}, line {error.lineno}: not JSON: {problem}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON that can be read: {error}") from None


def _values(row: Any) -> Mapping[str, object] | str:
    """Return the values of a row by column, or what is wrong with it."""
    if not isinstance(row, Mapping):
        text, values = row
        return {"text": text, **values}
    data, annotations = row.get("data"), row.get("annotations")
    if not isinstance(data, Mapping) or not isinstance(annotations, list):
        return row
    # A task of Label Studio
    texts = [data["text"]] if "text" in data else [v for v in data.values() if isinstance(v, str)]
    done = [a for a in annotations if isinstance(a, Mapping) and not a.get("was_cancelled")]
    if len(texts) != 1:
        return "its data should have one text"
    if not done:
        return {"text": texts[0], "entities": "no annotation"}
    values = [
        result["value"]
        for result in done[0].get("result") or []
        if isinstance(result, Mapping) and isinstance(result.get("value"), Mapping)
    ]
    return {"text": texts[0], "entities": [value for value in values if "labels" in value]}
