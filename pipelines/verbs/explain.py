"""``explain``: what each part of an input adds to an answer."""

import contextlib
import functools
import sys
from collections import deque
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.streams import write_answers
from pipelines.verbs.common import read_run, run_argument, run_columns
from pipelines.verbs.inputs import (
    check_one_source,
    check_page,
    data_argument,
    input_batches,
    reads_lines,
)
from pipelines.verbs.verb import Verb
from toolkit.evaluation import explanation_page
from toolkit.files import atomic_write_parts
from toolkit.tasks.protocol import ExplainingTask


def _explain_arguments(parser: Parser, pipeline: Pipeline) -> None:
    kind = pipeline.explanation_options
    assert kind is not None
    run_argument(parser, pipeline)
    parser.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="Texts to explain the answers to; without any, standard input is read, one a line.",
    )
    data_argument(parser, pipeline)
    parser.add_argument(
        "--class",
        dest="explained",
        metavar="NAME",
        help="What is explained: the log probability of this class (or tag, next token or "
        "translation); by default that of the answer.",
    )
    names = tuple(field.name for field in fields(kind) if field.name != "target")
    parser.add_options(kind, names)
    parser.add_argument("--html", metavar="FILE", help="Also write an HTML page.")
    labelled = pipeline.labelled
    parser.add_options(labelled.columns, labelled.predict_columns, defaults=False)


def _explain(pipeline: Pipeline, options: Any) -> int:
    kind = pipeline.explanation_options
    assert kind is not None
    facts = read_run(pipeline, options.run)["facts"]
    check_one_source(options)
    if options.html is not None:
        check_page("html", options.html)
    names = (field.name for field in fields(kind) if field.name != "target")
    values = {"target": options.explained, **{name: getattr(options, name) for name in names}}
    kind(**values).check_for([*facts.get("classes", ())])
    columns = run_columns(pipeline, options, options.run)
    in_rows = not reads_lines(options)
    asked = {"condition": None, **values}
    columns = pipeline.labelled.adapt_columns(columns, facts, asked, in_rows)
    options.keep_columns = "none"
    with contextlib.ExitStack() as stack:
        batches, _ = input_batches(pipeline, options, stack, columns, facts)
        task = cast(ExplainingTask, pipeline.load_task().load(options.run))
        answers = write_answers(
            ([value] for batch in batches for value in batch),  # each is written when it is there
            functools.partial(task.explain, **values),
            sys.stdout,
            "jsonl",
            pipeline.labelled.answer_columns,
            pipeline.labelled.unreadable,
        )
        if options.html is not None:
            title = Path(options.run).resolve().name
            atomic_write_parts(options.html, explanation_page(answers, title))
        deque(answers, maxlen=0)
    return 0


EXPLAIN = Verb(
    "RUN [TEXT ...] [options]",
    "Explain answers: what each part of an input adds to them, an explanation a line.",
    _explain_arguments,
    _explain,
)
