"""Dispatch of a command line to a verb."""

import difflib
import os
import signal
import sys
from collections.abc import Callable, Sequence

from pipelines import ENDINGS, console, exit_at_once
from pipelines.pipeline import Pipeline, version
from pipelines.verbs import verbs_of
from pipelines.verbs.serve import run_serve
from toolkit.errors import OptionError
from toolkit.options import on_the_command_line
from toolkit.training.interruption import interrupt

__all__ = ["Pipeline", "main", "serve_main"]


def main(pipeline: Pipeline, arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code.

    Args:
        pipeline: The pipeline.
        arguments: The words after the program's name; those of the process when None.

    Returns:
        0 done; 1 the work failed; 2 bad usage or bad input; 130 interrupted, 143 terminated and 129
        hung up.
    """
    return _main(lambda words: _dispatch(pipeline, words), arguments)


def serve_main(arguments: Sequence[str] | None = None) -> int:
    """Run ``serve`` without a pipeline and return the exit code, as ``main`` does.

    Args:
        arguments: The words after the verb; those of the process when None.
    """
    return _main(run_serve, arguments)


def _main(work: Callable[[Sequence[str]], int], arguments: Sequence[str] | None) -> int:
    """Run a command line and return the exit code."""
    if arguments is not None:
        return _run(work, arguments)
    for number in ENDINGS:
        if signal.getsignal(number) in (exit_at_once, signal.SIG_DFL):
            signal.signal(number, interrupt)
    try:
        code = _run(work, sys.argv[1:])
    except KeyboardInterrupt as again:  # a second one, during clean-up
        code = console.interrupted(again)
    if code > console.SIGNALLED:
        os._exit(code)  # TensorFlow and Python take seconds to shut down
    for number in ENDINGS:  # the work is done; let the interpreter exit
        if signal.getsignal(number) in (interrupt, signal.default_int_handler):
            signal.signal(number, signal.SIG_IGN)
    return code


def _run(work: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Set up the console, do the work and return the exit code."""
    debug = "--debug" in arguments
    console.set_up(debug)
    with on_the_command_line():
        return console.exit_code(lambda: work(arguments), debug)


def _dispatch(pipeline: Pipeline, arguments: Sequence[str]) -> int:
    """Run the verb that the arguments name."""
    verbs = verbs_of(pipeline)
    if not arguments:
        raise OptionError(f"a verb is missing; it can be {', '.join(verbs)} (or --help)")
    verb, *rest = arguments
    if verb in ("-h", "--help"):
        sys.stdout.write(_help(pipeline))
        return 0
    if verb == "--version":
        sys.stdout.write(version())
        return 0
    if verb not in verbs:
        matches = difflib.get_close_matches(verb, verbs, n=1)
        hint = f"; did you mean {matches[0]}?" if matches else ";"
        raise OptionError(f"there is no verb {verb}{hint} it can be {', '.join(verbs)} (or --help)")
    return verbs[verb].run(pipeline, verb, rest)


def _help(pipeline: Pipeline) -> str:
    """Return the help text of a pipeline."""
    found = verbs_of(pipeline)
    width = max(map(len, found))
    verbs = "\n".join(f"  {name:{width}}  {verb.help}" for name, verb in found.items())
    return (
        f"usage: {pipeline.command} VERB [options]\n\n{pipeline.description}\n\n{verbs}\n\n"
        f"{pipeline.command} VERB --help lists the options of a verb.\n"
    )
