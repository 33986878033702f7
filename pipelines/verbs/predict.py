"""``predict``: answer inputs from the command line, standard input or a file."""

import contextlib
import functools
import itertools
import sys
from collections import Counter, deque
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, cast

from pipelines.frames import answer_arriving, check_frames
from pipelines.listening import Listener, check_listening, write_arriving
from pipelines.parser import Parser
from pipelines.pipeline import Pipeline, View
from pipelines.streams import write_answers
from pipelines.verbs.common import check_not_file, read_run, run_argument, run_columns
from pipelines.verbs.inputs import (
    check_one_source,
    check_page,
    data_argument,
    input_batches,
    reads_lines,
)
from pipelines.verbs.verb import Verb
from toolkit.data import Unreadable
from toolkit.errors import OptionError
from toolkit.tasks.options import ClassAnswerOptions
from toolkit.tasks.protocol import FrameTask, StreamingTask


def _predict_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    parser.add_argument(
        "texts",
        nargs="*",
        default=[],
        metavar="TEXT",
        help="Texts to answer; without any, standard input is read, one a line."
        if pipeline.labelled.without_inputs is None
        else "Beginnings to go on from; without any, the answer begins by itself.",
    )
    data_argument(parser, pipeline)
    parser.add_argument(
        "--format",
        type=Literal["jsonl", "csv", *pipeline.writers],
        default="jsonl",
        help="The format of the answers.",
    )
    parser.add_argument(
        "--keep-columns",
        default="all",
        type=str,
        metavar="NAMES",
        help="The columns that are written beside the answers where each row of a table is an "
        "input: all, none, or names with commas between. One with the name of an answer is written "
        "as input_<name>.",
    )
    parser.say_instead(
        ["--output", "-o"], "answers go to standard output; > FILE writes them there"
    )
    for view in pipeline.views:
        parser.add_argument(
            f"--{view.option}",
            metavar="FOLDER" if view.is_folder else "FILE",
            help=f"Also write {view.help}.",
        )
    if pipeline.streams:
        parser.add_argument(
            "--stream",
            type=bool,
            default=False,
            help="Write plain text, token by token as it is generated.",
        )
    if pipeline.drawn:
        parser.add_argument(
            "--samples",
            metavar="N",
            type=int,
            default=1,
            help="The number of answers to each input, each with random numbers of its own.",
        )
    if pipeline.frames:
        parser.add_argument(
            "--stream",
            type=bool,
            default=False,
            help="Read a frame a line from standard input, a list of numbers such as [0.5, 1.2] or "
            "0.5,1.2, and answer each as it arrives; an empty line begins a new series.",
        )
    if pipeline.listens:
        parser.add_argument(
            "--stream",
            type=bool,
            default=False,
            help="Read a WAV file from standard input, and write plain text as it arrives.",
        )
    if pipeline.predict_options:
        parser.add_options(pipeline.predict_options)
    labelled = pipeline.labelled
    parser.add_options(labelled.columns, labelled.predict_columns, defaults=False)


def _predict(pipeline: Pipeline, options: Any) -> int:
    run = read_run(pipeline, options.run)
    facts = run["facts"]
    if pipeline.frames and options.stream:
        check_frames(pipeline, options, run["options"])
        answering = cast(FrameTask, pipeline.load_task().load(options.run))
        answer_arriving(answering, len(facts["channels"]))
        return 0
    if pipeline.listens and options.stream:
        check_listening(pipeline, run, options)
        listener = cast(Listener, pipeline.load_task().load(options.run))
        write_arriving(listener, facts["sample_rate"], sys.stdin.fileno())
        return 0
    check_one_source(options)
    if pipeline.streams and options.stream and options.format == "csv":
        raise OptionError("--stream writes plain text; leave out --format csv")
    if pipeline.drawn and options.samples < 1:
        raise OptionError(f"--samples is {options.samples}; it must be at least 1")
    view, view_path = _view(pipeline, options)
    values = {}
    if pipeline.predict_options:
        values = {
            field.name: getattr(options, field.name) for field in fields(pipeline.predict_options)
        }
        asked = pipeline.predict_options(**values)  # checks them before TensorFlow is imported
        if isinstance(asked, ClassAnswerOptions):
            asked.check_for(run["options"].get("target", "classes"))
    columns = run_columns(pipeline, options, options.run)
    in_rows = not reads_lines(options)
    columns = pipeline.labelled.adapt_columns(columns, facts, values, in_rows)
    with contextlib.ExitStack() as stack:
        batches, kept = input_batches(pipeline, options, stack, columns, facts)
        task = pipeline.load_task().load(options.run)
        if pipeline.drawn:
            batches = (
                [text for text in batch for _ in range(options.samples)] for batch in batches
            )
            values["earlier"] = Counter()
        if pipeline.streams and options.stream:
            stream = cast(StreamingTask, task).stream
            for text in itertools.chain.from_iterable(batches):
                pieces = () if isinstance(text, Unreadable) else stream(text, **values)
                for piece in itertools.chain(pieces, ["\n"]):
                    sys.stdout.write(piece)
                    sys.stdout.flush()
            return 0
        values |= pipeline.labelled.predict_values(options.format)
        predict = functools.partial(task.predict, **values)
        all_can_be_read = options.texts and not pipeline.labelled.lines_may_fail
        unreadable = None if all_can_be_read else pipeline.labelled.unreadable
        answers = write_answers(
            batches,
            predict,
            sys.stdout,
            options.format,
            pipeline.labelled.answer_columns,
            unreadable,
            pipeline.writers,
            pipeline.labelled.written,
            kept,
            {"probabilities": [*facts.get("classes", ())]},
        )
        if view is not None:
            view.write(task, answers, options.run, view_path)
        deque(answers, maxlen=0)
    return 0


def _view(pipeline: Pipeline, options: Any) -> tuple[View | None, str]:
    """Return the view to write, if one was asked for, and its path.

    Raises:
        OptionError: The file cannot be written there, or two views are asked for.
    """
    paths = {view: getattr(options, view.option.replace("-", "_")) for view in pipeline.views}
    asked = [view for view, path in paths.items() if path]
    if len(asked) > 1:
        names = " and ".join(f"--{view.option}" for view in asked)
        raise OptionError(f"{names} cannot be written at once; give one of them")
    if not asked:
        return None, ""
    (view,) = asked
    path = paths[view]
    if view.is_folder:
        check_not_file(Path(path))
        return view, path
    check_page(view.option, path)
    return view, path


PREDICT = Verb(
    "RUN [TEXT ...] [options]",
    "Predict; write one answer a line.",
    _predict_arguments,
    _predict,
)
