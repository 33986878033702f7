"""Named entities, or any other labelled spans of text.

Run ``python -m pipelines.ner --help``.
"""

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import LabelledData, Table, check_pretrained
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.people import DEMO, people
from pipelines.samples.teddies import teddies
from toolkit.data import (
    EntityColumnOptions,
    EntityExamples,
    Source,
    Unreadable,
    open_entities,
    spans_of,
)
from toolkit.data.entities.scan import scan_entities
from toolkit.data.options import FILE_OPTIONS
from toolkit.errors import DataError
from toolkit.evaluation import marked_page
from toolkit.explanation.options import TagExplanationOptions
from toolkit.files import atomic_write_parts
from toolkit.tasks.entities.options import EntityTaggerOptions
from toolkit.tasks.options import SpanAnswerOptions

#: The usual column of entities, and their name in an answer.
ENTITIES = "entities"


class LabelledEntities(LabelledData):
    """Sentences or texts with marked entities."""

    columns = EntityColumnOptions
    evaluate_columns = tuple(EntityColumnOptions.__dataclass_fields__)
    predict_columns = (
        "text_column",
        "token_column",
        "sentence_column",
        "comment",
        *FILE_OPTIONS,
    )
    formats = (
        "A column file as in CoNLL and CoNLL-U, a JSONL or JSON file with text and entities or "
        "tokens and tags, also of doccano, Label Studio, Prodigy and spaCy, a table with a token "
        "or a text a row (files of text also .gz), a folder of brat"
    )
    answer_names = (ENTITIES, "tags", "scores", "truncated")
    example_file = "your.conll"

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_entities(data, part, columns)

    def examples(self, train: Source, options: Any) -> Any:
        """Return a reader of training data."""
        with console.silence():  # the task logs the same later
            return EntityExamples(train, options)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read the data once and check the labels of the validation data."""
        if known is None:
            check_pretrained(options.pretrained)
        if known is None and options.vectors != "random" and not Path(options.vectors).is_file():
            raise DataError(
                f"there is no file {options.vectors} of word vectors; "
                "vectors can be random, or the path of a file"
            )
        with console.silence():  # the task logs the same later
            scanned = scan_entities(EntityExamples(train, options), known or ())
            if validation is None and options.validation_split:
                scanned.split(options.validation_split, options.seed)
        if validation is not None:
            self._read(validation, options, scanned.labels)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once and check that the run knows its labels."""
        self._read(data, columns, [*facts["classes"]] if "classes" in facts else None)

    def table(self, data: Source, columns: Any) -> Table | None:
        """Return the rows, with the columns of texts and entities; None if they have tokens."""
        with console.silence():  # ``inputs`` logs the same
            chosen = EntityExamples(data, columns, labelled=False).columns
        return Table(data, [chosen.content, ENTITIES]) if chosen.texts else None

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the text of each row, or its list of tokens."""
        for example in EntityExamples(data, columns, labelled=False):
            tokens = list(example.tokens) if example.text is None else None
            if example.problem is None:
                yield example.text if tokens is None else tokens
            else:
                yield Unreadable(example.problem, tokens)

    def _read(self, data: Source, columns: Any, labels: Sequence[str] | None) -> None:
        """Read the data once and check its labels."""
        with console.silence():  # the task logs the same later
            deque(EntityExamples(data, columns, labels=labels), maxlen=0)


def write_page(_: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Write an HTML page of the texts with their entities highlighted."""
    marked = (_with_entities(value, answer) for value, answer in answers)
    atomic_write_parts(path, marked_page(marked, title=Path(run).resolve().name))


def _with_entities(
    value: Any, answer: Mapping[str, Any]
) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Return the text and entities of an answer; tokens are joined by spaces."""
    if isinstance(value, str):
        return value, answer["entities"]
    starts = [0, *accumulate(len(token) + 1 for token in value)]
    return " ".join(value), [
        {"start": starts[span.start], "end": starts[span.end] - 1, "label": span.label}
        for span in spans_of(answer["tags"])
    ]


PIPELINE = Pipeline(
    name="ner",
    description="Finds named entities in texts.",
    options=EntityTaggerOptions,
    task="toolkit.tasks.entities.task:EntityTagger",
    labelled=LabelledEntities(),
    predict_options=SpanAnswerOptions,
    explanation_options=TagExplanationOptions,
    samples={SAMPLE: people, "later_words": teddies},
    first_options=(
        "data",
        "validation_data",
        "text_column",
        "entities_column",
        "tag_column",
        "tag_scheme",
    ),
    examples=[record["text"] for record in DEMO],
    views=[View("html", "an HTML page of the texts with their entities highlighted", write_page)],
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
