"""A command of a pipeline."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import join_sides


@dataclass(frozen=True)
class Verb:
    """A command of a pipeline, such as ``train``.

    Args:
        usage: The arguments after the verb, for the usage line.
        help: One sentence on what the verb does.
        add_arguments: Function that adds the verb's options to a parser.
        execute: Function that does the work and returns the exit code.
        needs_data: Whether labelled data must be given, where the verb takes it.
    """

    usage: str
    help: str
    add_arguments: Callable[[Parser, Pipeline], None]
    execute: Callable[[Pipeline, Any], int]
    needs_data: bool = True

    def run(self, pipeline: Pipeline, name: str, arguments: Sequence[str]) -> int:
        """Parse the arguments, do the work and return the exit code."""
        options = parsed(
            f"{pipeline.command} {name}",
            self,
            lambda parser: self.add_arguments(parser, pipeline),
            arguments,
        )
        if isinstance(options, int):
            return options
        join_sides(pipeline, options, arguments, self.needs_data)
        return self.execute(pipeline, options)


def parsed(
    program: str, verb: Verb, add_arguments: Callable[[Parser], None], arguments: Sequence[str]
) -> Namespace | int:
    """Return the parsed arguments of a verb, or the exit code after ``--help``.

    Args:
        program: The command up to the verb.
        verb: The verb, for the help text.
        add_arguments: Function that adds its options to a parser.
        arguments: The words after it.

    Raises:
        OptionError: They cannot be used.
    """
    parser = Parser(program, verb.usage, verb.help)
    add_arguments(parser)
    parser.add_argument(
        "--debug", type=bool, default=False, help="Show tracebacks and TensorFlow's log."
    )
    try:
        return parser.parse(arguments)
    except SystemExit as end:  # after --help
        return int(end.code or 0)
