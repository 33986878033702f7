"""Word vectors from text files, as GloVe and word2vec write them."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.files import read_lines
from toolkit.errors import DataError

logger = logging.getLogger("toolkit")

#: Ids below this stand for no word: padding and unknown.
_FIRST_WORD = 2


def read_vectors(path: str | Path, words: Sequence[str], seed: int) -> NDArray[np.float32]:
    """Reads the vectors of some words from a file with a word and its numbers on each line.

    A first line of two whole numbers, as word2vec writes it, is passed over. A word that is not in
    the file as it stands has the vector of the file's word that is the same in lower case, and
    otherwise a random one of the same deviation; of a word that is there twice, the first counts.
    It is said how many words, and which share, were found.

    Args:
        path: The file; also gzipped.
        words: V words, in lower case; the first two are padding, whose vector is 0, and unknown.
        seed: The seed of the random vectors.

    Returns:
        [V, size].

    Raises:
        DataError: The file is missing or empty, a line has no numbers or another count of them, one
            is not finite in float32, or no word has a vector.
    """
    return word_vectors(str(path), _vectors_in(Path(path)), words, seed)


def word_vectors(
    name: str, vectors: Iterable[tuple[str, Any]], words: Sequence[str], seed: int
) -> NDArray[np.float32]:
    """The vectors of some words, among those of many; see ``read_vectors``.

    Args:
        name: What the vectors come from, for messages.
        vectors: Words, each with its vector [size].
        words: V words, in lower case; the first two are padding and unknown.
        seed: The seed of the random vectors.

    Returns:
        [V, size].

    Raises:
        DataError: No word has a vector.
    """
    places = {word: place for place, word in enumerate(words) if place >= _FIRST_WORD}
    found: dict[int, Any] = {}
    folded: dict[int, Any] = {}
    for word, vector in vectors:
        if word in places:
            found.setdefault(places[word], vector)
        elif (place := places.get(word.lower())) is not None:
            folded.setdefault(place, vector)
    found = folded | found
    if not found:
        raise DataError(f"{name} has no vector for any word of the training data")
    known = np.stack([*found.values()])
    logger.info(
        "%s: vectors for %d of %d words (%.1f %%)",
        *(name, len(found), len(places), 100 * len(found) / len(places)),
    )
    random = np.random.default_rng(seed)
    shape = (len(words), known.shape[1])
    chosen = random.normal(scale=known.std(), size=shape).astype(np.float32)
    chosen[[*found]] = known
    chosen[0] = 0
    return chosen


def _vectors_in(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The words in a file, each with its vector."""
    if path.is_dir():
        raise DataError(f"{path} is a folder; word vectors are a file with a word a line")
    size = 0
    for number, line in enumerate(read_lines(path, "\n"), start=1):
        line = line.rstrip()
        fields = line.split("\t" if "\t" in line else " ")
        if number == 1 and len(fields) == 2 and all(field.isdecimal() for field in fields):
            continue
        vector = _numbers(path, number, fields, size)
        size = len(vector)
        yield " ".join(fields[: len(fields) - size]), vector
    if not size:
        raise DataError(
            f"{path} has no vectors; it should have a word and its numbers on each line"
        )


def _numbers(path: Path, number: int, fields: Sequence[str], size: int) -> Any:
    """The numbers at the end of a line: so many, or of the first line all but the word."""
    place = f"{path}, line {number}"
    if len(fields) < 1 + max(1, size):
        wanted = f"a word and {size} numbers" if size else "a word and its numbers"
        raise DataError(f"{place} has {len(fields)} fields; it should be {wanted}")
    if size and len(fields) > 1 + size and _is_number(fields[-size - 1]):
        raise DataError(f"{place} has {len(fields) - 1} numbers; the lines before it have {size}")
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite
            vector = np.array(fields[-size:] if size else fields[1:], np.float32)
    except ValueError:
        raise DataError(
            f"{place} has something other than numbers after the word: {' '.join(fields[1:4])!r}"
        ) from None
    if not np.isfinite(vector).all():
        raise DataError(f"{place} has a number that is not finite")
    return vector


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
