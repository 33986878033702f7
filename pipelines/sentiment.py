"""Sentiment, or any other classes: which kind of text is this?

Run ``python -m pipelines.sentiment --help``.
"""

import sys
from collections.abc import Sequence
from typing import Literal

from pipelines.command import main as run
from pipelines.labelled import LabelledTexts
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.samples.reviews import DEMO_SENTENCES, reviews
from toolkit.tasks.options import TextClassifierOptions


def sample(part: Literal["train", "test"]) -> tuple[list[str], list[str]]:
    """Return the texts and labels of the generated film reviews."""
    texts, labels = zip(*reviews(part), strict=True)
    return list(texts), list(labels)


PIPELINE = Pipeline(
    name="sentiment",
    description="Says of a text which of the classes it was trained on it belongs to.",
    options=TextClassifierOptions,
    task="toolkit.tasks.text_classifier:TextClassifier",
    labelled=LabelledTexts(),
    samples={SAMPLE: sample},
    examples=[text for text, _ in DEMO_SENTENCES],
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
