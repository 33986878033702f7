"""Explanations of the worst answers of a task, for a report."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.errors import ModelError, OptionError, count
from toolkit.report.answered import Answered
from toolkit.report.blocks import Block, Prose
from toolkit.report.explained import Explained, explained_examples

#: The most answers that are explained, and the seconds after which no further one is begun.
MOST, SECONDS = 8, 30.0
#: The most characters, tokens or frames of an input that is explained.
LONGEST = 20_000
#: The methods in words.
METHODS = {
    "integrated-gradients": "integrated gradients",
    "leave-one-out": "leave-one-out, for which model.keras is not needed",
}


def explained_errors(task: Any, answered: Answered, numbers: Sequence[int]) -> list[Block]:
    """Return explanations of the worst answers, or why there are none; nothing if none is wanted.

    They are by integrated gradients where the task has gradients, otherwise by leave-one-out.

    Args:
        task: A task that has ``explain``.
        answered: Its answers, with questions.
        numbers: The numbers of the worst, in their order.
    """
    if not MOST:
        return []
    begun, noun = time.monotonic(), answered.noun
    method = task.explanation_method
    rows: list[tuple[int, list[Explained]]] = []
    problems: list[str] = []
    is_late = False
    assert answered.asked is not None
    for rank, questions in enumerate(answered.asked(numbers[:MOST]), 1):
        found: list[Explained] = []
        for what, value, options in questions:
            is_late = bool(found or rows or problems) and time.monotonic() - begun > SECONDS
            if is_late:
                break
            explained = _explained(task, value, {**options, "method": method})
            if isinstance(explained, str):
                problems.append(explained)
            else:
                found.append(Explained(what, value, explained))
        if found:
            rows.append((rank, found))
        if is_late:
            break
    late = f" (no further one is begun after {SECONDS:.0f} seconds)" if is_late else ""
    if not rows:
        why = f": {problems[0]}" if problems else ""
        return [Prose(f"None of these answers is explained{late}{why}.")]
    without = ""
    if problems:
        without = f" {count(len(problems), 'question')} could not be answered: {problems[0]}."
    caption = (
        f"{len(rows)} of these {count(len(numbers), noun)} explained{late}, by "
        f"{METHODS[method]}. What is blue adds to the log probability, or the number, that is "
        "named; what is orange, and underlined, takes from it. The stronger the colour, the more, "
        f"compared with the strongest part.{without}"
    )
    return [explained_examples(caption, noun, rows)]


def _explained(task: Any, value: Any, options: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """Return the explanation of an answer, or why there is none."""
    if hasattr(value, "__len__") and len(value) > LONGEST:
        return f"an input is longer than {LONGEST:,}"
    try:
        (answer,) = task.explain([value], **options)
    except (ModelError, OptionError) as error:  # such as of a target that the model does not know
        return str(error)
    problem: str | None = answer.get("error")
    return answer if problem is None else problem
