"""``predict``: answers for texts from the line, from standard input or from a file."""

import contextlib
import functools
import itertools
import logging
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.streams import answered, arriving_batches, arriving_lines, full_batches
from pipelines.verbs.common import columns, opened, recorded, run_argument
from pipelines.verbs.verb import Verb
from toolkit.data.files import read_lines
from toolkit.errors import OptionError

logger = logging.getLogger("toolkit.pipelines")


def _predict_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    parser.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="Without any, standard input is read, one a line.",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="The texts: a data file as for train, without labels; a .txt or .txt.gz file, a text "
        "a line; or sample.",
    )
    parser.add_argument(
        "--format", choices=["jsonl", "csv"], default="jsonl", help="How answers are written."
    )
    if pipeline.view:
        parser.add_argument(
            f"--{pipeline.view.option}", metavar="FILE", help=f"Also write {pipeline.view.help}."
        )
    if pipeline.streams:
        parser.add_argument(
            "--stream", action="store_true", help="Write plain text, unit by unit as it is made."
        )
    if pipeline.asking:
        parser.add_options(pipeline.asking)
    parser.add_options(pipeline.labelled.columns, pipeline.labelled.asked, defaults=False)


def _predict(pipeline: Pipeline, options: Any) -> int:
    facts = recorded(pipeline, options.run)["facts"]
    if options.texts and options.data:
        raise OptionError("texts are given both on the line and by --data; give one of the two")
    if pipeline.streams and options.stream and options.format == "csv":
        raise OptionError("--stream writes plain text; it has no --format")
    picture = _picture(pipeline, options)
    asked = {}
    if pipeline.asking:
        asked = {field.name: getattr(options, field.name) for field in fields(pipeline.asking)}
        pipeline.asking(**asked)  # complains of values that cannot be, before TensorFlow
    trained = columns(pipeline, options, options.run)
    in_rows = not _lines(pipeline, options)
    wanted = pipeline.labelled.asked_columns(trained, facts, asked, in_rows)
    with contextlib.ExitStack() as stack:
        batches = _batches(pipeline, options, stack, wanted, facts)
        task = pipeline.load_task().load(options.run)
        if pipeline.streams and options.stream:
            for text in itertools.chain.from_iterable(batches):
                for piece in itertools.chain(task.stream(text, **asked), ["\n"]):
                    sys.stdout.write(piece)
                    sys.stdout.flush()
            return 0
        ask = functools.partial(task.predict, **asked)
        answers = answered(batches, ask, sys.stdout, options.format)
        if pipeline.view and picture:
            pipeline.view.write(task, answers, options.run, picture)
        deque(answers, maxlen=0)
    return 0


def _picture(pipeline: Pipeline, options: Any) -> str | None:
    """The file of the pipeline's view, if it is asked for.

    Raises:
        OptionError: It cannot be written there.
    """
    if not pipeline.view:
        return None
    name = pipeline.view.option
    path: str | None = getattr(options, name.replace("-", "_"))
    if path and not Path(path).parent.is_dir():
        raise OptionError(f"--{name} {path} is to stand in a folder that is not there")
    if path and Path(path).is_dir():
        raise OptionError(f"--{name} {path} is a folder; give the name of a file")
    return path


def _lines(pipeline: Pipeline, options: Any) -> bool:
    """Whether texts come as lines, or from the command line; else they are in data with columns."""
    of_lines = pipeline.labelled.lines
    return options.data is None or (
        of_lines and options.data.lower().removesuffix(".gz").endswith(".txt")
    )


def _packed_lines(path: str) -> Iterator[str]:
    """The lines of a gzip file; bytes that are not UTF-8 become U+FFFD."""
    for line in read_lines(Path(path), "\n"):
        whole = line.rstrip("\r\n").encode("utf-8", "surrogateescape")
        yield whole.decode("utf-8", "replace")


def _batches(
    pipeline: Pipeline,
    options: Any,
    stack: contextlib.ExitStack,
    of_run: Any,
    facts: Mapping[str, Any],
) -> Iterator[list[Any]]:
    """The texts from wherever they come; a missing file or column is complained about at once."""
    if options.texts:
        return full_batches(options.texts)
    if options.data is None:
        if sys.stdin.isatty():
            logger.info("type texts, one a line; Ctrl-D ends")
        return arriving_batches(arriving_lines(sys.stdin.fileno()))
    if _lines(pipeline, options):
        descriptor = stack.enter_context(opened(options.data))
        packed = options.data.lower().endswith(".gz")
        return full_batches(_packed_lines(options.data) if packed else arriving_lines(descriptor))
    source = pipeline.data(options.data, "test", of_run)
    return full_batches(pipeline.labelled.unlabelled(source, of_run, facts))


PREDICT = Verb(
    "RUN [TEXT ...] [options]",
    "Answer texts, one answer a line.",
    _predict_arguments,
    _predict,
)
