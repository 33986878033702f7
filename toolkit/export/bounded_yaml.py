"""YAML files of anybody's making, read in bounded time and memory."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

#: The largest file, the deepest nesting, and the most values with every alias written out: a
#: description has some hundred, some for each class, and counts of pairs of classes.
MOST_BYTES, MOST_DEPTH, MOST_VALUES = 1 << 22, 50, 300_000
#: The longest number; YAML's are also in base 60, whose conversion takes quadratic time.
LONGEST_NUMBER = 100


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, in C where there is one, with other constructors of numbers."""


def read_yaml(path: str | os.PathLike[str], text: str | None = None) -> Any:
    """Return the content of a YAML file: numbers, strings, lists and dictionaries.

    Args:
        path: The file.
        text: The YAML, if the file is an archive that holds it.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not UTF-8 or not YAML, or is too large, nested too deeply, or repeats its
            parts too often; the message names file and line.
    """
    if text is None:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(f"{path} is larger than {MOST_BYTES >> 20} MB")
        text = content.decode()
    elif len(text) > MOST_BYTES:
        raise ValueError(f"{path} holds a description of more than {MOST_BYTES >> 20} MB")
    try:
        _check_size(yaml.parse(text, _Loader))
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"{path}{place}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an impossible date
        raise ValueError(f"{path}: {error}") from error
    except (AttributeError, LookupError, ArithmeticError) as error:  # a value with a wrong tag
        raise ValueError(f"{path}: a value is not of the type that its tag says") from error


def _check_size(events: Iterable[Any]) -> None:
    """Check depth and number of values, before anything is made of them."""
    values = 0
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and the number of values before
    sizes: dict[str | None, int] = {}  # of the finished lists and mappings, by anchor
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = values - before
            continue
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, values))
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_nodes):
                raise _too_large(event, "has a part that contains itself")
            values += sizes.get(event.anchor, 0)
        values += isinstance(event, yaml.NodeEvent)
        if len(open_nodes) > MOST_DEPTH:
            raise _too_large(event, f"is nested more than {MOST_DEPTH} deep")
        if values > MOST_VALUES:
            raise _too_large(event, f"has more than {MOST_VALUES:,} values, each alias written out")


def _too_large(event: Any, fault: str) -> yaml.MarkedYAMLError:
    """Return the error for a file that is too large up to a place."""
    return yaml.MarkedYAMLError(problem=f"the file {fault}", problem_mark=event.start_mark)


def _number(loader: Any, node: Any) -> Any:
    """Return a number of a limited length."""
    if len(value := loader.construct_scalar(node)) > LONGEST_NUMBER:
        problem = f"a number has {len(value):,} characters"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    return yaml.SafeLoader.yaml_constructors[node.tag](loader, node)


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _number)
