"""Named entities, or any other stretches of text with a label: who, where and what is it about?

Run ``python -m pipelines.ner --help``.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from pipelines.command import main as run
from pipelines.labelled import LabelledEntities
from pipelines.pipeline import SAMPLE, Pipeline, View
from pipelines.samples.people import DEMO, people
from pipelines.samples.teddies import teddies
from toolkit.data import spans_of
from toolkit.evaluation import marked_page
from toolkit.files import atomic
from toolkit.tasks.options import EntityTaggerOptions


def write_page(_: Any, answers: Iterator[tuple[Any, Any]], run: str, path: str) -> None:
    """Write an HTML page that shows the entities in their texts."""
    marked = (_marked(text, found) for text, found in answers)
    with atomic(path) as file:
        for part in marked_page(marked, title=Path(run).resolve().name):
            file.write(part.encode("utf-8", "replace"))


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
    view=View("html", "a page that shows the answers in the texts", write_page),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    return run(PIPELINE, arguments)


if __name__ == "__main__":
    sys.exit(main())
