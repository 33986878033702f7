"""JSON files: an object a line, an array of objects, or an object of columns."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.json_lines import JsonLinesSource
from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.memory import RowSource, columns_of
from toolkit.data.sources.source import Source
from toolkit.errors import DataError

_PIECE = 1 << 20  # characters of a file that are read at once


def open_json(path: Path, encodings: Sequence[str] = UTF_8) -> Source:
    """Open a JSON file, plain or gzipped.

    ::

        {"text": "a", "label": "p"}         [{"text": "a", "label": "p"},
        {"text": "b", "label": "q"}          {"text": "b", "label": "q"}]

        {"text": ["a", "b"],                {"data": [{"text": "a", "label": "p"},
         "label": ["p", "q"]}                         {"text": "b", "label": "q"}]}

    An object a line is read as a stream; any other form is held in memory. The columns of an object
    may also be objects by row number, as pandas writes them. The tasks of Label Studio get their
    choices as columns.

    Args:
        path: The file.
        encodings: The encodings of the file, as for :func:`toolkit.data.sources.lines.read_lines`.

    Raises:
        DataError: It is no JSON, or of another form.
    """
    if _has_objects_in_lines(path, encodings):
        return JsonLinesSource(path, encodings)
    content = parse_json(path, encodings)
    if isinstance(content, Mapping):
        lists = [rows for rows in content.values() if _is_rows(rows)]
        if len(lists) == 1:
            content = lists[0]
        elif (columns := columns_of(content, str(path))) is not None:
            return columns
        elif not all(isinstance(value, list | dict) for value in content.values()):
            content = [content]
    if not _is_rows(content):
        raise DataError(
            f"{path} should have an object a line, an array of objects such as "
            '[{"text": "...", "label": "..."}], or an object of columns'
        )
    return RowSource([_values(row) for row in content], str(path))


def _has_objects_in_lines(path: Path, encodings: Sequence[str]) -> bool:
    """Return whether a file has an object in its first line, and further lines or simple values."""
    lines = _filled_lines(path, encodings)
    try:
        first = json.loads(next(lines, ""))
    except (ValueError, RecursionError):
        return False
    if not isinstance(first, dict):
        return False
    nested = any(isinstance(value, list | dict) for value in first.values())
    return not nested or next(lines, None) is not None


def _filled_lines(path: Path, encodings: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a file that are not blank."""
    return (line for line in read_lines(path, "\n", encodings=encodings) if line.strip())


def parse_json(path: Path, encodings: Sequence[str]) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: It is no JSON.
    """
    try:
        return json.loads("".join(read_lines(path, "\n", _PIECE, encodings)))
    except json.JSONDecodeError as error:
        problem = f"{error.msg.removesuffix(' at')} at character {error.colno}"
        raise DataError(f"{path}, line {error.lineno}: not JSON: {problem}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON that can be read: {error}") from None


def _is_rows(value: object) -> bool:
    """Return whether a value is a list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _values(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a row; of a task of Label Studio those of its data, and its choices.

    ::

        {"data": {"text": "a"}, "annotations": [{"result": [
            {"from_name": "mood", "value": {"choices": ["p"]}}]}]}  ->  {"text": "a", "mood": ["p"]}
    """
    data, annotations = row.get("data"), row.get("annotations")
    if not isinstance(data, Mapping) or not isinstance(annotations, list):
        return row
    done = [a for a in annotations if isinstance(a, Mapping) and not a.get("was_cancelled")]
    results = [r for a in done[:1] for r in a.get("result") or [] if isinstance(r, Mapping)]
    chosen = {
        str(result.get("from_name")): result["value"]["choices"]
        for result in results
        if isinstance(result.get("value"), Mapping) and "choices" in result["value"]
    }
    return {**data, **chosen}
