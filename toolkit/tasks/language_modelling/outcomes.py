"""A language model's losses on text, and their metrics."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.evaluation import Metric, Statistics
from toolkit.files import atomic_write
from toolkit.tasks.outcomes import Outcomes


@dataclass(frozen=True)
class LanguageModelOutcomes(Outcomes):
    """The losses on text.

    Attributes:
        rows: Nats, tokens and characters (see ``characters_of``) of each separately measured part
            [N, 3].
        checksum: The checksum of the text as read.
    """

    rows: NDArray[np.float64]
    checksum: int

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
