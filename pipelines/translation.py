"""Translation, or any other mapping from text to text.

Run ``python -m pipelines.translation --help``.
"""

import logging
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import TABLE, LabelledData, Table
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.numbers import numbers
from toolkit.data import PairColumnOptions, PairExamples, Source, open_pairs, source_texts
from toolkit.data.options import FILE_OPTIONS
from toolkit.data.pairs.open import PairSource
from toolkit.evaluation import draw_attention, resolve_tokenizer
from toolkit.evaluation.options import BleuOptions
from toolkit.explanation.options import TranslationExplanationOptions
from toolkit.tasks.translation.options import (
    NO_TRANSLATION,
    BeamSearchOptions,
    TranslatorOptions,
)

logger = logging.getLogger("toolkit.pipelines")


class LabelledPairs(LabelledData):
    """Pairs of a source and a target text."""

    columns = PairColumnOptions
    evaluate_columns = tuple(PairColumnOptions.__dataclass_fields__)
    predict_columns = ("source_column", *FILE_OPTIONS)
    formats = (
        f"A file with a pair a line and a tab between, a {TABLE}, two parallel files separated by "
        "a comma (each also .gz)"
    )
    example_file = "your.tsv"
    answer_names = ("translation", "translations", "score", "scores", "truncated")
    sides = ("source", "target")
    unreadable = NO_TRANSLATION

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_pairs(data, part, columns)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Check the tokenizer of BLEU, and read the data once."""
        if options.bleu_tokenizer != "auto":
            resolve_tokenizer(options.bleu_tokenizer, ())
        self.check(train, options, {})
        if validation is not None:
            self.check(validation, options, {})

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once."""
        with console.silence():  # the task logs the same later
            deque(PairExamples(data, columns), maxlen=0)

    def table(self, data: Source, columns: Any) -> Table | None:
        """Return the rows of which the pairs are made, with the column of the sources."""
        return Table(data.rows, [data.source_column]) if isinstance(data, PairSource) else None

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the source of each pair; an empty text where there is none."""
        return source_texts(data)


def draw_alignment(task: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Draw the attention weights of the first text's translation."""
    first = next(answers, None)
    if first is None:
        logger.warning("there is no text to draw the attention of")
        return
    text, answer = first
    alignment = task.align(text, answer["translation"])
    draw_attention(alignment["source"], alignment["target"], alignment["weights"], path)
    if next(answers, None) is not None:
        logger.info("%s shows the first text only", path)


PIPELINE = Pipeline(
    name="translation",
    description="Translates texts.",
    options=TranslatorOptions,
    task="toolkit.tasks.translation.task:Translator",
    labelled=LabelledPairs(),
    samples={SAMPLE: numbers},
    first_options=(
        "data",
        "source",
        "target",
        "validation_source",
        "validation_target",
        "token_level",
    ),
    examples=["two hundred and seven", "forty-one", "nine thousand and eighty"],
    predict_options=BeamSearchOptions,
    explanation_options=TranslationExplanationOptions,
    metric_options=BleuOptions,
    views=[
        View("attention", "a picture of the attention weights for the first text", draw_alignment)
    ],
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
