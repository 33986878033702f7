"""What a verb is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import settle_sides


@dataclass(frozen=True)
class Verb:
    """A verb: how it is called, what it takes, what it does.

    Args:
        usage: What follows the verb in the shortest call.
        help: What it does, in a sentence.
        add_arguments: Adds its options to a parser.
        do: Does the work and returns the exit code.
    """

    usage: str
    help: str
    add_arguments: Callable[[Parser, Pipeline], None]
    do: Callable[[Pipeline, Any], int]

    def run(self, pipeline: Pipeline, name: str, arguments: Sequence[str]) -> int:
        """Parse the arguments, do the work and return the exit code."""
        parser = Parser(f"{pipeline.command} {name}", self.usage, self.help)
        self.add_arguments(parser, pipeline)
        parser.add_argument(
            "--debug", action="store_true", help="Show tracebacks and TensorFlow's log."
        )
        try:
            options = parser.parse(arguments)
        except SystemExit as end:  # after --help
            return int(end.code or 0)
        settle_sides(pipeline, options, arguments)
        return self.do(pipeline, options)
