"""Explanations of the worst answers of a task, for a report."""

import time
from collections.abc import Sequence
from typing import Any

from toolkit.errors import ModelError, OptionError, count
from toolkit.report.answered import Answered
from toolkit.report.blocks import Block, Prose
from toolkit.report.explained import Explained, explained_examples

#: The most answers that are explained, and the seconds after which no further one is begun.
MOST, SECONDS = 8, 30.0
#: The methods in words.
METHODS = {
    "integrated-gradients": "integrated gradients",
    "leave-one-out": "leave-one-out, for which model.keras is not needed",
}


def explained_errors(task: Any, answered: Answered, numbers: Sequence[int]) -> list[Block]:
    """Return explanations of the worst answers, or why there are none.

    They are by integrated gradients where the task has gradients, otherwise by leave-one-out.

    Args:
        task: A task that has ``explain``.
        answered: Its answers, with questions.
        numbers: The numbers of the worst, in their order.
    """
    begun, noun = time.monotonic(), answered.noun
    method = task.explanation_method
    rows: list[tuple[int, list[Explained]]] = []
    is_late = False
    assert answered.asked is not None
    try:
        for rank, questions in enumerate(answered.asked(numbers[:MOST]), 1):
            is_late = bool(rows) and time.monotonic() - begun > SECONDS
            if is_late:
                break
            found = []
            for what, value, options in questions:
                try:
                    (answer,) = task.explain([value], **options, method=method)
                except OptionError:  # a target that the model does not know
                    continue
                if "error" not in answer:
                    found.append(Explained(what, value, answer))
            if found:
                rows.append((rank, found))
    except ModelError as error:
        return [Prose(f"The answers are not explained: {error}.")]
    if not rows:
        return [Prose("None of these answers can be explained: there are no parts.")]
    late = f" (no further one is begun after {SECONDS:.0f} seconds)" if is_late else ""
    caption = (
        f"{len(rows)} of these {count(len(numbers), noun)} explained{late}, by "
        f"{METHODS[method]}. What is blue adds to the log probability, or the number, that is "
        "named; what is orange, and underlined, takes from it. The stronger the colour, the more, "
        "compared with the strongest part."
    )
    return [explained_examples(caption, noun, rows)]
