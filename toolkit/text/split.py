"""Cutting text into pieces, each with its place in the original.

The pieces partition the text: every code point lies in exactly one token or in one gap between
tokens, so a token's place follows from the lengths of what comes before it and is exact by
construction. The cut is one regular expression (RE2, linear time) whose alternatives are the kinds
of token, tried in order; what none of them takes is a gap.

Words::

    "Don't shout, it's 3.50 a kilo!"   Don't | shout | , | it | 's | 3.50 | a | kilo | !
    "state-of-the-art (U.S.)"          state | - | of | - | the | - | art | ( | U.S. | )
    "good<br /><br />film"             good | film
    "L’Europe, м’яч"                   L | ’ | Europe | , | м’яч
    "我爱北京"                           我 | 爱 | 北 | 京
    "👍🏽 👩‍👩‍👧 🇫🇷 1️⃣"                 👍🏽 | 👩‍👩‍👧 | 🇫🇷 | 1️⃣

Characters::

    "é ok\\n"                           é | ␣ | o | k | ⏎       (also where é is e and an accent)
    "a<br />b"                         a | ⏎ | b

A word is a run of letters, marks and digits. Punctuation marks and symbols are tokens of their own,
hyphens and apostrophes among them, because finer tokens never hide where a name begins or ends.
The exceptions keep what has a meaning only as a whole: contractions (``don't``; the clitics
``'s 're 've 'll 'd 'm``), the Cyrillic apostrophe, numbers with inner points and commas, initials
(``U.S.``), and what is seen as one symbol: flags, keycaps, emoji with their skin tones and
joiners, marks on any base. Scripts written without spaces give one token a character.
"""

from typing import Any, Literal, NamedTuple

import tensorflow as tf

Units = Literal["words", "characters"]

# A byte that valid UTF-8 never contains stands around each token while the text is being cut.
_SEPARATOR = b"\xff"

_WITHOUT_SPACES = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[^\P{{L}}{_WITHOUT_SPACES}]"
_JOINERS = r"\x{200C}\x{200D}"  # within words of Persian and the Indic scripts, and within emoji
_SOFT_HYPHEN = r"\x{AD}"

_BREAK = r"<[bB][rR] ?/?>|</[bB][rR]>"
_FLAG = r"[\x{1F1E6}-\x{1F1FF}]{2}"
_KEYCAP = r"[0-9#*]\x{FE0F}?\x{20E3}"
_MARKS = r"[\p{M}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]*"  # skin tones and tags count as marks


def _symbol(base: str) -> str:
    """One user-perceived symbol: a base with its marks, or several joined (a family emoji)."""
    return rf"{base}{_MARKS}(?:\x{{200D}}{base}{_MARKS})*"


_WORD_PATTERN = "|".join(
    [
        _FLAG,
        _KEYCAP,
        r"(?:\p{Lu}\.){2,}",  # initials
        r"\p{Nd}+(?:[.,]\p{Nd}+)+",  # 3.14  1,000
        r"(?i:\p{L}*n['’]t\b)",  # don't
        r"(?i:['’](?:s|re|ve|ll|d|m)\b)",  # it's -> it 's
        r"\p{Cyrillic}+(?:['’]\p{Cyrillic}+)+",  # м'яч
        rf"(?:{_LETTER}|\p{{N}})(?:{_LETTER}|[\p{{M}}\p{{N}}{_JOINERS}{_SOFT_HYPHEN}])*",
        rf"[{_WITHOUT_SPACES}]\p{{M}}*",
        _symbol(r"[^\p{L}\p{N}\p{Z}\p{Cc}\p{Cf}]"),
    ]
)

_CHARACTER_PATTERN = "|".join(
    [
        r"\r\n",
        _FLAG,
        r"[\x{1100}-\x{115F}]+[\x{1160}-\x{11A7}]*[\x{11A8}-\x{11FF}]*",  # Hangul jamo
        r"[가-힣][\x{1160}-\x{11A7}]*[\x{11A8}-\x{11FF}]*",
        rf"[\p{{L}}\p{{N}}][\p{{M}}{_JOINERS}]*",
        _symbol(r"[^\p{L}\p{N}\p{Z}\p{Cc}\p{Cf}]"),
        r"(?s:.)",
    ]
)

# What a line break looks like in text cut into characters; all of them become "\n".
LINE_BREAK = rf"\r\n|[\r\x{{0B}}\f\x{{85}}\x{{2028}}\x{{2029}}]|{_BREAK}"


class Pieces(NamedTuple):
    """The tokens of a batch of texts.

    Attributes:
        tokens: Ragged strings [B, None].
        starts: Ragged int32 [B, None]: where a token begins in the original text, in code points.
        ends: Ragged int32 [B, None]: where it ends, exclusive: ``text[start:end]`` is what the
            token was made from.
    """

    tokens: Any
    starts: Any
    ends: Any


def split(text: Any, units: Units, html_breaks: bool) -> Pieces:
    """Cut texts into tokens, as they stand (not normalised).

    Args:
        text: Strings [B]. Bytes that are not UTF-8 count as U+FFFD, each as many times as in
            ``bytes.decode("utf-8", errors="replace")``.
        units: Whether a token is a word or a user-perceived character.
        html_breaks: Whether ``<br>`` and its variants are white space.
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
    pattern = _WORD_PATTERN
    if units == "characters":
        pattern = f"{_BREAK}|{_CHARACTER_PATTERN}" if html_breaks else _CHARACTER_PATTERN
    elif html_breaks:
        text = _blank_breaks(text)
    text = tf.strings.regex_replace(text, pattern, _SEPARATOR + rb"\0" + _SEPARATOR)

    # Each row is now gap, token, gap, ..., token, gap, where gaps may be empty.
    pieces = tf.strings.split(text, _SEPARATOR)
    row_starts = tf.gather(pieces.row_starts(), pieces.value_rowids())
    positions = tf.range(tf.size(pieces.values, tf.int64)) - row_starts
    lengths = tf.strings.length(pieces.values, unit="UTF8_CHAR")
    ends = tf.cumsum(lengths)
    starts = ends - lengths
    base = tf.gather(starts, tf.cast(row_starts, tf.int32))
    is_token = tf.where(positions % 2 == 1)[:, 0]
    row_lengths = (pieces.row_lengths() - 1) // 2

    def tokens(values: Any) -> Any:
        return tf.RaggedTensor.from_row_lengths(
            tf.gather(values, is_token), row_lengths, validate=False
        )

    return Pieces(tokens(pieces.values), tokens(starts - base), tokens(ends - base))


def _blank_breaks(text: Any) -> Any:
    """Put spaces in the place of HTML line breaks, as many as they have characters."""
    for pattern, blanks in (
        (r"<[bB][rR]>", " " * 4),
        (r"<[bB][rR][ /]>|</[bB][rR]>", " " * 5),
        (r"<[bB][rR] />", " " * 6),
    ):
        text = tf.strings.regex_replace(text, pattern, blanks)
    return text


def join(tokens: Any, units: Units) -> Any:
    """Put tokens together to text: strings [..., T] to [...]. Empty tokens are left out.

    Characters are put side by side. Words get a space between them where that is usual: none
    before closing punctuation and clitics, none after an opening bracket, none between characters
    of scripts written without spaces. What the original had there is not known.

    ::

        it | 's | good | ( | very | ) | !   "it's good (very)!"
    """
    if units == "characters":
        return tf.strings.reduce_join(tokens, -1)
    present = tf.where(tokens == "", "", tf.strings.join([tokens, " "]))
    text = tf.strings.strip(tf.strings.reduce_join(present, -1))
    text = tf.strings.regex_replace(
        text, r" ([.,!?;:%)\]}…»”。，、！？]|['’](?:s|re|ve|ll|d|m)\b)", r"\1"
    )
    text = tf.strings.regex_replace(text, r"([(\[{«“]) ", r"\1")
    between = rf"([{_WITHOUT_SPACES}]\p{{M}}*) ([{_WITHOUT_SPACES}])"
    for _ in range(2):  # matches do not overlap: every second gap is closed each time
        text = tf.strings.regex_replace(text, between, r"\1\2")
    return text
