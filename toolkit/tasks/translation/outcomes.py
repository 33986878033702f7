"""A translator's answers to pairs of texts, beside the references."""

import logging
from collections.abc import Mapping, Sequence
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
from toolkit.tasks.outcomes import Outcomes

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
    """

    sources: Sequence[str]
    translations: Sequence[str]
    references: Sequence[str]
    checksum: int
    tokenizer: str

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

    def _by_length(self) -> Any:
        return bleu_by_length(self.sources, self.translations, self.references, self.tokenizer)
