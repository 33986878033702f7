"""Text that goes on, as the text did that it was trained on.

Run ``python -m pipelines.language_model --help``.
"""

import sys
from collections.abc import Sequence

from pipelines.command import main as run
from pipelines.labelled import LabelledStream
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.samples.topics import topics
from toolkit.tasks.options import LanguageModelOptions, WritingOptions

PIPELINE = Pipeline(
    name="language_model",
    description="Learns from text which unit follows which, and writes more of it.",
    options=LanguageModelOptions,
    task="toolkit.tasks.language_model:LanguageModel",
    labelled=LabelledStream(),
    samples={SAMPLE: topics},
    examples=["", "The ", "If the value is "],
    asking=WritingOptions,
    streams=True,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
