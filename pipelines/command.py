"""From the command line to a verb, and from what it did to an exit code."""

import sys
from collections.abc import Sequence

from pipelines import console
from pipelines.pipeline import Pipeline
from pipelines.verbs import VERBS
from toolkit.errors import OptionError

__all__ = ["Pipeline", "main"]


def main(pipeline: Pipeline, arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code.

    Args:
        pipeline: The pipeline.
        arguments: The command line after the program's name; that of the process when None.

    Returns:
        0 done; 1 the work failed; 2 bad usage or bad input; 130 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in arguments
    console.set_up(debug)
    return console.exit_code(lambda: _dispatch(pipeline, arguments), debug)


def _dispatch(pipeline: Pipeline, arguments: Sequence[str]) -> int:
    if not arguments:
        raise OptionError(f"a verb is missing; it can be {', '.join(VERBS)} (or --help)")
    verb, *rest = arguments
    if verb in ("-h", "--help"):
        sys.stdout.write(_help(pipeline))
        return 0
    if verb not in VERBS:
        raise OptionError(f"there is no verb {verb}; it can be {', '.join(VERBS)} (or --help)")
    return VERBS[verb].run(pipeline, verb, rest)


def _help(pipeline: Pipeline) -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:{width}}  {verb.help}" for name, verb in VERBS.items())
    return (
        f"usage: {pipeline.command} VERB [options]\n\n{pipeline.description}\n\n{verbs}\n\n"
        f"{pipeline.command} VERB --help says more about each.\n"
    )
