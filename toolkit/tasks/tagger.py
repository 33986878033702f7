"""The template of tasks that mark spans: a tag for each time step of a sequence."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import LengthBatches, PackedCorpus
from toolkit.evaluation import Tagged, entity_metrics
from toolkit.tagging import Span, bioes_spans, bioes_tags
from toolkit.tasks.options import TAGGER_MONITORS
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.task import Task
from toolkit.training.class_weights import balanced_weights

logger = logging.getLogger("toolkit")

#: The number of time steps, padding included, of a validation batch.
VALIDATION_STEPS = 16_384


class Tagger(Task):
    """The template of an estimator of spans, which learns a BIOES tag for each time step.

    The network is a ``toolkit.models.ManyToMany``; the targets of a corpus are the numbers of tags.
    """

    #: What messages call sequences and spans.
    SEQUENCES: ClassVar[str] = "sequences"
    SPANS: ClassVar[str] = "spans"

    if TYPE_CHECKING:
        class_weights: Any

    def _batches(self, prepared: Prepared) -> LengthBatches:
        settings, weights = prepared.settings, None
        if settings.class_weights == "balanced":
            weights = _tag_weights(prepared.train, prepared.classes)
        return LengthBatches(
            prepared.train, settings.batch_tokens, settings.seed, class_weights=weights
        )

    def _monitors(self) -> Mapping[str, str]:
        return TAGGER_MONITORS

    def _monitor(self, prepared: Prepared) -> str:
        held_out: PackedCorpus | None = prepared.held_out
        tags = len(bioes_tags(prepared.classes))
        if held_out is None or held_out.tag_counts(tags)[1:].any():
            return super()._monitor(prepared)
        logger.warning(
            "the %d %s to validate have no %s, so that F1 cannot be measured; the log loss decides "
            "which weights are kept",
            *(len(held_out), self.SEQUENCES, self.SPANS),
        )
        return "log_loss"

    def _validation(self, network: keras.Model, prepared: Prepared) -> Callable[[], dict[str, Any]]:
        held_out: PackedCorpus = prepared.held_out
        batches = LengthBatches(held_out, VALIDATION_STEPS, shuffle=False)
        specs = [held_out.input_signature, held_out.target_signature]
        answer = tf.function(network.validate, input_signature=specs, autograph=False)
        tags = bioes_tags(prepared.classes)

        def spans(numbers: NDArray[np.int32]) -> list[Span]:
            return bioes_spans([tags[number] for number in numbers])

        def measure() -> dict[str, Any]:
            sentences: list[Tagged] = []
            loss = 0.0
            for order, (inputs, gold) in zip(batches.order(), batches.dataset(), strict=True):
                best, batch_loss = answer(inputs, gold)
                loss += float(batch_loss)
                for index, row in zip(order, best.numpy(), strict=True):
                    length = held_out.lengths[index]
                    predicted = spans(row[:length])
                    sentences.append(
                        Tagged(
                            [""] * length,
                            spans(held_out.labels[index]),
                            predicted,
                            [0.0] * len(predicted),
                        )
                    )
            tokens = int(held_out.lengths.sum())
            return entity_metrics(sentences, prepared.classes) | {"log_loss": loss / tokens}

        return measure


def _tag_weights(corpus: PackedCorpus, labels: Sequence[str]) -> NDArray[np.floating[Any]]:
    """Return weights of tags that give all labels the same total weight; 1 for O."""
    counts = corpus.tag_counts(len(bioes_tags(labels)))
    label_weights = balanced_weights(counts[1:].reshape(len(labels), -1).sum(axis=1))
    return np.concatenate([[1.0], np.repeat(label_weights, len(counts[1:]) // len(labels))])
