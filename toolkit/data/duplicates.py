"""Texts that come again, as they stand or written otherwise; eight bytes are kept of each."""

import hashlib
import re
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BREAK = re.compile(r"</?br ?/?>")
#: How many examples of each finding are kept.
EXAMPLES = 3


class _Letters(dict[int, int | None]):
    """For ``str.translate``: takes away punctuation, white space and what cannot be seen."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        self[code] = None if category[0] in "PZ" or category in ("Cc", "Cf") else code
        return self[code]


_LETTERS = _Letters()


def normal_form(text: str) -> str:
    """What is left of a text without case, spacing, HTML line breaks and punctuation.

    Letters are brought to NFKC; marks, digits and symbols (emoji among them) stay. A text of
    punctuation alone stays as it is, but for the space around it::

        "It's  GOOD!<br />Very."  ->  "itsgoodvery"
    """
    return letters(text) or text.strip()


def letters(text: str) -> str:
    """The same, but of a text of punctuation alone nothing is left."""
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", folded).casefold()
    return _BREAK.sub("", folded).translate(_LETTERS)


def fingerprint(text: str | bytes | memoryview) -> int:
    """A number of 64 bits for a string or bytes, the same in every process (BLAKE2b).

    Among a million strings the chance that two different ones share theirs is 3 in 10^8.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    digest = hashlib.blake2b(data, digest_size=8)
    return int.from_bytes(digest.digest(), "little", signed=True)


class Repeats(NamedTuple):
    """How often texts come again.

    Attributes:
        training: How many texts of the training part have come in it before.
        held_out: How many of the held-out part have come in it before.
        across: How many texts of the held-out part are in the training part, too.
        contradicting: How many texts, each counted once, come with different labels.
        training_pairs: The first few, each with the text that came before: indices [n, 2].
        held_out_pairs: The same within the held-out part.
        across_pairs: The first few held-out texts, each with one of the training part.
        contradicting_pairs: The first few pairs of one text with different labels.
    """

    training: int
    held_out: int
    across: int
    contradicting: int
    training_pairs: NDArray[np.int64]
    held_out_pairs: NDArray[np.int64]
    across_pairs: NDArray[np.int64]
    contradicting_pairs: NDArray[np.int64]


def find_repeats(
    prints: NDArray[np.int64], labels: NDArray[np.int64], held_out: NDArray[np.bool_]
) -> Repeats:
    """Finds equal texts among fingerprints.

    Args:
        prints: A fingerprint for each text [N], N >= 1.
        labels: A fingerprint for each text's label [N].
        held_out: Whether each text is of the held-out part [N].
    """
    # Equal texts side by side, those of the training part first, each part in its own order.
    order = np.lexsort((held_out, prints))
    same = prints[order][1:] == prints[order][:-1]
    before, after = order[:-1][same], order[1:][same]
    begins = np.flatnonzero(np.concatenate([[True], ~same]))
    first = np.empty_like(order)  # of each text, the first one that is equal to it
    first[order] = np.repeat(order[begins], np.diff([*begins, len(order)]))

    within = held_out[before] == held_out[after]
    training = after[within & ~held_out[after]], before[within & ~held_out[after]]
    held = after[within & held_out[after]], before[within & held_out[after]]
    crossing = np.flatnonzero(held_out & ~held_out[first])
    differing = np.flatnonzero(labels != labels[first])
    return Repeats(
        len(training[0]),
        len(held[0]),
        len(crossing),
        len(np.unique(first[differing])),
        _examples(*training),
        _examples(*held),
        _examples(crossing, first[crossing]),
        _examples(differing, first[differing]),
    )


def _examples(later: NDArray[np.int64], earlier: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first few pairs."""
    some = np.argsort(later, kind="stable")[:EXAMPLES]
    return np.stack([later[some], earlier[some]], axis=1)
