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

Compounds (as treebanks and the column files of taggers have them)::

    "the 26-year-old (Paris-based)"    the|26-year-old|(|Paris-based|)
    "Don't say it's O'Brien's."        Do|n't|say|it|'s|O'Brien|'s|.
    "“Yes,” said St. John."            “|Yes|,|”|said|St.|John|.
    "U.S.-led, 1996-08-22 3/4 -- ..."  U.S.-led|,|1996-08-22|3/4|--|...
    "@user #tag http://t.co/x :-)"     @user|#tag|http://t.co/x|:-)

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

A compound keeps what joins letters and digits: hyphens, apostrophes, ``&``, ``@``, ``_``, stops
within domains, and ``. , : /`` between digits. A slash or a long dash between words is a token, as
is a stop between two sentences without a space ("film.The"). Clitics are cut off, ``n't`` among
them. A full stop stays on single letters, on letters with stops in between, on a short list of
English abbreviations, and on a number of one or two digits at the beginning of a line. Runs of one
punctuation mark, emoticons, addresses, ``@user`` and ``#tag`` are whole.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import Any, Literal, NamedTuple

import tensorflow as tf

from toolkit.text.strings import utf8

Units = Literal["words", "compounds", "characters"]

# A byte that valid UTF-8 never contains stands around each token while the text is being cut.
_SEPARATOR = b"\xff"

# A byte that no character begins with, and that therefore counts for none, ends a compound.
_BORDER = b"\x80"

_WITHOUT_SPACES = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_JOINERS = r"\x{200C}\x{200D}"  # within words of Persian and the Indic scripts, and within emoji
_SOFT_HYPHEN = r"\x{AD}"
_MARK = r"[\p{M}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]"  # skin tones and tags count as marks
_PICTURE = r"[\x{2190}-\x{2BFF}\x{1F000}-\x{1FAFF}]"  # where the emoji are that can be joined
_SYMBOL = rf"[^\p{{Z}}\p{{Cc}}\p{{Cf}}](?:{_MARK}|\x{{200D}}{_PICTURE})*"
_FLAG = r"[\x{1F1E6}-\x{1F1FF}]{2}"
_CYRILLIC = r"(?:[\x{400}-\x{481}\x{48A}-\x{52F}][\x{300}-\x{30F}]*)"
_BREAK = r"<[bB][rR] ?/?>|</[bB][rR]>"
_KEYCAP = r"[0-9#*]\x{FE0F}?\x{20E3}"
_CLITIC = r"['’](?:[sSdDmM]|[rRvV][eE]|[lL][lL])"
_NOT = r"[nN]['’][tT]"

# Only two alternatives have large classes of characters, or RE2's automaton outgrows its memory
# and a million characters of mixed scripts take half a minute instead of a second.
_WORD_PATTERN = "|".join(
    [
        _KEYCAP,
        r"(?:[A-Z]\.){2,}",  # U.S.
        r"[0-9]+(?:[.,][0-9]+)+",  # 3.50
        rf"[A-Za-z]*{_NOT}\b",  # don't
        rf"{_CLITIC}\b",  # it's: it 's
        rf"{_CYRILLIC}+(?:['’]{_CYRILLIC}+)+",  # м'яч
        rf"(?:[^\P{{L}}{_WITHOUT_SPACES}]|[\p{{M}}\p{{N}}{_JOINERS}{_SOFT_HYPHEN}])+",
        _FLAG,
        _SYMBOL,
    ]
)

# A clitic at the end of a word, and the character after it.
_CLITIC_AND_NEXT = rf"({_NOT}|{_CLITIC})([^\p{{L}}\p{{M}}\p{{N}}]|$)"

# Abbreviations that keep their full stop: those with a number after them, and those with a name
# before or after them.
BEFORE_NUMBERS = "No|Nos|Nr|Vol|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec"
WITH_NAMES = "|".join(
    [
        "Mr|Mrs|Ms|Messrs|Dr|Prof|Rev|Gen|Lt|Col|Capt|Sgt|Maj|Sen|Rep|Gov|Jr|Sr",
        "St|Ste|Mt|Ft|Inc|Corp|Co|Cos|Ltd|Bros|vs",
        "Ala|Ariz|Ark|Calif|Colo|Conn|Fla|Ga|Ill|Kan|Ky|La|Mass|Md|Mich|Minn|Mo|Neb|Nev|Okla|Ore",
        "Pa|Tenn|Tex|Va|Wash|Wis",
    ]
)
_LETTER = r"[A-Za-z\x{C0}-\x{52F}]"  # of the scripts that abbreviate by stops, and little else
_NUMBER = r"[0-9](?:[.,:/][0-9]+)+"  # 3.50, 1:54.3, 3/4
_PART = "|".join(
    [
        _NUMBER,
        r"[a-z](?:\.[a-z0-9]+)+",  # example.org, no.2
        rf"[^\P{{L}}{_WITHOUT_SPACES}]|[\p{{M}}\p{{N}}_{_JOINERS}{_SOFT_HYPHEN}]",
    ]
)
_HEAD = "|".join(
    [
        rf"(?:{_LETTER}{{1,2}}\.){{2,}}|{_LETTER}\.",  # U.S., Ph.D., J.
        rf"(?:{WITH_NAMES}|{BEFORE_NUMBERS})\.",
        r"(?m:^)[0-9]{1,2}\.",  # 1. the first in a list
        rf"\+?\.?(?:{_NUMBER}|[0-9])",  # +0.7, .576
        rf"[@#]?(?:{_PART})",
    ]
)
_COMPOUND_PATTERN = "|".join(
    [
        _KEYCAP,
        r"(?i:https?://|www\.)[!-~]*[A-Za-z0-9/]",
        r"[:;]-?(?:[()]|[DPpOo]\b)",  # an emoticon
        rf"{_NOT}\b|{_CLITIC}\b",
        r"[A-Z]{1,3}\$",  # US$
        r"&[a-z]+;",  # &amp;
        r"''|``|\.\.+|[-–—][-–—]+|[!?][!?]+|\*\*+|==+",
        rf"(?:{_HEAD})(?:[-‐‑–&'’@]?(?:{_PART}))*",
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
        units: Whether a token is a word, a compound or a user-perceived character.
        html_breaks: Whether ``<br>`` and its variants are white space.
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
    if html_breaks and units != "characters":
        text = _blank_breaks(text)
    if units == "words":
        pattern = _WORD_PATTERN
    elif units == "compounds":
        pattern = _COMPOUND_PATTERN
        marked = _BORDER + rb"\1" + _BORDER + rb"\2"
        text = tf.strings.regex_replace(text, _CLITIC_AND_NEXT, marked)
    else:
        pattern = f"{_BREAK}|{_CHARACTER_PATTERN}" if html_breaks else _CHARACTER_PATTERN
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


def suiting_units(
    sentences: Iterable[Sequence[str]], sample: int = 2000
) -> Literal["words", "compounds"]:
    """Say which units cut raw text as these sentences were cut.

    The first sentences are joined by single spaces and cut both ways. The units that give back
    more of the tokens, each at its place, are taken; words if both give back as many.

    ::

        [["Paris-based", "Smith", "&", "Co."]]       "compounds"
        [["Paris", "-", "based", "Smith", "&", "Co"]]  "words"

    Args:
        sentences: The tokens of each sentence.
        sample: How many sentences are looked at.
    """
    first = [list(sentence) for sentence in islice(sentences, sample)]
    text = tf.constant([utf8(" ".join(tokens)) for tokens in first], tf.string)

    def given_back(units: Units) -> int:
        pieces = split(text, units, html_breaks=False)
        rows = zip(first, pieces.starts.to_list(), pieces.ends.to_list(), strict=True)
        return sum(len(_places(tokens) & {*zip(*cut, strict=True)}) for tokens, *cut in rows)

    return "compounds" if given_back("compounds") > given_back("words") else "words"


def _places(tokens: Sequence[str]) -> set[tuple[int, int]]:
    """Where tokens begin and end in their text, when single spaces stand between them."""
    ends = list(accumulate(len(token) + 1 for token in tokens))
    return {(end - 1 - len(token), end - 1) for token, end in zip(tokens, ends, strict=True)}


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
        text, r" ([.,!?;:%)\]}…»”。，、！？]|(?:['’](?:s|re|ve|ll|d|m)|n['’]t)\b)", r"\1"
    )
    text = tf.strings.regex_replace(text, r"([(\[{«“]) ", r"\1")
    between = rf"([{_WITHOUT_SPACES}]\p{{M}}*) ([{_WITHOUT_SPACES}])"
    for _ in range(2):  # matches do not overlap: every second gap is closed each time
        text = tf.strings.regex_replace(text, between, r"\1\2")
    return text
