"""A language model's losses on text, and their metrics."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.evaluation import Metric, Statistics
from toolkit.files import atomic_write
from toolkit.report.answered import Answered
from toolkit.report.blocks import Cell, Section
from toolkit.report.surprise import surprise_examples
from toolkit.tasks.language_modelling.surprise import ReadTexts
from toolkit.tasks.outcomes import Outcomes

#: The number of texts whose units are shown, and the characters of a text in a table.
HARDEST, SHOWN = 4, 200


@dataclass(frozen=True)
class LanguageModelOutcomes(Outcomes):
    """The losses on text.

    Attributes:
        rows: Nats, tokens and characters (see ``characters_of``) of each separately measured part
            [N, 3].
        checksum: The checksum of the text as read.
        read: The texts of these parts, for a report; None for no report.
    """

    rows: NDArray[np.float64]
    checksum: int
    read: ReadTexts | None = None

    def metrics(self) -> dict[str, Any]:
        """Return the log loss in nats and bits per token, perplexity, and nats per character."""
        nll, tokens, characters = self.rows.sum(axis=0)
        per_character = {"nats_per_character": float(nll / max(1, characters))}
        return text_metrics(nll, tokens) | per_character

    def statistics(self) -> Statistics:
        """Return the statistics of the losses."""
        return Statistics(
            self.rows,
            {
                "nats_per_character": Metric(lambda s: s[..., 0] / s[..., 2], lower_is_better=True),
                "log_loss": Metric(lambda s: s[..., 0] / s[..., 1], lower_is_better=True, counts=1),
            },
        )

    def write(self, folder: Path, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``."""
        atomic_write(folder / "metrics.json", json.dumps(metrics, indent=2) + "\n")

    def answered(self, facts: Mapping[str, Any]) -> Answered | None:
        """Return the parts of the text; the loss is in nats per character."""
        read = self.read
        if read is None:
            return None
        loss = self.rows[:, 0] / np.maximum(self.rows[:, 2], 1)

        def show(numbers: Sequence[int]) -> list[Mapping[str, Cell]]:
            return [
                {"text": text.text[:SHOWN], "nats per character": float(loss[number])}
                for number, text in zip(numbers, read.chosen(numbers), strict=True)
            ]

        conditions = [text.condition for text in read.texts()]
        entropy = {"nats_per_character": read.character_entropy()}
        return Answered(
            noun="text",
            loss=loss,
            graded="hardest texts",
            show=show,
            asked=read.asked,
            texts=frozenset({"text"}),
            keys={"condition": conditions} if any(conditions) else {},
            baselines={"characters by frequency in this data": entropy},
        )

    def sections(self, texts: bool) -> list[Section]:
        """Return the section on the units that surprise the model."""
        if self.read is None or not texts:
            return []
        loss = self.rows[:, 0] / np.maximum(self.rows[:, 2], 1)
        hardest = np.argsort(-loss, kind="stable")[:HARDEST].tolist()
        found = [self.read.units(text) for text in self.read.chosen(hardest)]
        return [Section("surprise", "Surprising units", [surprise_examples(found)])]


def characters_of(text: str) -> int:
    r"""Return the number of code points of a text, with a line end ``\r\n`` counted as one.

    So the nats per character do not depend on the system that wrote the file.
    """
    return len(text) - text.count("\r\n")


def text_metrics(nll: float, tokens: float) -> dict[str, Any]:
    """Return J, the mean cross-entropy per token, in nats and bits, and its exponential."""
    loss = float(nll) / max(1, int(tokens))
    return {
        "log_loss": loss,
        "bits": loss / math.log(2),
        "perplexity": math.exp(min(loss, 700.0)),
        "units": int(tokens),
    }
