"""Cutting text into tokens, each with its place in the original.

Tokens and the gaps between them partition the text, so a token's place follows from the lengths of
what comes before it and is exact by construction. The cut is one regular expression (RE2, linear
time) whose alternatives are the kinds of token; what none of them takes is a gap.

Words (white space and invisible control characters are gaps)::

    "Don't shout, it's 3.50 a kilo!"   Don't|shout|,|it|'s|3.50|a|kilo|!
    "state-of-the-art (U.S.)"          state|-|of|-|the|-|art|(|U.S.|)
    "good<br /><br />film"             good|film
    "l’Europe, м’яч"                   l|’|Europe|,|м’яч
    "我爱北京"                           我|爱|北|京
    "👍🏽👩‍👩‍👧 🇫🇷🇩🇪 1️⃣"                  👍🏽|👩‍👩‍👧|🇫🇷|🇩🇪|1️⃣

Characters (the user-perceived ones; white space is kept)::

    "né ok"                            n|é| |o|k      (also where é is an e and an accent)
    "a<br />b"                         a|<br />|b     (the tokenizer makes ``"\\n"`` of it)

A word is a run of letters, marks and digits. Each punctuation mark or symbol is a token of its own,
hyphens and apostrophes among them: finer tokens never hide where a name begins or ends ("l’Europe",
"Paris-based"), and a classifier knows the parts of a compound that it has never seen. Together
stays what has its meaning only so: negations (``don't``), the clitics ``'s 're 've 'll 'd 'm``,
Cyrillic words with an apostrophe, numbers, initials, and what is seen as one symbol: flags,
keycaps, emoji with their skin tones and joiners, marks with their base. Scripts written without
spaces give a token a character.
"""

from typing import Any, Literal, NamedTuple

import tensorflow as tf

Units = Literal["words", "characters"]

# A byte that valid UTF-8 never contains stands around each token while the text is being cut.
_SEPARATOR = b"\xff"

_WITHOUT_SPACES = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_JOINERS = r"\x{200C}\x{200D}"  # within words of Persian and the Indic scripts, and within emoji
_SOFT_HYPHEN = r"\x{AD}"
_MARK = r"[\p{M}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]"  # skin tones and tags count as marks
_PICTURE = r"[\x{2190}-\x{2BFF}\x{1F000}-\x{1FAFF}]"  # where the emoji are that can be joined
_SYMBOL = rf"[^\p{{Z}}\p{{Cc}}\p{{Cf}}](?:{_MARK}|\x{{200D}}{_PICTURE})*"
_FLAG = r"[\x{1F1E6}-\x{1F1FF}]{2}"
_CYRILLIC = r"(?:[\x{400}-\x{481}\x{48A}-\x{52F}][\x{300}-\x{30F}]*)"
_BREAK = r"<[bB][rR] ?/?>|</[bB][rR]>"

# Only two alternatives have large classes of characters, or RE2's automaton outgrows its memory
# and a million characters of mixed scripts take half a minute instead of a second.
_WORD_PATTERN = "|".join(
    [
        r"[0-9#*]\x{FE0F}?\x{20E3}",  # a keycap
        r"(?:[A-Z]\.){2,}",  # U.S.
        r"[0-9]+(?:[.,][0-9]+)+",  # 3.50
        r"[A-Za-z]*[nN]['’][tT]\b",  # don't
        r"['’](?:[sSdDmM]|[rRvV][eE]|[lL][lL])\b",  # it's: it 's
        rf"{_CYRILLIC}+(?:['’]{_CYRILLIC}+)+",  # м'яч
        rf"(?:[^\P{{L}}{_WITHOUT_SPACES}]|[\p{{M}}\p{{N}}{_JOINERS}{_SOFT_HYPHEN}])+",
        _FLAG,
        _SYMBOL,
    ]
)

_CHARACTER_PATTERN = "|".join(
    [
        r"\r\n",
        _FLAG,
        r"[\x{1100}-\x{115F}]+[\x{1160}-\x{11A7}]*[\x{11A8}-\x{11FF}]*",  # Hangul jamo
        r"[가-힣][\x{1160}-\x{11A7}]*[\x{11A8}-\x{11FF}]*",
        rf"{_SYMBOL}[{_JOINERS}]?",
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
