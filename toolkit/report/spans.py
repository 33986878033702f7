"""The sections on answers that are spans: entities in texts, and spans in strands."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from toolkit.evaluation import NOTHING, Tagged, entity_metrics, worst_entities
from toolkit.evaluation.pages.marked_text import marked_text
from toolkit.evaluation.pages.page import MARK_STYLE
from toolkit.report.answered import Answered, Question
from toolkit.report.blocks import Block, Cell, Examples, Section, Table
from toolkit.report.classes import confusion_table
from toolkit.tagging.spans import Span, tags_of

#: The most examples that are marked, and the most characters of one.
MOST_MARKED, LONGEST = 12, 600
#: The tokens that are shown before the first error of a long example.
BEFORE = 20
#: The metrics of answers without any span that are shown beside those of the run.
BASELINE = ("precision", "recall", "f1", "macro_f1", "token_accuracy")

_STYLE = (
    MARK_STYLE
    + """
.marked { border-bottom: 1px solid var(--line); line-height: 2; white-space: pre-wrap; }
.marked > p { margin: .2rem 0; }
.marked b { display: inline-block; min-width: 4.5rem; font-size: .8rem; font-weight: normal; }
"""
)


def answered_spans(
    sentences: Sequence[Tagged],
    classes: Sequence[str],
    noun: str,
    unit: str,
    between: str = " ",
    asked: Callable[[Sequence[int]], Iterator[list[Question]]] | None = None,
) -> Answered:
    """Return the answers of a tagger; the loss is the number of wrong and missed spans.

    Args:
        sentences: Each example with its gold and its predicted spans.
        classes: The labels of spans.
        noun: What an example is called.
        unit: What its tokens are called, in the plural.
        between: What stands between two tokens.
        asked: As for ``Answered``.
    """

    def show(numbers: Sequence[int]) -> list[Mapping[str, Cell]]:
        rows: list[Mapping[str, Cell]] = []
        for number in numbers:
            tokens, gold, predicted, _ = sentences[number]
            right, answer = (
                ", ".join(f"{between.join(tokens[s.start : s.end])} ({s.label})" for s in spans)
                for spans in (gold, predicted)
            )
            rows.append({noun: between.join(tokens), "right": right, "answer": answer})
        return rows

    silent = [each._replace(predicted=[], scores=[]) for each in sentences]
    nothing = entity_metrics(silent, classes)
    return Answered(
        noun=noun,
        loss=np.array([len({*each.gold} ^ {*each.predicted}) for each in sentences], np.float64),
        show=show,
        asked=asked,
        texts=frozenset({noun, "right", "answer"}),
        keys={f"length in {unit}": [len(each.tokens) for each in sentences]},
        baselines={NOTHING: {name: nothing[name] or 0.0 for name in BASELINE}},
    )


def tag_questions(sentence: Tagged, value: Any, number_of: Callable[[int], int]) -> list[Question]:
    """Return the questions on the first token whose tag is wrong: on its tag, and the right one.

    Args:
        sentence: An example with its gold and its predicted spans.
        value: The example, as ``explain`` takes it.
        number_of: Maps the number of a token in ``sentence`` to its number for ``explain``.
    """
    tokens, *spans, _ = sentence
    right, answer = (tags_of(each, len(tokens)) for each in spans)
    wrong = (n for n, tags in enumerate(zip(right, answer, strict=True)) if tags[0] != tags[1])
    place = next(wrong, None)
    if place is None:
        return []
    token = number_of(place)
    return [
        Question(f"{side} {tag} at “{tokens[place]}”", value, {"target": tag, "token": token})
        for side, tag in (("answer", answer[place]), ("right", right[place]))
    ]


def span_sections(
    sentences: Sequence[Tagged],
    classes: Sequence[str],
    metrics: Mapping[str, Any],
    texts: bool,
    between: str = " ",
) -> list[Section]:
    """Return the sections on spans: confusions, the most confident errors, and marked texts.

    Args:
        sentences: Each example with its gold and its predicted spans.
        classes: The labels of spans.
        metrics: The metrics, with the ``confusion`` of labels.
        texts: Whether texts of the data are shown.
        between: What stands between two tokens.
    """
    names = [*classes, NOTHING]
    blocks: list[Block] = [confusion_table(metrics["confusion"], names, "label")]
    if not texts:
        return [Section("spans", "Spans", blocks)]
    errors = worst_entities(sentences, between=between)
    if len(errors):
        rows = [
            [value if value == value else None for value in row]  # NaN where nothing is predicted
            for row in errors.itertuples(index=False, name=None)
        ]
        caption = "The most confident errors, and then missed spans"
        blocks.append(Table(caption, [*errors.columns], rows, sortable=True))
    wrong = np.array([len({*each.gold} ^ {*each.predicted}) for each in sentences])
    ranked = np.argsort(-wrong, kind="stable")[:MOST_MARKED]
    chosen = ranked[wrong[ranked] > 0].tolist()
    numbers = {label: number for number, label in enumerate(classes)}
    items = [marked_example(sentences[number], numbers, between) for number in chosen]
    caption = "Right and predicted spans, the examples with most errors first."
    blocks += [Examples(caption, items, style=_STYLE)] if items else []
    return [Section("spans", "Spans", blocks)]


def marked_example(sentence: Tagged, numbers: Mapping[str, int], between: str = " ") -> Markup:
    """Return an example with its gold spans marked, and again with the predicted ones.

    Of a long one the part around its first error is shown.

    Args:
        sentence: The example.
        numbers: The number of each label, for its colour.
        between: What stands between two tokens.
    """
    tokens, gold, predicted, scores = sentence
    errors = [span.start for span in {*gold} ^ {*predicted}]
    first = max(0, min(errors, default=0) - BEFORE)
    if sum(len(token) + len(between) for token in tokens) <= LONGEST:
        first = 0
    starts: list[int] = []
    place = 0
    for token in tokens[first:]:
        if place + len(token) > LONGEST:
            break
        starts.append(place)
        place += len(token) + len(between)
    last = first + len(starts)
    text = between.join(tokens[first:last])
    known: dict[Span, float] = dict(zip(predicted, scores, strict=True))

    def marked(spans: Sequence[Span], with_scores: bool) -> str:
        inside = [span for span in spans if first <= span.start and span.end <= last]
        entities = [
            {
                "label": span.label,
                "start": starts[span.start - first],
                "end": starts[span.end - 1 - first] + len(tokens[span.end - 1]),
                "score": known[span] if with_scores else None,
            }
            for span in sorted(inside)
        ]
        return marked_text(text, entities, numbers)

    more = ["… " if first else "", " …" if last < len(tokens) else ""]
    lines = (
        f'<p dir="auto"><b>{name}</b> {more[0]}{content}{more[1]}</p>'
        for name, content in (
            ("right", marked(gold, False)),
            ("predicted", marked(predicted, True)),
        )
    )
    return Markup(f'<div class="marked">{"".join(lines)}</div>')
