"""The scan of sentences or texts with entities: their number and labels, for the split."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.data.entities.examples import EntityExamples
from toolkit.data.entities.formats.column_file import ColumnFileSource
from toolkit.data.splits import Indices, split_indices
from toolkit.errors import DataError, count

#: The number of sentences that are kept.
SAMPLE = 2000


@dataclass(frozen=True)
class EntityScan:
    """The result of a scan.

    Attributes:
        count: The number of examples.
        labels: The known labels of entities, and then the others, sorted.
        sample: The tokens of the first sentences; empty for texts.
    """

    count: int
    labels: tuple[str, ...]
    sample: list[Sequence[str]]

    def split(self, share: float, seed: int) -> tuple[Indices, Indices]:
        """Split off a held-out part; see :func:`toolkit.data.splits.split_indices`."""
        return split_indices(self.count, share, seed)


def scan_entities(examples: EntityExamples, known: Sequence[str] = ()) -> EntityScan:
    """Scan labelled examples.

    Args:
        examples: The labelled examples.
        known: The labels that have a number already.

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
        size = len(example.tokens) or len(example.text or "")
        raise DataError(
            f"{examples.source.name} is one sentence of {count(size, 'token')}; there "
            "should be a blank line after each sentence"
        )
    return EntityScan(number, (*known, *sorted(labels.difference(known))), sample)
