"""Fingerprints of texts, and a normal form without case, spacing and punctuation."""

import hashlib
import re
import unicodedata

_BREAK = re.compile(r"</?br ?/?>")


class _Letters(dict[int, int | None]):
    """A table for ``str.translate`` that removes punctuation, white space and controls."""

    def __missing__(self, code: int) -> int | None:
        category = unicodedata.category(chr(code))
        self[code] = None if category[0] in "PZ" or category in ("Cc", "Cf") else code
        return self[code]


_LETTERS = _Letters()


def normal_form(text: str) -> str:
    """Return a text without case, spacing, HTML line breaks and punctuation.

    Letters are in NFKC; marks, digits and symbols, including emoji, are kept. A text of punctuation
    alone is only stripped::

        "It's  GOOD!<br />Very."  ->  "itsgoodvery"
    """
    return letters(text) or text.strip()


def letters(text: str) -> str:
    """Return the normal form of a text, which is empty for a text of punctuation alone."""
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", folded).casefold()
    return _BREAK.sub("", folded).translate(_LETTERS)


def fingerprint(text: str | bytes | memoryview) -> int:
    """Return a 64-bit hash of a string or bytes, the same in every process (BLAKE2b).

    The probability of any collision among a million different strings is 3 in 10^8.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    digest = hashlib.blake2b(data, digest_size=8)
    return int.from_bytes(digest.digest(), "little", signed=True)
