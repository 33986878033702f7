"""A table of a model's errors on entities, each with the words around it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from toolkit.evaluation.entities import Tagged, entity_by_token, overlapping
from toolkit.evaluation.report import WORST
from toolkit.tagging.spans import Span

if TYPE_CHECKING:
    import pandas as pd

#: The number of tokens shown on each side of an error.
CONTEXT = 6
#: Stands for no entity.
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


def worst_entities(
    sentences: Iterable[Tagged], n: int = WORST, between: str = " "
) -> "pd.DataFrame":
    """Return the most confident errors, most confident first, and then the missed entities.

    Args:
        sentences: Sentences with gold and predicted entities.
        n: The largest number of rows.
        between: What stands between two tokens; nothing where they are characters.

    Returns:
        Columns ``kind`` (``label``, ``borders``, ``spurious`` or ``missed``), ``right`` and
        ``given`` (the gold and the predicted tokens), ``label`` and ``answer`` (their labels),
        ``score`` (empty for missed entities), ``context`` (the words around it, with the predicted
        or the missed entity in brackets) and ``sentence`` (its number, from 1).
    """
    import pandas as pd

    errors = [
        error
        for number, sentence in enumerate(sentences, start=1)
        for error in _errors(sentence, number, between)
    ]
    frame = pd.DataFrame(errors, columns=list(_Error._fields)).astype({"score": float})
    return frame.sort_values("score", ascending=False, kind="stable", ignore_index=True)[:n]


def _errors(sentence: Tagged, number: int, between: str) -> Iterator[_Error]:
    """Yield the errors of a sentence; a partial match is paired with its first overlap."""
    tokens, gold, predicted, scores = sentence
    entity_at = entity_by_token(gold)
    explained = {*predicted}
    for span, score in zip(predicted, scores, strict=True):
        overlaps = overlapping(span, entity_at)
        if span in overlaps:
            continue
        explained.update(overlaps)
        if not overlaps:
            yield _error("spurious", tokens, _NONE, span, score, number, between)
        elif overlaps[0][:2] == span[:2]:
            yield _error("label", tokens, overlaps[0], span, score, number, between)
        else:
            yield _error("borders", tokens, overlaps[0], span, score, number, between)
    for span in gold:
        if span not in explained:
            yield _error("missed", tokens, span, _NONE, None, number, between)


def _error(
    kind: str,
    tokens: Sequence[str],
    gold: Span,
    predicted: Span,
    score: float | None,
    number: int,
    between: str,
) -> _Error:
    start, end, _ = gold if predicted is _NONE else predicted
    before, after = tokens[max(0, start - CONTEXT) : start], tokens[end : end + CONTEXT]
    return _Error(
        kind,
        between.join(tokens[gold.start : gold.end]),
        between.join(tokens[predicted.start : predicted.end]),
        gold.label,
        predicted.label,
        score,
        between.join([*before, f"[{between.join(tokens[start:end])}]", *after]),
        number,
    )
