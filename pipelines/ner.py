"""Named entities, or any other stretches of text with a label: who, where and what is it about?

Run ``python -m pipelines.ner --help``.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from pipelines.command import main as run
from pipelines.labelled import LabelledEntities
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.samples.people import DEMO, people
from pipelines.samples.teddies import teddies
from toolkit.data import spans_of
from toolkit.evaluation import marked_page
from toolkit.tasks.options import EntityTaggerOptions


def page(answers: Iterable[tuple[Any, Mapping[str, Any]]], run: str) -> Iterable[str]:
    """Show the entities in their texts, as pieces of an HTML page."""
    name = Path(run).resolve().name
    return marked_page((_marked(text, found) for text, found in answers), title=name)


def _marked(text: Any, found: Mapping[str, Any]) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """A text with its entities; of a sentence of tokens, these with spaces between."""
    if isinstance(text, str):
        return text, found["entities"]
    starts = [0, *accumulate(len(token) + 1 for token in text)]
    return " ".join(text), [
        {"start": starts[span.start], "end": starts[span.end] - 1, "label": span.label}
        for span in spans_of(found["tags"])
    ]


PIPELINE = Pipeline(
    name="ner",
    description="Finds named entities in texts, of the kinds that it was trained on.",
    options=EntityTaggerOptions,
    task="toolkit.tasks.entity_tagger:EntityTagger",
    labelled=LabelledEntities(),
    samples={SAMPLE: people, "later_words": teddies},
    examples=[record["text"] for record in DEMO],
    page=page,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
