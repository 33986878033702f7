"""A tagger's answers to annotated sentences, beside the gold entities."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data import EntityExample
from toolkit.evaluation import (
    NOTHING,
    Statistics,
    Tagged,
    entity_metrics,
    entity_statistics,
    worst_entities,
    write_report,
)
from toolkit.report.answered import Answered, Question
from toolkit.report.blocks import Section
from toolkit.report.spans import answered_spans, span_sections, tag_questions
from toolkit.tagging import Span, spans_of
from toolkit.tasks.entities.alignment import UnalignedEntities
from toolkit.tasks.outcomes import Outcomes


@dataclass(frozen=True)
class TaggerOutcomes(Outcomes):
    """Answers to annotated sentences, beside the gold entities.

    Attributes:
        sentences: Each sentence or text with its gold and its predicted spans.
        classes: The labels of entities.
        seen: The fingerprints of the entities of the training data.
        unaligned: The counter of unaligned gold entities.
        cut_otherwise: The number of tokens that were replaced by the tagger's own.
        checksum: The checksum of the examples as read.
        texts: Each sentence as a text, as ``explain`` takes it.
        number_at: Maps a text and a place in it, in code points, to the number of the token there.
    """

    sentences: Sequence[Tagged]
    classes: Sequence[str]
    seen: frozenset[int]
    unaligned: UnalignedEntities
    cut_otherwise: int
    checksum: int
    texts: Sequence[str]
    number_at: Callable[[str, int], int]

    def metrics(self) -> dict[str, Any]:
        """Return the metrics of ``entity_metrics``, ``unaligned`` and ``cut_otherwise``."""
        self.unaligned.log_unaligned("found")
        metrics = entity_metrics(self.sentences, self.classes, self.seen)
        return metrics | {
            "unaligned": self.unaligned.unaligned,
            "cut_otherwise": self.cut_otherwise,
        }

    def statistics(self) -> Statistics:
        """Return the statistics, one row per sentence or text."""
        return entity_statistics(self.sentences, self.classes)

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``, ``confusion.png`` and ``errors.csv``."""
        names = [*self.classes, NOTHING]
        write_report(folder, metrics, names, worst_entities(self.sentences))

    def answered(self, facts: Mapping[str, Any]) -> Answered:
        """Return the answers; the loss is the number of wrong and missed entities."""
        return answered_spans(self.sentences, self.classes, "sentence", "tokens", asked=self._asked)

    def _asked(self, numbers: Sequence[int]) -> Iterator[list[Question]]:
        """Yield the questions on sentences."""
        for number in numbers:
            text, sentence = self.texts[number], self.sentences[number]

            def number_of(place: int, text: str = text, tokens: Any = sentence.tokens) -> int:
                start = 0  # tokens stand in the text in their order
                for token in tokens[:place]:
                    start = text.index(token, start) + len(token)
                return self.number_at(text, text.index(tokens[place], start))

            yield tag_questions(sentence, text, number_of)

    def sections(self, texts: bool) -> list[Section]:
        """Return the section on entities."""
        metrics = entity_metrics(self.sentences, self.classes)
        return span_sections(self.sentences, self.classes, metrics, texts)


def over_common_tokens(example: EntityExample, answer: Mapping[str, Any]) -> Tagged:
    """Return gold and predicted spans over common tokens.

    A sentence of tokens keeps its own. A text is split at white space, and wherever a gold or a
    predicted entity begins or ends.
    """
    if example.text is None:
        predicted = spans_of(answer["tags"])
        scores = [min(answer["scores"][span.start : span.end]) for span in predicted]
        return Tagged(example.tokens, spans_of(example.tags), predicted, scores)
    text, entities = example.text, answer["entities"]
    predicted = [Span(entity["start"], entity["end"], entity["label"]) for entity in entities]
    borders = {
        position for span in (*example.spans, *predicted) for position in (span.start, span.end)
    }
    starts: list[int] = []
    inside = False
    for position, character in enumerate(text):
        visible = not character.isspace()
        if visible and (not inside or position in borders):
            starts.append(position)
        inside = visible
    ends = [*starts[1:], len(text)]

    def token_span(span: Span) -> Span:
        first, last = np.searchsorted(starts, [span.start, span.end])
        return Span(int(first), int(last), span.label)

    return Tagged(
        [text[start:end].strip() for start, end in zip(starts, ends, strict=True)],
        [token_span(span) for span in example.spans],
        [token_span(span) for span in predicted],
        [entity["score"] for entity in entities],
    )
