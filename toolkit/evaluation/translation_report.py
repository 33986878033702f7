"""The files of an evaluation of translations."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.evaluation.translation import LengthRow, sentence_chrf
from toolkit.evaluation.translation_pictures import draw_bleu_by_length
from toolkit.files import atomic_write


def write_translations(
    folder: Path,
    metrics: Mapping[str, Any],
    rows: Sequence[LengthRow],
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
) -> None:
    """Write ``metrics.json``, ``translations.csv`` and ``bleu_by_length.png``.

    The translations are sorted by their sentence chrF, the worst first.

    Args:
        folder: The folder, made if it is missing.
        metrics: The metrics.
        rows: BLEU by the length of the source.
        sources: [N] the source texts.
        hypotheses: [N] the translations.
        references: [N] the references.
    """
    import pandas as pd

    atomic_write(folder / "metrics.json", json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    table = pd.DataFrame(
        {
            "chrf": [sentence_chrf(*pair) for pair in zip(hypotheses, references, strict=True)],
            "source": sources,
            "translation": hypotheses,
            "reference": references,
        }
    ).sort_values("chrf", kind="stable")
    atomic_write(folder / "translations.csv", table.to_csv(index=False, float_format="%.2f"))
    draw_bleu_by_length({folder.name: rows}, folder / "bleu_by_length.png")
