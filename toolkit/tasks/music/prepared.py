"""The preparation of pieces for training."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from toolkit.data import MusicExample, MusicExamples, encode_music, open_music, split_indices
from toolkit.music.inputs import RollInputs
from toolkit.music.rolls import pitches_of
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import SOME
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings

#: The number of first frames of a piece in a golden file.
BEGINNING = 16


@dataclass(frozen=True)
class PieceFacts:
    """The facts of a piece beside its notes.

    Attributes:
        place: Its place in its source.
        tempo: Quarters a minute; None if it is not known.
        metre: Beats of a bar and unit of a beat; None if it is not known.
        metres: The number of its different metres.
    """

    place: str
    tempo: float | None
    metre: tuple[int, int] | None
    metres: int


@dataclass(frozen=True, kw_only=True)
class PreparedMusic(Prepared):
    """Pieces for training.

    Attributes:
        train_facts: What the pieces of the training part say beside their notes.
        held_out_facts: The same of the held-out part.
    """

    train_facts: tuple[PieceFacts, ...] = ()
    held_out_facts: tuple[PieceFacts, ...] = ()


def prepare_music(settings: Settings, data: Any, validation_data: Any) -> PreparedMusic:
    """Read pieces once, write them to disk, and split them.

    Args:
        settings: The settings of the training.
        data: The training data, for ``open_music``.
        validation_data: The validation data, if any; else a share of the data is held out.

    Raises:
        DataError: A piece cannot be used, or there are too few of them.
    """
    readers = [MusicExamples(open_music(data, "train", settings.columns), settings.columns)]
    found: list[PieceFacts] = []
    train, held_out = encode_music(_noted(readers[0], found)), None
    facts, held_facts = tuple(found), tuple[PieceFacts, ...]()
    if validation_data is not None:
        source = open_music(validation_data, "test", settings.columns)
        readers.append(MusicExamples(source, settings.columns))
        others: list[PieceFacts] = []
        held_out, held_facts = encode_music(_noted(readers[1], others)), tuple(others)
    elif settings.validation_split:
        parts = split_indices(len(train), settings.validation_split, settings.seed)
        train, held_out = (train.subset(rows) for rows in parts)
        facts, held_facts = (tuple(found[row] for row in rows.tolist()) for rows in parts)

    def held_out_beginnings() -> list[Any]:
        assert held_out is not None
        rolls = (held_out.sequences[row] for row in range(len(held_out)))
        return [pitches_of(roll[:BEGINNING]) for roll in islice(rolls, SOME)]

    def held_out_pieces() -> list[Any]:
        assert held_out is not None
        return [held_out.sequences[row] for row in range(len(held_out))]

    previous = settings.previous
    tempos = [each.tempo for each in facts if each.tempo is not None]
    metres = Counter(each.metre for each in facts if each.metre is not None)
    return PreparedMusic(
        settings=settings,
        preprocessing=RollInputs() if previous is None else previous.model.preprocessing,
        train=train,
        held_out=held_out,
        held_out_inputs=None if held_out is None else held_out_beginnings,
        held_out_data=None if held_out is None else held_out_pieces,
        size=DataSize(len(train), int(train.lengths.sum())),
        facts={
            "data": readers[0].source.name,
            "rows": len(train),
            "frames": int(train.lengths.sum()),
            "tempo": float(np.median(tempos)) if tempos else None,
            "metre": list(metres.most_common(1)[0][0]) if metres else None,
            "validation": validation_words(held_out, validation_data, "at random", settings.seed),
        },
        readers=tuple(readers),
        train_facts=facts,
        held_out_facts=held_facts,
    )


def _noted(examples: Iterable[MusicExample], found: list[PieceFacts]) -> Iterator[MusicExample]:
    """Yield examples, and note what they say beside their notes."""
    for example in examples:
        piece = example.piece
        found.append(PieceFacts(example.place, piece.tempo, piece.metre, piece.metres))
        yield example
