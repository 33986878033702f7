"""Classification of strands of DNA or RNA: promoters, splice sites or any other classes.

Run ``python -m pipelines.dna --help``.
"""

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pipelines import console, dna_spans
from pipelines.command import main as run
from pipelines.labelled import CLASS_ANSWERS, TABLE, LabelledData, Table
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.strands import DEMO, strands
from toolkit.data import (
    LabelEncoder,
    Source,
    StrandColumnOptions,
    StrandExamples,
    Unreadable,
    open_strands,
    scan,
)
from toolkit.data.options import FILE_OPTIONS
from toolkit.data.strands.named import NamedStrand, called
from toolkit.errors import ModelError
from toolkit.evaluation import ClassifiedStrand, classified_strand_page
from toolkit.evaluation.pages.page import answer_words
from toolkit.explanation.options import ExplanationOptions
from toolkit.export import read_description, read_yaml
from toolkit.files import atomic_write_parts
from toolkit.tasks.options import ClassAnswerOptions
from toolkit.tasks.strands.options import StrandClassifierOptions


class LabelledStrands(LabelledData):
    """Strands, each with a class, several labels or a number."""

    columns = StrandColumnOptions
    evaluate_columns = (
        *("text_column", "label_column", "label_columns", "header_separator", "label_file"),
        *("label_rule", "label_separator", *FILE_OPTIONS, "skip_bad_rows"),
    )
    predict_columns = ("text_column", *FILE_OPTIONS)
    formats = (
        f"A FASTA or FASTQ file (each also .gz), a {TABLE}, several FASTA files with commas "
        "between or a folder of them, one a class, a folder with a sub-folder a class"
    )
    example_file = "your.fa"
    answer_names = CLASS_ANSWERS
    lines_may_fail = True

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_strands(data, part, columns)

    def examples(self, train: Source, options: Any) -> Any:
        """Return a reader of training data."""
        with console.silence():  # the task logs the same later
            return StrandExamples(train, options)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read the data once, split it, and check the classes of the validation data."""
        share = options.validation_split if validation is None else 0
        with console.silence():  # the task logs the same later
            examples = StrandExamples(train, options, grouped=share > 0)
            scanned = scan(examples, options.target, known or ())
            if share:
                scanned.split(share, options.seed)
        if validation is not None:
            self._read(validation, options, scanned.encoder)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once and check that the run knows its classes."""
        self._read(data, columns, LabelEncoder(columns.target, facts["classes"]))

    def table(self, data: Source, columns: Any) -> Table:
        """Return the rows, with the columns of the strands and of their names."""
        with console.silence():  # ``inputs`` logs the same
            strands = StrandExamples(data, columns, labelled=False).text_column
        return Table(data, [strands, "name"])

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the strand of each row, with its name if it has one."""
        examples = StrandExamples(data, columns, labelled=False)
        for example, record in zip(examples, data.records(), strict=True):
            if example.problem is None:
                yield NamedStrand.of(example.text, record.values.get("name"))
            else:
                yield Unreadable(example.problem)

    def _read(self, data: Source, columns: Any, encoder: LabelEncoder) -> None:
        """Read the data once and check its labels."""
        examples = StrandExamples(data, columns, grouped=False)
        with console.silence():  # the task logs the same later
            deque(examples.known(encoder), maxlen=0)


def write_page(_: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Write an HTML page of the strands with their answers."""
    strands = (
        _classified(place, strand, answer) for place, (strand, answer) in enumerate(answers, 1)
    )
    atomic_write_parts(path, classified_strand_page(strands, title=Path(run).resolve().name))


def _classified(place: int, strand: str, answer: Mapping[str, Any]) -> ClassifiedStrand:
    """Return a strand with its answer, for a page."""
    name = f"{called(place, strand)}: {answer_words(answer)}"
    return ClassifiedStrand(name, "".join(strand.split()), answer.get("probabilities", {}))


PIPELINE = Pipeline(
    name="dna",
    description="Classifies strands of DNA or RNA; with --target spans, finds spans in them.",
    options=StrandClassifierOptions,
    task="toolkit.tasks.strands.task:StrandClassifier",
    labelled=LabelledStrands(),
    predict_options=ClassAnswerOptions,
    samples={SAMPLE: strands},
    first_options=(
        "data",
        "validation_data",
        "label_column",
        "target",
        "reverse_complement",
        "kmers",
    ),
    examples=DEMO,
    explanation_options=ExplanationOptions,
    views=[View("html", "an HTML page of the strands with their answers", write_page)],
)


#: The words of a command line that choose spans.
TARGET = ("--target", "spans")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code.

    ``--target spans``, and runs and configurations of ``pipelines.dna_spans``, are for that.
    """
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    joined = "=".join(TARGET)
    words = [part for word in words for part in (TARGET if word == joined else (word,))]
    pipeline = PIPELINE
    pairs = [*pairwise(words)]
    if TARGET in pairs:
        place = pairs.index(TARGET)
        words = words[:place] + words[place + 2 :]
        pipeline = dna_spans.PIPELINE
    elif any(map(_is_of_spans, words)):
        pipeline = dna_spans.PIPELINE
    if arguments is not None:
        return run(pipeline, words)
    sys.argv[1:] = words
    return run(pipeline)


def _is_of_spans(word: str) -> bool:
    """Return whether a word is the path of a run, or of its configuration, that finds spans."""
    task = dna_spans.PIPELINE.task.partition(":")[2]
    path = Path(word)
    try:
        if path.is_dir():
            return bool(read_description(path, task))
        configuration = read_yaml(path) if path.suffix == ".yaml" else None
        return isinstance(configuration, Mapping) and configuration.get("task") == task
    except (ModelError, OSError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(main())
