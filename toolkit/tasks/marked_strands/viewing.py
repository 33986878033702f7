"""A page of strands with the spans that a tagger finds, and the probability of each base."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.strands.named import called
from toolkit.errors import ModelError
from toolkit.evaluation import MarkedStrand, Stretch, drawn_stretches, marked_strand_page
from toolkit.tasks.marked_strands.serving import base_probabilities
from toolkit.tasks.marked_strands.task import StrandTagger

logger = logging.getLogger("toolkit")


def answer_page(
    task: StrandTagger, answers: Iterable[tuple[str, Mapping[str, Any]]], title: str
) -> Iterator[str]:
    """Yield an HTML page of strands with their spans, piece by piece.

    The probabilities of bases are those of the network in ``model.keras``, since the exported
    model gives spans alone. Without that file they are not drawn, and a warning says so.

    Args:
        task: The tagger.
        answers: Strands with what ``predict`` answers; one of a file has its ``name``.
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """
    probabilities = _probabilities(task)

    def marked() -> Iterator[MarkedStrand]:
        for place, (strand, answer) in enumerate(answers, 1):
            spans = answer["entities"]
            drawn = [
                Stretch(start, probabilities(strand, start, end))
                for start, end in drawn_stretches(len(strand), spans)
            ]
            yield MarkedStrand(called(place, strand), strand, spans, drawn)

    yield from marked_strand_page(marked(), task.classes, title)


def _probabilities(task: StrandTagger) -> Callable[[str, int, int], NDArray[np.float32]]:
    """Return ``base_probabilities`` of a task; a function to zeros if it has no network."""
    try:
        model = task._needs_model("the probability of each base")
    except ModelError as error:
        logger.warning("%s; the page shows the spans without it", error)
        labels = len(task.classes)
        return lambda _, start, end: np.zeros((end - start, labels), np.float32)
    return base_probabilities(model, task.window, task.overlap)
