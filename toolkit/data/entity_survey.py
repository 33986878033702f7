"""The first reading of marked sentences: which labels there are, and how many to split."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.data.column_file import ColumnFileSource
from toolkit.data.entity_examples import EntityExamples
from toolkit.data.splits import Indices, split_indices
from toolkit.errors import DataError, count

#: How many sentences are kept.
SAMPLE = 2000


@dataclass(frozen=True)
class EntitySurvey:
    """What the first reading found.

    Attributes:
        count: How many examples there are.
        labels: The kinds of entities, sorted.
        sample: The tokens of the first sentences, where they come as tokens.
    """

    count: int
    labels: tuple[str, ...]
    sample: list[Sequence[str]]

    def split(self, share: float, seed: int) -> tuple[Indices, Indices]:
        """Holds out a share of the examples; see :func:`toolkit.data.splits.split_indices`."""
        return split_indices(self.count, share, seed)


def survey_entities(examples: EntityExamples) -> EntitySurvey:
    """Reads examples to learn from once.

    Args:
        examples: The labelled examples.

    Raises:
        DataError: A row cannot be used, there are no entities, or a column file is one sentence.
    """
    number = 0
    labels: set[str] = set()
    sample: list[Sequence[str]] = []
    for example in examples:
        number += 1
        labels |= example.labels
        if len(sample) < SAMPLE and example.text is None:
            sample.append(example.tokens)
    whole = number == 1 and not examples.bad_rows
    if whole and isinstance(examples.source, ColumnFileSource):
        raise DataError(
            f"{examples.source.name} is one sentence of {count(len(sample[0]), 'token')}; there "
            "should be a blank line after each sentence"
        )
    return EntitySurvey(number, tuple(sorted(labels)), sample)
