"""``align``: the places of given transcripts in their recordings."""

import sys
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal, Protocol, cast

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.streams import full_batches, write_answers
from pipelines.verbs.common import labelled_argument, read_run, run_argument, run_columns
from pipelines.verbs.verb import Verb
from toolkit.data.options import FILE_OPTIONS

#: The column options of labelled data that matter where each row gets an answer.
ALIGN_COLUMNS = ("audio_column", "transcript_column", *FILE_OPTIONS)


class Aligner(Protocol):
    """A task that finds given transcripts in their recordings."""

    def align(self, recordings: Any, transcripts: Any) -> list[dict[str, Any]]:
        """Return where each word is, for each recording."""


def _align_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    labelled_argument(parser, pipeline, "Recordings with transcripts, as for train.")
    parser.add_argument(
        "--format",
        type=Literal["jsonl", "csv", *pipeline.writers],
        default="jsonl",
        help="The format of the answers.",
    )
    labelled = pipeline.labelled
    names = (name for name in labelled.evaluate_columns if name in ALIGN_COLUMNS)
    parser.add_options(labelled.columns, tuple(names), defaults=False)


def _align(pipeline: Pipeline, options: Any) -> int:
    facts = read_run(pipeline, options.run)["facts"]
    columns = run_columns(pipeline, options, options.run)
    source = pipeline.data(options.data, "test", columns)
    assert pipeline.pairs is not None
    batches = full_batches(pipeline.pairs(source, columns, facts))
    task = cast(Aligner, pipeline.load_task().load(options.run))

    def answer(pairs: Sequence[tuple[Any, str]]) -> list[dict[str, Any]]:
        inputs, texts = zip(*pairs, strict=True) if pairs else ((), ())
        return task.align([*inputs], [*texts])

    def beside(pair: Any, row: int) -> dict[str, Any]:
        value = pair[0] if isinstance(pair, tuple) else pair
        return pipeline.labelled.answer_columns(value, row)

    answers = write_answers(
        batches,
        answer,
        sys.stdout,
        options.format,
        beside,
        pipeline.labelled.unreadable,
        pipeline.writers,
    )
    deque(answers, maxlen=0)
    return 0


ALIGN = Verb(
    "RUN --data DATA [options]",
    "Find given transcripts in their recordings; write the times of each a line.",
    _align_arguments,
    _align,
)
