"""Spans of strands of DNA or RNA: exons, splice sites or any others.

Run ``python -m pipelines.dna_spans --help``; ``python -m pipelines.dna`` with ``--target spans`` is
the same.
"""

import re
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TextIO

from pipelines import console
from pipelines.command import main as run
from pipelines.labelled import LabelledData, Table
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.strands import DEMO, marked_strands
from toolkit.data import Source, Unreadable
from toolkit.data.entities.scan import scan_entities
from toolkit.data.options import FILE_OPTIONS
from toolkit.data.strands.named import NamedStrand
from toolkit.data.strands.spans import OPPOSITE
from toolkit.explanation.options import TagExplanationOptions
from toolkit.files import atomic_write_parts
from toolkit.tasks.marked_strands.examples import (
    MarkedStrandExamples,
    open_marked,
    split_marked,
)
from toolkit.tasks.marked_strands.options import (
    MarkedStrandOptions,
    StrandTaggerOptions,
    ToleranceOptions,
)
from toolkit.tasks.options import SpanAnswerOptions


class LabelledSpans(LabelledData):
    """Strands with marked spans."""

    columns = MarkedStrandOptions
    evaluate_columns = tuple(MarkedStrandOptions.__dataclass_fields__)
    predict_columns = ("text_column", "token_column", "comment", *FILE_OPTIONS)
    formats = (
        "A FASTA file with a BED or GFF3 file beside it that differs in its ending alone, or both "
        "with a comma between; a JSONL or CSV file with text and entities, or a column file with a "
        "base and its tag a line (each also .gz)"
    )
    example_file = "your.fa"
    answer_names = ("entities", "name")
    lines_may_fail = True

    def open(self, data: Any, part: Literal["train", "test"], columns: Any) -> Source:
        """Open data."""
        return open_marked(data, part, columns)

    def examples(self, train: Source, options: Any) -> Any:
        """Return a reader of training data."""
        with console.silence():  # the task logs the same later
            return MarkedStrandExamples(train, options)

    def check_training(
        self,
        train: Source,
        validation: Source | None,
        options: Any,
        known: Sequence[str] | None = None,
    ) -> None:
        """Read the data, split it, and check the labels of the validation data."""
        with console.silence():  # the task logs the same later
            examples = MarkedStrandExamples(train, options)
            scanned = scan_entities(examples, known or ())
            if validation is None and options.validation_split:
                split_marked(examples, options.validation_split, options.seed)
        if validation is not None:
            self._read(validation, options, scanned.labels)

    def check(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> None:
        """Read the data once and check that the run knows its labels."""
        self._read(data, columns, [*facts["classes"]])

    def table(self, data: Source, columns: Any) -> Table | None:
        """Return the rows, with the columns of strands and spans; None if they have tokens."""
        with console.silence():  # ``inputs`` logs the same
            chosen = MarkedStrandExamples(data, columns, labelled=False).columns
        return Table(data, [chosen.content, "entities", "name"]) if chosen.texts else None

    def inputs(self, data: Source, columns: Any, facts: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the strand of each row, with its name if it has one."""
        examples = MarkedStrandExamples(data, columns, labelled=False)
        for example, record in zip(examples, data.records(), strict=True):
            if example.problem is None:
                yield NamedStrand.of(example.text or "", record.values.get("name"))
            else:
                yield Unreadable(example.problem)

    def _read(self, data: Source, columns: Any, labels: Sequence[str]) -> None:
        """Read the data once and check its labels."""
        with console.silence():  # the task logs the same later
            deque(MarkedStrandExamples(data, columns, labels=labels), maxlen=0)


class BedWriter:
    """A writer of spans as BED: name, start from 0, exclusive end, label, score to 1000, strand.

    Strands without a name have that of their number; tabs and line breaks are spaces. An input that
    cannot be read is a comment.

    Args:
        output: The stream.
    """

    def __init__(self, output: TextIO) -> None:
        self.output = output
        self.inputs = 0

    def write(self, row: Mapping[str, Any]) -> None:
        """Write the spans of a strand."""
        self.inputs += 1
        name = _one_line(row.get("name") or "") or str(self.inputs)
        if "error" in row:
            self.output.write(f"# {name}: {_one_line(row['error'])}\n")
        for span in row.get("entities", ()):
            label = _one_line(span["label"])
            opposite = label.endswith(OPPOSITE)
            fields = (span["start"], span["end"], label.removesuffix(OPPOSITE), span["score"])
            self.output.write(self.line(name, *fields, "-" if opposite else "+") + "\n")

    def line(self, name: str, start: int, end: int, label: str, score: float, strand: str) -> str:
        """Return the line of a span."""
        return "\t".join((name, str(start), str(end), label, str(round(1000 * score)), strand))

    def close(self) -> None:
        """Do nothing; all is written."""


def _one_line(text: str) -> str:
    """Return a text with a space for tabs and line breaks."""
    return re.sub(r"[\t\r\n]+", " ", text).strip()


class GffWriter(BedWriter):
    """A writer of spans as GFF3: start from 1, inclusive end, score to 1."""

    def __init__(self, output: TextIO) -> None:
        super().__init__(output)
        output.write("##gff-version 3\n")

    def line(self, name: str, start: int, end: int, label: str, score: float, strand: str) -> str:
        """Return the line of a span."""
        places = (str(start + 1), str(end), f"{score:.4g}", strand)
        return "\t".join((name, "toolkit", label, *places, ".", "."))


def write_page(task: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Write an HTML page of the strands with their spans and the probability of each base."""
    from toolkit.tasks.marked_strands.viewing import answer_page  # which imports TensorFlow

    atomic_write_parts(path, answer_page(task, answers, title=Path(run).resolve().name))


PIPELINE = Pipeline(
    name="dna_spans",
    description="Finds spans of strands of DNA or RNA.",
    options=StrandTaggerOptions,
    task="toolkit.tasks.marked_strands.task:StrandTagger",
    labelled=LabelledSpans(),
    predict_options=SpanAnswerOptions,
    samples={SAMPLE: marked_strands},
    first_options=("data", "validation_data", "span_labels", "tolerance", "window", "overlap"),
    examples=DEMO,
    explanation_options=TagExplanationOptions,
    metric_options=ToleranceOptions,
    views=[View("html", "an HTML page of the strands, their spans and probabilities", write_page)],
    writers={"bed": BedWriter, "gff3": GffWriter},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
