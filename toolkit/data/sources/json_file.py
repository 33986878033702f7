"""JSON files: an object a line, an array of objects, or an object of columns."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.json_lines import JsonLinesSource
from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.memory import RowSource, columns_of
from toolkit.data.sources.source import Source
from toolkit.errors import DataError, count
from toolkit.files import expands_too_far

logger = logging.getLogger("toolkit")

_PIECE = 1 << 20  # characters of a file that are read at once


def open_json(path: Path, encodings: Sequence[str] = UTF_8) -> Source:
    """Open a JSON file, plain or gzipped.

    ::

        {"text": "a", "label": "p"}         [{"text": "a", "label": "p"},
        {"text": "b", "label": "q"}          {"text": "b", "label": "q"}]

        {"text": ["a", "b"],                {"data": [{"text": "a", "label": "p"},
         "label": ["p", "q"]}                         {"text": "b", "label": "q"}]}

    An object a line is read as a stream; any other form is held in memory. The columns of an object
    may also be objects by row number, as pandas writes them. An object with several lists has
    columns; the rows of a list within an object are read if it is the only list. The tasks of Label
    Studio get their choices as columns.

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
        if {"classes", "annotations"} <= {*content}:
            raise DataError(
                f"{path} is of the NER annotator, whose texts have entities; pipelines.ner reads it"
            )
        lists = [values for values in content.values() if isinstance(values, list)]
        if _is_task(content):
            content = [content]
        elif len(lists) == 1 and _is_rows(lists[0]):
            (content,) = lists
        elif (columns := columns_of(content, str(path))) is not None:
            return columns
        elif not all(isinstance(value, list | dict) for value in content.values()):
            content = [content]
    if not _is_rows(content):
        raise DataError(
            f"{path} should have an object a line, an array of objects such as "
            '[{"text": "...", "label": "..."}], or an object of columns'
        )
    if several := sum(len(_done(row)) > 1 for row in content if _is_task(row)):
        logger.info(
            "%s: of %s with several annotations the ground truth is read, or else the first one",
            *(path, count(several, "text")),
        )
    return RowSource([_values(row) if _is_task(row) else row for row in content], str(path))


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
        DataError: It is no JSON or is empty, or it is compressed and expands too far.
    """
    pieces, size, compressed = [], 0, path.stat().st_size if path.exists() else 0
    for piece in read_lines(path, "\n", _PIECE, encodings):
        size += len(piece)
        if expands_too_far(size, compressed):
            raise DataError(f"{path} cannot be read: it expands to far more than its size")
        pieces.append(piece)
    text = "".join(pieces)
    if not text.strip():
        raise DataError(f"{path}: the file is empty")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{error.msg.removesuffix(' at')} at character {error.colno}"
        raise DataError(f"{path}, line {error.lineno}: not JSON: {problem}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON that can be read: {error}") from None


def _is_rows(value: object) -> bool:
    """Return whether a value is a list with objects; what else is in it are bad rows."""
    return isinstance(value, list) and any(isinstance(row, dict) for row in value)


def _is_task(row: object) -> bool:
    """Return whether a row is a task of Label Studio: data with a list of annotations."""
    return (
        isinstance(row, Mapping)
        and isinstance(row.get("data"), Mapping)
        and isinstance(row.get("annotations"), list)
    )


def _done(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the annotations of a task that were not cancelled."""
    found = [a for a in task["annotations"] if isinstance(a, Mapping)]
    return [annotation for annotation in found if not annotation.get("was_cancelled")]


def _values(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a task's data, and the choices of its ground truth or first annotation.

    ::

        {"data": {"text": "a"}, "annotations": [{"result": [
            {"from_name": "mood", "value": {"choices": ["p"]}}]}]}  ->  {"text": "a", "mood": ["p"]}

    Several choices of one name are one list. A name that a field of the data has gets ``(choices)``
    after it.
    """
    done = _done(task)
    read = next((a for a in done if a.get("ground_truth")), done[0] if done else {})
    values = dict(task["data"])
    for result in read.get("result") or ():
        value = result.get("value") if isinstance(result, Mapping) else None
        if isinstance(value, Mapping) and isinstance(choices := value.get("choices"), list):
            name = str(result.get("from_name"))
            name = f"{name} (choices)" if name in task["data"] else name
            known = values.setdefault(name, [])
            known.extend(choice for choice in choices if choice not in known)
    return values
