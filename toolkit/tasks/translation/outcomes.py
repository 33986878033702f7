"""A translator's answers to pairs of texts, beside the references."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.evaluation import (
    Statistics,
    bleu_by_length,
    translation_metrics,
    translation_statistics,
    write_translations,
)
from toolkit.evaluation.translation import sentence_chrf
from toolkit.report.answered import Answered, Question
from toolkit.report.blocks import Section
from toolkit.report.translations import (
    answered_translations,
    attention_section,
    length_section,
)
from toolkit.tasks.outcomes import Outcomes

#: The worst translations among which there are some short enough to show their attention.
MOST_TRIED = 12

logger = logging.getLogger("toolkit")


@dataclass(frozen=True)
class TranslatorOutcomes(Outcomes):
    """Translations beside their references.

    Attributes:
        sources: The source texts.
        translations: Their translations.
        references: The references.
        checksum: The checksum of the pairs as read.
        tokenizer: The name of sacreBLEU's tokenizer.
        align: Returns the attention of a source and its translation; None without attention.
    """

    sources: Sequence[str]
    translations: Sequence[str]
    references: Sequence[str]
    checksum: int
    tokenizer: str
    align: Callable[[str, str], Mapping[str, Any]] | None = None

    def metrics(self) -> dict[str, Any]:
        """Return BLEU, chrF and the share of exact matches, and BLEU by the length of sources."""
        metrics = translation_metrics(self.translations, self.references, self.tokenizer)
        if not metrics["bleu"]:
            logger.warning(
                "BLEU is 0, because no translation has four tokens or none has a correct one; for "
                "short texts, chrF and the share of exact matches are more informative"
            )
        return metrics | {"by_length": [row._asdict() for row in self._by_length()]}

    def statistics(self) -> Statistics:
        """Return the statistics of BLEU and chrF, one row per pair."""
        return translation_statistics(self.translations, self.references, self.tokenizer)

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``, ``translations.csv`` and ``bleu_by_length.png``."""
        texts = (self.sources, self.translations, self.references)
        write_translations(folder, metrics, self._by_length(), *texts)

    def answered(self, facts: Mapping[str, Any]) -> Answered:
        """Return the answers; the loss is 100 - chrF."""
        texts = (self.sources, self.translations, self.references)
        return answered_translations(*texts, self.tokenizer, self._asked)

    def _asked(self, numbers: Sequence[int]) -> Iterator[list[Question]]:
        """Yield the questions on pairs: on the translation, and on the reference."""
        for number in numbers:
            sides = (("answer", self.translations), ("right", self.references))
            yield [
                Question(f"{side} “{texts[number]}”", self.sources[number], {"target": text})
                for side, texts in sides
                if (text := texts[number])
            ]

    def sections(self, texts: bool) -> list[Section]:
        """Return the sections on lengths and on the attention of the worst translations."""
        sections = [length_section(self._by_length())]
        if texts and self.align is not None:
            rows = zip(self.sources, self.translations, self.references, strict=True)
            scored = [
                (sentence_chrf(row[1], row[2]), row[:2])
                for row in rows
                if row[1] and row[1] != row[2]
            ]
            worst = [pair for _, pair in sorted(scored, key=lambda each: each[0])[:MOST_TRIED]]
            sections.append(attention_section(worst, self.align))
        return sections

    def _by_length(self) -> Any:
        return bleu_by_length(self.sources, self.translations, self.references, self.tokenizer)
