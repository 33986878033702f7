"""Pretrained word vectors in the text formats of GloVe and word2vec."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.sources.lines import line_problem, read_lines
from toolkit.errors import DataError

logger = logging.getLogger("toolkit")

#: The first id of a word, after padding and unknown.
_FIRST_WORD = 2


def read_vectors(path: str | Path, words: Sequence[str], seed: int) -> NDArray[np.float32]:
    """Read the vectors of words from a file with a word and its numbers on each line.

    A first line of two integers, as in word2vec files, is skipped. A word that is not in the file
    gets the vector of a word that equals it in lower case, or else a random vector of the same
    standard deviation. Of repeated words, the first is used. The number and share of words with a
    vector are logged.

    Args:
        path: The file, plain or gzipped.
        words: V words, in lower case; the first two are padding, whose vector is 0, and unknown.
        seed: The seed of the random vectors.

    Returns:
        The vectors, float32 [V, size].

    Raises:
        DataError: The file is missing or empty, a line has no numbers or a different count of them,
            a number is not finite in float32, or no word has a vector.
    """
    return word_vectors(str(path), _vectors_in(Path(path)), words, seed)


def word_vectors(
    name: str, vectors: Iterable[tuple[str, Any]], words: Sequence[str], seed: int
) -> NDArray[np.float32]:
    """Select the vectors of words from an iterable; see ``read_vectors``.

    Args:
        name: The source of the vectors, for messages.
        vectors: Words with their vectors [size].
        words: V words, in lower case; the first two are padding and unknown.
        seed: The seed of the random vectors.

    Returns:
        The vectors, float32 [V, size].

    Raises:
        DataError: No word has a vector.
    """
    places = {word: place for place, word in enumerate(words) if place >= _FIRST_WORD}
    exact: dict[int, Any] = {}
    folded: dict[int, Any] = {}
    for word, vector in vectors:
        if word in places:
            exact.setdefault(places[word], vector)
        elif (place := places.get(word.lower())) is not None:
            folded.setdefault(place, vector)
    known = folded | exact
    if not known:
        raise DataError(f"{name} has no vector for any word of the training data")
    rows = np.stack([*known.values()])
    logger.info(
        "%s: vectors for %d of %d words (%.1f %%)",
        *(name, len(known), len(places), 100 * len(known) / len(places)),
    )
    random = np.random.default_rng(seed)
    shape = (len(words), rows.shape[1])
    embedding = random.normal(scale=rows.std(), size=shape).astype(np.float32)
    embedding[[*known]] = rows
    embedding[0] = 0
    return embedding


def _vectors_in(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the words of a file with their vectors."""
    if path.is_dir():
        raise DataError(f"{path} is a folder; word vectors are a file with a word a line")
    size = 0
    for number, line in enumerate(read_lines(path, "\n"), start=1):
        if (problem := line_problem(line)) is not None:
            raise DataError(f"{path}, line {number}: {problem}")
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
    """Return the last ``size`` fields of a line as numbers, or all but the first if size is 0."""
    place = f"{path}, line {number}"
    if len(fields) < 1 + max(1, size):
        wanted = f"a word and {size} numbers" if size else "a word and its numbers"
        raise DataError(f"{place} has {len(fields)} fields; it should be {wanted}")
    if size and len(fields) > 1 + size and _is_number(fields[-size - 1]):
        raise DataError(f"{place} has {len(fields) - 1} numbers; the lines before it have {size}")
    try:
        with np.errstate(over="ignore"):  # numbers that are too large become infinite
            vector = np.array(fields[-size:] if size else fields[1:], np.float32)
    except ValueError:
        raise DataError(
            f"{place} has something other than numbers after the word: {' '.join(fields[1:4])!r}"
        ) from None
    if not np.isfinite(vector).all():
        raise DataError(f"{place} has a number that is not finite")
    return vector


def _is_number(field: str) -> bool:
    """Return whether a string is a number."""
    try:
        float(field)
    except ValueError:
        return False
    return True
