"""Examples of strands with spans, read and checked row by row."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from toolkit.data import EntityExample, EntityExamples, Source, open_entities
from toolkit.data.bad_rows import BadRowError
from toolkit.data.fingerprints import fingerprint
from toolkit.data.sources.source import Record
from toolkit.data.splits import Indices, split_indices
from toolkit.data.strands.letters import LetterCheck
from toolkit.data.strands.spans import MarkedStrands, marked_paths
from toolkit.errors import quoted
from toolkit.options import option
from toolkit.tagging import spans_of
from toolkit.text.bases import either_strand


class MarkedStrandExamples(EntityExamples):
    """The examples of a source of strands with spans; each iteration reads them again.

    They are read as those of ``EntityExamples``. A sentence whose tokens are single bases is a
    strand, too: every example has a text. Letters are checked as in ``StrandExamples``.

    Args:
        source: The source of the rows.
        options: The columns, and how their values are read.
        labelled: Whether to read spans.
        labels: The labels that may occur; None allows any.

    Attributes:
        letters: The letters that are no nucleotides.

    Raises:
        DataError: As ``EntityExamples``.
    """

    def __init__(
        self, source: Source, options: Any, labelled: bool = True, labels: Any = None
    ) -> None:
        if labelled and isinstance(source, MarkedStrands):
            source.check_spans()
            self.overlap_remedy = f"; {option('span_labels')} reads spans of some labels only"
        super().__init__(source, options, labelled, labels)
        self.letters = LetterCheck()

    def __iter__(self) -> Iterator[EntityExample]:
        self.letters.unknown.clear()
        yield from super().__iter__()
        self.letters.log(self.source.name)

    def _example(self, record: Record, scheme: str | None) -> EntityExample:
        example = super()._example(record, scheme)
        if example.text is None:
            for token in example.tokens:
                if len(token) > 1:
                    raise BadRowError(f"the token {quoted(token)} is no single base")
            text, spans = "".join(example.tokens), tuple(spans_of(example.tags))
            example = example._replace(text=text, spans=spans, tokens=(), tags=())
        self.letters.check(example.text or "")
        return example

    def _unreadable(self, record: Record, problem: str) -> EntityExample:
        return EntityExample(record.row, text="", place=record.place, problem=problem)


def split_marked(
    examples: MarkedStrandExamples, share: float, seed: int
) -> tuple[Indices, Indices]:
    """Split strands, read once more, so that equal and opposite ones are in the same part.

    See :func:`toolkit.data.splits.split_indices`.
    """
    groups = [fingerprint(either_strand(example.text or "")) for example in examples]
    return split_indices(len(groups), share, seed, groups=np.asarray(groups, np.int64))


def open_marked(data: Any, part: str | None, options: Any) -> Source:
    """Open strands with spans, or unlabelled strands, of any supported kind.

    Args:
        data: The path of a FASTA file, with a BED or GFF3 file beside it that differs in its ending
            alone; both paths, with a comma between; for unlabelled data a FASTA or FASTQ file; or
            anything else that ``toolkit.data.open_entities`` opens.
        part: ``train`` or ``test``, as for ``open_entities``.
        options: The column options, with ``span_labels``.

    Raises:
        DataError: The data does not exist, or is of an unsupported kind.
    """
    if isinstance(data, str | os.PathLike):
        paths = marked_paths(os.fspath(data))
        if paths is not None:
            labels = tuple(name.strip() for name in (options.span_labels or "").split(",") if name)
            return MarkedStrands(*paths, labels)
    return open_entities(data, part, options)
