"""The inputs of verbs that answer texts from the command line, standard input or a file."""

import codecs
import contextlib
import json
import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.labelled import kept_columns
from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.streams import arriving_batches, full_batches
from pipelines.verbs.common import open_lines, read_input
from toolkit.data import Unreadable
from toolkit.data.sources.lines import is_text_file
from toolkit.errors import OptionError, count, quoted

logger = logging.getLogger("toolkit.pipelines")

#: What ``--data`` is given for data on standard input.
STANDARD_INPUT = "-"
_BEGINNING = 100  # bytes, of which one is no white space


def data_argument(parser: Parser, pipeline: Pipeline) -> None:
    """Add the option for a file of inputs."""
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="The texts: a data file as for train, labels not needed; a .txt or .txt.gz file with "
        f"a text a line; - for a table or JSON Lines on standard input; or "
        f"{' or '.join(pipeline.samples)} (its test part).",
    )


def check_one_source(options: Any) -> None:
    """Check that inputs are given in one way.

    Raises:
        OptionError: There are both arguments and data.
    """
    if options.texts and options.data:
        raise OptionError("texts are given as arguments and by --data; give one or the other")


def check_page(name: str, path: str) -> None:
    """Check that a file that an option names can be written.

    Args:
        name: The option, without dashes.
        path: The file.

    Raises:
        OptionError: Its folder does not exist, or it is a folder.
    """
    if not Path(path).parent.is_dir():
        raise OptionError(f"--{name} {path} is in a folder that does not exist")
    if Path(path).is_dir():
        raise OptionError(f"--{name} {path} is a folder; give the name of a file")


def reads_lines(options: Any) -> bool:
    """Return whether inputs are lines or arguments, rather than rows of data with columns."""
    return options.data is None or is_text_file(options.data)


def input_batches(
    pipeline: Pipeline,
    options: Any,
    stack: contextlib.ExitStack,
    columns: Any,
    facts: Mapping[str, Any],
) -> tuple[Iterator[list[Any]], Iterator[Mapping[str, Any]] | None]:
    """Return batches of inputs, and what is kept of each row.

    A missing file or column is an error at once.
    """
    if options.data == STANDARD_INPUT:
        options.data = _copied_input(stack)
    if options.data is not None and not reads_lines(options):
        source = pipeline.data(options.data, "test", columns)
        kept = kept_columns(pipeline.labelled, source, columns, options.keep_columns)
        return full_batches(pipeline.labelled.inputs(source, columns, facts)), kept
    if options.keep_columns not in ("all", "none"):
        raise OptionError("--keep-columns needs --data with columns")
    return _batches_of_lines(pipeline, options, stack, columns), None


def _copied_input(stack: contextlib.ExitStack) -> str:
    """Return the path of a copy of standard input, named by its kind, until the stack is left.

    It is JSON Lines if it begins with a brace, JSON if with a bracket, and a table otherwise.
    """
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="toolkit-"))
    path = Path(folder, "standard_input")
    with path.open("wb+") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.seek(0)
        beginning = copy.read(_BEGINNING).removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    ending = {b"{": ".jsonl", b"[": ".json"}.get(beginning, ".csv")
    return str(path.rename(path.with_suffix(ending)))


def _batches_of_lines(
    pipeline: Pipeline, options: Any, stack: contextlib.ExitStack, columns: Any
) -> Iterator[list[Any]]:
    """Return batches of inputs that are lines or arguments."""
    if options.texts:
        if not pipeline.labelled.lines_may_be_paths:
            _warn_of_paths(options.texts)
        return _inputs(pipeline, full_batches(options.texts))
    if options.data is None and pipeline.labelled.without_inputs is not None:
        return full_batches(pipeline.labelled.without_inputs)
    if options.data is None:
        if sys.stdin.isatty():
            logger.info("type texts, one a line; end with Ctrl-D")
        encoding = getattr(options, "encoding", None)  # that of a run is for files
        arriving = pipeline.labelled.arriving(sys.stdin.fileno(), encoding)
        return _inputs(pipeline, arriving_batches(arriving))
    lines = stack.enter_context(open_lines(options.data, columns))
    return _inputs(pipeline, full_batches(lines))


def _is_json_object(value: object) -> bool:
    """Return whether an input is a text that is a JSON object."""
    try:
        return isinstance(value, str) and value[:1] == "{" and isinstance(json.loads(value), dict)
    except (ValueError, RecursionError):
        return False


def _warn_of_paths(texts: Sequence[str]) -> None:
    """Log a warning if an argument that is answered as a text is also the name of a file."""
    named = [text for text in texts if os.path.isfile(text)]
    if named:
        logger.warning(
            "%s is answered as a text; it is also a file, which is read by --data %s",
            *(quoted(named[0]), shlex.quote(named[0])),
        )


def _inputs(pipeline: Pipeline, batches: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Yield batches of the inputs that lines of text stand for; log how many cannot be read."""
    lines = unreadable = 0
    first = ""
    for batch in batches:
        inputs = [read_input(pipeline, line) for line in batch]
        if not lines and _is_json_object(inputs[0]):
            logger.warning(
                "the first text is a JSON object, and is answered as it stands; --data FILE, or "
                "--data - for standard input, reads columns"
            )
        lines += len(inputs)
        problems = [each.problem for each in inputs if isinstance(each, Unreadable)]
        unreadable += len(problems)
        first = first or "".join(problems[:1])
        yield inputs
    if unreadable:
        logger.warning(
            "%s answered with an error, of %s (%s)",
            *(count(unreadable, "line"), f"{lines:,}", first),
        )
