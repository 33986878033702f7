"""Language models: text generation and scoring.

Run ``python -m pipelines.language_model --help``.
"""

import shlex
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any, Literal

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import TABLE, LabelledData, Table
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.samples.topics import topics
from toolkit.data import (
    LabelEncoder,
    StreamColumnOptions,
    conditioned_examples,
    conditioned_prompts,
    open_conditioned,
    open_stream,
    prompts,
    scan,
    size_of,
)
from toolkit.data.options import FILE_OPTIONS
from toolkit.data.streams.stream import RowStream
from toolkit.errors import OptionError
from toolkit.explanation.options import TokenExplanationOptions
from toolkit.export.options import GenerationOptions
from toolkit.options import option
from toolkit.tasks.language_modelling.options import LanguageModelOptions, check_condition


class LabelledStream(LabelledData):
    """Texts to learn from, with conditions or without."""

    columns = StreamColumnOptions
    evaluate_columns = tuple(StreamColumnOptions.__dataclass_fields__)
    predict_columns = ("text_column", "condition_column", *FILE_OPTIONS)
    formats = f"A plain text file (also .gz), a folder of text files, a {TABLE} with a text a row"
    example_file = "your.txt"
    answer_names = ("prompt", "condition")

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Any:
        """Open data."""
        if columns.condition_column is not None:
            return open_conditioned(data, part, columns)
        return open_stream(data, part, columns)

    def examples(self, train: Any, options: Any) -> Any:
        """Return a reader of texts with conditions."""
        if options.condition_column is None:
            return None
        with console.silence():  # the task logs the same later
            return conditioned_examples(train, options)

    def check_training(
        self, train: Any, validation: Any, options: Any, known: Sequence[str] | None = None
    ) -> None:
        """Read the data once and check the conditions of the validation data."""
        encoder = None
        with console.silence():  # the task logs the same later
            if options.condition_column is None:
                size_of(train)
            else:
                scanned = scan(conditioned_examples(train, options), "classes", known or ())
                encoder = scanned.encoder
                if validation is None and options.validation_split:
                    scanned.split(options.validation_split, options.seed)
        if validation is not None:
            self._read(validation, options, encoder)

    def check(self, data: Any, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once and check that the run knows its conditions."""
        conditions = self._conditions(columns, facts)
        self._read(data, columns, LabelEncoder("classes", conditions) if conditions else None)

    def table(self, data: Any, columns: Any) -> Table | None:
        """Return the rows, with the columns of prompts and conditions; None without rows."""
        with console.silence():  # ``inputs`` logs the same
            if columns.condition_column is not None:
                texts = conditioned_examples(data, columns).text_column
                return Table(data, [texts, columns.condition_column])
            return Table(data.source, [data.text_column]) if isinstance(data, RowStream) else None

    def inputs(self, data: Any, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield each prompt, or a pair of prompt and condition."""
        if columns.condition_column is None:
            return prompts(data)
        conditions = self._conditions(columns, facts)
        with console.silence():  # the data is read again
            deque(conditioned_prompts(data, columns, conditions), maxlen=0)
        return conditioned_prompts(data, columns, conditions)

    def adapt_columns(
        self, columns: Any, facts: Mapping[str, Any], options: Mapping[str, Any], in_rows: bool
    ) -> Any:
        """Return the column options, without the conditions' column if a condition is given."""
        conditions, condition = self._conditions(columns, facts), options["condition"]
        if condition is not None or not in_rows:
            check_condition(condition, conditions)
        if condition is not None:
            columns = copy(columns)  # which keeps what is inherited
            columns.condition_column = None
        return columns

    def predict_arguments(self, text: str, classes: Sequence[str]) -> str:
        """Return the prompt, with the first condition if the run has conditions."""
        return f"--condition {shlex.quote(classes[0])} {text}" if classes else text

    def _conditions(self, columns: Any, facts: Mapping[str, Any]) -> list[str]:
        """Return the conditions of a run.

        Raises:
            OptionError: A column of conditions is given, and the run has none.
        """
        conditions = [*facts.get("classes", ())]
        if columns.condition_column is not None and not conditions:
            raise OptionError(
                f"{option('condition_column', columns.condition_column)} is given, but the run has "
                "learnt no conditions"
            )
        return conditions

    def _read(self, data: Any, columns: Any, encoder: LabelEncoder | None) -> None:
        """Read the data once and check its conditions."""
        with console.silence():  # the task logs the same later
            if encoder is None:
                size_of(data)
            else:
                deque(conditioned_examples(data, columns).known(encoder), maxlen=0)


PIPELINE = Pipeline(
    name="language_model",
    description="Learns to predict the next token of texts, and generates text.",
    options=LanguageModelOptions,
    task="toolkit.tasks.language_modelling.task:LanguageModel",
    labelled=LabelledStream(),
    samples={SAMPLE: topics},
    first_options=(
        "data",
        "validation_data",
        "text_column",
        "token_level",
        "condition_column",
        "window",
    ),
    examples=["", "The ", "If the value is "],
    predict_options=GenerationOptions,
    explanation_options=TokenExplanationOptions,
    drawn=True,
    streams=True,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
