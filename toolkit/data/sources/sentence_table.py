"""Tables with one token a row, read as sentences."""

import re
from collections.abc import Iterator, Sequence

from toolkit.data.sources.source import Record, Source, is_missing

_SENTENCE_NAME = re.compile(
    r"sent(ence)?s?[ _.-]*(#|id|ids|no|nr|num|number|idx|index)?", re.IGNORECASE
)


class SentenceTable:
    """Group the rows of a source, one for each token, into sentences.

    ::

        sentence_id  word   tag           {"sentence_id": 1, "word": ["Ann", "sang"],
        1            Ann    B-PER    ->    "tag": ["B-PER", "O"]}
        1            sang   O             {"sentence_id": 2, "word": ["Yes"], "tag": ["O"]}
        2            Yes    O

    Consecutive rows with equal values in the sentence column are a sentence. Rows without a value
    belong to the sentence of the row before them.

    A row that cannot be read may belong to the sentence before or after it: both become one bad
    row.

    Args:
        source: The table.
        column: The column with the sentence of each token.
    """

    fixed_columns = False

    def __init__(self, source: Source, column: str) -> None:
        self.name = source.name
        self.columns = source.columns
        self.sentence_column = column
        self._source = source

    def records(self) -> Iterator[Record]:
        """Yield the sentences from the first one; each call starts again."""
        row = 0
        sentence: list[Record] = []
        problem: Record | None = None
        value: object = None
        for record in self._source.records():
            if record.problem is not None:
                problem, value = problem or record, None
                continue
            own = record.values.get(self.sentence_column)
            if is_missing(own):
                own = value
            elif value is not None and own != value:
                row += 1
                yield self._sentence(row, value, sentence, problem)
                sentence, problem = [], None
            sentence.append(record)
            value = own
        if sentence or problem is not None:
            yield self._sentence(row + 1, value, sentence, problem)

    def _sentence(
        self, row: int, value: object, parts: Sequence[Record], problem: Record | None
    ) -> Record:
        """Return the record of a sentence."""
        if problem is not None:
            return Record(row, {}, problem.place, problem.problem)
        places = [part.place for part in parts]
        values: dict[str, object] = {
            column: [part.values.get(column) for part in parts] for column in self.columns
        }
        values[self.sentence_column] = value
        place = f"sentence {row} from {places[0]}"
        doubtful = next((part for part in parts if part.doubt is not None), None)
        if doubtful is None:
            return Record(row, values, place, places=places)
        return Record(
            row, values, place, places=places, doubt=f"{doubtful.place}: {doubtful.doubt}"
        )


def sentence_column(columns: Sequence[str]) -> str | None:
    """Return the first column with a name such as ``sentence_id`` or ``Sentence #``, or None."""
    return next((name for name in columns if _SENTENCE_NAME.fullmatch(name.strip())), None)
