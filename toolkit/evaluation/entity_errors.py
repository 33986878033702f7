"""What a model got wrong about entities, each with the words around it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from toolkit.data.spans import Span
from toolkit.evaluation.entities import Tagged, overlapping, owners_of
from toolkit.evaluation.report import WORST

if TYPE_CHECKING:
    import pandas as pd

#: How many tokens are shown on each side of an error.
CONTEXT = 6
#: Stands for an entity that is not there.
_NONE = Span(0, 0, "")


class _Error(NamedTuple):
    """A row of the table."""

    kind: str
    right: str
    given: str
    label: str
    answer: str
    score: float | None
    context: str
    sentence: int


def worst_entities(sentences: Iterable[Tagged], n: int = WORST) -> "pd.DataFrame":
    """Returns the errors that the model was surest of, the surest first, and then what it missed.

    Args:
        sentences: What is right and what was given.
        n: How many rows at most.

    Returns:
        Columns ``kind`` (``label``, ``borders``, ``spurious`` or ``missed``), ``right`` and
        ``given`` (the tokens), ``label`` and ``answer`` (their labels), ``score`` (none of what was
        missed), ``context`` (the sentence around it, with what was given, or else missed, in
        brackets) and ``sentence`` (its number, from 1).
    """
    import pandas as pd

    errors = [
        error
        for number, sentence in enumerate(sentences, start=1)
        for error in _errors(sentence, number)
    ]
    frame = pd.DataFrame(errors, columns=list(_Error._fields)).astype({"score": float})
    return frame.sort_values("score", ascending=False, kind="stable", ignore_index=True)[:n]


def _errors(sentence: Tagged, number: int) -> Iterator[_Error]:
    """An entity that is right in part is shown with the first that it overlaps."""
    tokens, right, given, scores = sentence
    owners = owners_of(right)
    explained = {*given}
    for span, score in zip(given, scores, strict=True):
        others = overlapping(span, owners)
        if span in others:
            continue
        explained.update(others)
        if not others:
            yield _error("spurious", tokens, _NONE, span, score, number)
        elif others[0][:2] == span[:2]:
            yield _error("label", tokens, others[0], span, score, number)
        else:
            yield _error("borders", tokens, others[0], span, score, number)
    for span in right:
        if span not in explained:
            yield _error("missed", tokens, span, _NONE, None, number)


def _error(
    kind: str, tokens: Sequence[str], right: Span, given: Span, score: float | None, number: int
) -> _Error:
    start, end, _ = right if given is _NONE else given
    before, after = tokens[max(0, start - CONTEXT) : start], tokens[end : end + CONTEXT]
    return _Error(
        kind,
        " ".join(tokens[right.start : right.end]),
        " ".join(tokens[given.start : given.end]),
        right.label,
        given.label,
        score,
        " ".join([*before, f"[{' '.join(tokens[start:end])}]", *after]),
        number,
    )
