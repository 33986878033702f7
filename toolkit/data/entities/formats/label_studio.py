"""Tasks of Label Studio, as it exports them as JSON.

Its JSON-MIN and CSV have a text and its entities in a row, and need no reader of their own.
"""

from collections.abc import Mapping
from typing import Any


def is_task(row: object) -> bool:
    """Return whether a row is a task: data with a list of annotations (once ``completions``)."""
    return (
        isinstance(row, Mapping)
        and isinstance(row.get("data"), Mapping)
        and isinstance(_annotations(row), list)
    )


#: Which annotation is read of a task with several.
GROUND_TRUTH, FIRST = "the ground truth", "the first one"


def task_values(task: Mapping[str, Any]) -> tuple[dict[str, Any] | str, int, str]:
    """Return the values of a task by column, and which of its annotations is read.

    The columns are the fields of its data, and ``entities``: those of its ground truth, or else of
    its first annotation that was not cancelled; None if there is none.

    Returns:
        The values, or why its entities cannot be read; the number of annotations that were not
        cancelled; and which of them is read.
    """
    done = [a for a in _annotations(task) if isinstance(a, Mapping) and not a.get("was_cancelled")]
    if not done:
        return {**task["data"], "entities": None}, 0, ""
    chosen = next((annotation for annotation in done if annotation.get("ground_truth")), done[0])
    which = GROUND_TRUTH if chosen.get("ground_truth") else FIRST
    entities = []
    for result in chosen.get("result") or ():
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(value, Mapping):
            continue  # such as a relation
        if "labels" in value:
            entities.append(value)
        elif (kind := str(result.get("type"))).endswith("labels"):
            return f"it has {kind}; only labels of plain text have offsets in it", len(done), which
    return {**task["data"], "entities": entities}, len(done), which


def _annotations(task: Mapping[str, Any]) -> Any:
    return task.get("annotations", task.get("completions"))
