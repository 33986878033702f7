"""Classification of texts: sentiment or any other classes, several labels, a number.

Run ``python -m pipelines.sentiment --help``.
"""

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import CLASS_ANSWERS, TABLE, LabelledData, Table, check_pretrained
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.samples.reviews import DEMO_SENTENCES, reviews
from toolkit.data import (
    ColumnOptions,
    LabelEncoder,
    Source,
    TextExamples,
    Unreadable,
    open_source,
    scan,
    table_format,
)
from toolkit.data.options import FILE_OPTIONS
from toolkit.explanation.options import ExplanationOptions
from toolkit.tasks.classification.options import TextClassifierOptions
from toolkit.tasks.options import ClassAnswerOptions


class LabelledTexts(LabelledData):
    """Texts, each with a class, several labels or a number."""

    columns = ColumnOptions
    evaluate_columns = (
        *("text_column", "label_column", "label_columns"),
        *("label_rule", "label_separator", *FILE_OPTIONS, "skip_bad_rows"),
    )
    predict_columns = ("text_column", *FILE_OPTIONS)
    formats = f"A {TABLE}, a folder with a sub-folder a class"
    example_file = "your.csv"
    answer_names = CLASS_ANSWERS

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_source(data, part, table_format(columns))

    def examples(self, train: Source, options: Any) -> Any:
        """Return a reader of training data."""
        with console.silence():  # the task logs the same later
            return TextExamples(train, options)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read the data once, split it, and check the classes of the validation data."""
        if known is None:
            check_pretrained(options.pretrained)
        TextExamples(train, options)
        share = options.validation_split if validation is None else 0
        with console.silence():  # the task logs the same later
            scanned = scan(
                TextExamples(train, options, grouped=share > 0), options.target, known or ()
            )
            if share:
                scanned.split(share, options.seed)
        if validation is not None:
            self._read(validation, options, scanned.encoder)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once and check that the run knows its classes."""
        classes = facts.get("classes")
        self._read(
            data, columns, None if classes is None else LabelEncoder(columns.target, classes)
        )

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the text of each row."""
        for example in TextExamples(data, columns, labelled=False):
            yield example.text if example.problem is None else Unreadable(example.problem)

    def table(self, data: Source, columns: Any) -> Table:
        """Return the rows, with the column of the texts."""
        with console.silence():  # ``inputs`` logs the same
            return Table(data, [TextExamples(data, columns, labelled=False).text_column])

    def _read(self, data: Source, columns: Any, encoder: LabelEncoder | None) -> None:
        """Read the data once and check its labels."""
        examples = TextExamples(data, columns, grouped=False)
        with console.silence():  # the task logs the same later
            deque(examples.known(encoder) if encoder else examples, maxlen=0)


def sample(part: Literal["train", "test"]) -> tuple[list[str], list[str]]:
    """Return the texts and labels of the generated film reviews."""
    texts, labels = zip(*reviews(part), strict=True)
    return list(texts), list(labels)


PIPELINE = Pipeline(
    name="sentiment",
    description="Classifies texts.",
    options=TextClassifierOptions,
    task="toolkit.tasks.classification.task:TextClassifier",
    labelled=LabelledTexts(),
    predict_options=ClassAnswerOptions,
    samples={SAMPLE: sample},
    first_options=(
        "data",
        "validation_data",
        "text_column",
        "label_column",
        "target",
        "group_column",
    ),
    examples=[text for text, _ in DEMO_SENTENCES],
    explanation_options=ExplanationOptions,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
