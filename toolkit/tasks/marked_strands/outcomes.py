"""A tagger's answers to strands, beside the gold spans."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.evaluation import (
    NOTHING,
    Statistics,
    Tagged,
    entity_metrics,
    entity_statistics,
    metrics_within,
    worst_entities,
    write_report,
)
from toolkit.report.answered import Answered, Question
from toolkit.report.blocks import Section
from toolkit.report.spans import answered_spans, span_sections, tag_questions
from toolkit.tasks.outcomes import Outcomes


@dataclass(frozen=True)
class StrandOutcomes(Outcomes):
    """Answers to strands, beside the gold spans.

    Attributes:
        strands: Each strand with its gold and its predicted spans, a token a base.
        classes: The labels of spans.
        tolerance: The number of bases by which a border may be wrong in the metrics that say so.
        checksum: The checksum of the examples as read.
    """

    strands: Sequence[Tagged]
    classes: Sequence[str]
    tolerance: int
    checksum: int

    def metrics(self) -> dict[str, Any]:
        """Return the metrics of ``entity_metrics`` and of ``metrics_within``."""
        metrics = entity_metrics(self.strands, self.classes)
        return metrics | metrics_within(self.strands, self.tolerance)

    def statistics(self) -> Statistics:
        """Return the statistics, one row per strand."""
        return entity_statistics(self.strands, self.classes)

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``, ``confusion.png`` and ``errors.csv``."""
        names = [*self.classes, NOTHING]
        write_report(folder, metrics, names, worst_entities(self.strands, between=""))

    def answered(self, facts: Mapping[str, Any]) -> Answered:
        """Return the answers; the loss is the number of wrong and missed spans."""
        return answered_spans(
            *(self.strands, self.classes, "strand", "bases"), between="", asked=self._asked
        )

    def _asked(self, numbers: Sequence[int]) -> Iterator[list[Question]]:
        """Yield the questions on strands, whose tokens are the bases of their texts."""
        for number in numbers:
            strand = self.strands[number]
            yield tag_questions(strand, "".join(strand.tokens), lambda place: place)

    def sections(self, texts: bool) -> list[Section]:
        """Return the section on spans."""
        metrics = entity_metrics(self.strands, self.classes)
        return span_sections(self.strands, self.classes, metrics, texts, between="")
