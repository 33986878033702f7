"""Translation, or any other text that is made of a text.

Run ``python -m pipelines.translation --help``.
"""

import logging
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.command import main as run
from pipelines.labelled import LabelledPairs
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.numbers import numbers
from toolkit.evaluation import draw_attention
from toolkit.tasks.options import AskOptions, TranslatorOptions

logger = logging.getLogger("toolkit.pipelines")


def draw_alignment(task: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Draw where the network looked while it wrote the translation of the first text."""
    first = next(answers, None)
    if first is None:
        logger.warning("there is no text, and nothing to draw")
        return
    text, answer = first
    found = task.align(text, answer["translation"])
    draw_attention(found["source"], found["target"], found["weights"], path)
    if next(answers, None) is not None:
        logger.info("%s shows the first of the texts", path)


PIPELINE = Pipeline(
    name="translation",
    description="Makes of a text another, such as its translation, as it was trained to.",
    options=TranslatorOptions,
    task="toolkit.tasks.translator:Translator",
    labelled=LabelledPairs(),
    samples={SAMPLE: numbers},
    examples=["two hundred and seven", "forty-one", "nine thousand and eighty"],
    asking=AskOptions,
    view=View("attention", "a picture of where it looked, of the first text", draw_alignment),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
