"""Tokenization with the offsets of each token in the original text.

Tokens and the gaps between them partition the text, so the offsets of a token follow from the
lengths of the parts before it and are exact by construction. Tokens are matched by one regular
expression (RE2, linear time) whose alternatives are the kinds of token; unmatched text is a gap.

Words (white space and invisible control characters are gaps)::

    "Don't shout, it's 3.50 a kilo!"   Don't|shout|,|it|'s|3.50|a|kilo|!
    "state-of-the-art (U.S.)"          state|-|of|-|the|-|art|(|U.S.|)
    "good<br /><br />film"             good|film
    "l’Europe, м’яч"                   l|’|Europe|,|м’яч
    "我爱北京"                           我|爱|北|京
    "👍🏽👩‍👩‍👧 🇫🇷🇩🇪 1️⃣"                  👍🏽|👩‍👩‍👧|🇫🇷|🇩🇪|1️⃣

Treebank words (as in treebanks and the column files of taggers)::

    "the 26-year-old (Paris-based)"    the|26-year-old|(|Paris-based|)
    "Don't say it's O'Brien's."        Do|n't|say|it|'s|O'Brien|'s|.
    "“Yes,” said St. John."            “|Yes|,|”|said|St.|John|.
    "U.S.-led, 1996-08-22 3/4 -- ..."  U.S.-led|,|1996-08-22|3/4|--|...
    "@user #tag http://t.co/x :-)"     @user|#tag|http://t.co/x|:-)

Spaced words (whatever stands between white space)::

    "don't (e.g. 26-year-old) o'clock" don't|(e.g.|26-year-old)|o'clock

Characters (user-perceived ones; white space is kept)::

    "né ok"                            n|é| |o|k      (also where é is an e and an accent)
    "a<br />b"                         a|<br />|b     (the tokenizer replaces it by ``"\\n"``)

A word is a run of letters, marks and digits. Each punctuation mark or symbol, including hyphens and
apostrophes, is a separate token: finer tokens never hide the borders of a name ("l’Europe",
"Paris-based"), and a classifier knows the parts of a compound that it has never seen. Strings whose
parts lose their meaning stay whole: negations (``don't``), the clitics ``'s 're 've 'll 'd 'm``,
Cyrillic words with an apostrophe, numbers, initials, and sequences that are shown as one symbol:
flags, keycaps, emoji with their skin tones and joiners, marks with their base. In scripts written
without spaces each character is a token.

A treebank word includes characters that join letters and digits: hyphens, apostrophes, ``&``,
``@``, ``_``, stops within domains, and ``. , : /`` between digits. A slash or a long dash between
words is a token, and so is a stop between two sentences without a space ("film.The"). Clitics,
including ``n't``, are separate tokens. A full stop stays on single letters, on letters with stops
in between, on a short list of English abbreviations, and on a number of one or two digits at the
beginning of a line. Runs of one punctuation mark, emoticons, addresses, ``@user`` and ``#tag`` are
whole.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import Any, Literal, NamedTuple

import tensorflow as tf

from toolkit.text.strings import utf8

TokenLevel = Literal["words", "treebank_words", "spaced_words", "characters"]

# A byte that valid UTF-8 never contains; it surrounds each token while the text is split.
_SEPARATOR = b"\xff"

# A byte that begins no character, and so is not counted as one; it ends a treebank word.
_BORDER = b"\x80"

_WITHOUT_SPACES = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_JOINERS = r"\x{200C}\x{200D}"  # within words of Persian and the Indic scripts, and within emoji
_SOFT_HYPHEN = r"\x{AD}"
_MARK = r"[\p{M}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]"  # includes skin tones and tags
_PICTURE = r"[\x{2190}-\x{2BFF}\x{1F000}-\x{1FAFF}]"  # the blocks with joinable emoji
_SYMBOL = rf"[^\p{{Z}}\p{{Cc}}\p{{Cf}}](?:{_MARK}|\x{{200D}}{_PICTURE})*"
_FLAG = r"[\x{1F1E6}-\x{1F1FF}]{2}"
_CYRILLIC = r"(?:[\x{400}-\x{481}\x{48A}-\x{52F}][\x{300}-\x{30F}]*)"
_BREAK = r"<[bB][rR] ?/?>|</[bB][rR]>"
_KEYCAP = r"[0-9#*]\x{FE0F}?\x{20E3}"
_CLITIC = r"['’](?:[sSdDmM]|[rRvV][eE]|[lL][lL])"
_NOT = r"[nN]['’][tT]"

# Only two alternatives have large character classes. With more, RE2's automaton exceeds its memory
# limit, and a million characters of mixed scripts take half a minute instead of a second.
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

# Abbreviations that keep their full stop: those before a number, and those before or after a name.
BEFORE_NUMBERS = "No|Nos|Nr|Vol|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec"
WITH_NAMES = "|".join(
    [
        "Mr|Mrs|Ms|Messrs|Dr|Prof|Rev|Gen|Lt|Col|Capt|Sgt|Maj|Sen|Rep|Gov|Jr|Sr",
        "St|Ste|Mt|Ft|Inc|Corp|Co|Cos|Ltd|Bros|vs",
        "Ala|Ariz|Ark|Calif|Colo|Conn|Fla|Ga|Ill|Kan|Ky|La|Mass|Md|Mich|Minn|Mo|Neb|Nev|Okla|Ore",
        "Pa|Tenn|Tex|Va|Wash|Wis",
    ]
)
_LETTER = r"[A-Za-z\x{C0}-\x{52F}]"  # mainly scripts whose abbreviations end with a stop
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
        r"(?m:^)[0-9]{1,2}\.",  # 1. the first item of a list
        rf"\+?\.?(?:{_NUMBER}|[0-9])",  # +0.7, .576
        rf"[@#]?(?:{_PART})",
    ]
)
_TREEBANK_PATTERN = "|".join(
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

# The line breaks in text split into characters; each becomes "\n".
LINE_BREAK = rf"\r\n|[\r\x{{0B}}\f\x{{85}}\x{{2028}}\x{{2029}}]|{_BREAK}"


class Pieces(NamedTuple):
    """The tokens of a batch of texts with their offsets.

    Attributes:
        tokens: Ragged strings [B, None].
        starts: Ragged int32 [B, None]: the offset of each token in the original text, in code
            points.
        ends: Ragged int32 [B, None]: its end, exclusive; ``text[start:end]`` is the token before
            normalisation.
    """

    tokens: Any
    starts: Any
    ends: Any


def split(text: Any, token_level: TokenLevel, html_breaks: bool) -> Pieces:
    """Split texts into tokens, without normalising them.

    Args:
        text: Strings [B]. Invalid UTF-8 becomes U+FFFD, as often as in
            ``bytes.decode("utf-8", errors="replace")``.
        token_level: What a token is: a word, a treebank word, a spaced word or a user-perceived
            character.
        html_breaks: Whether ``<br>`` and its variants are white space.
    """
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
    if html_breaks and token_level != "characters":
        text = _blank_breaks(text)
    if token_level == "words":
        pattern = _WORD_PATTERN
    elif token_level == "treebank_words":
        pattern = _TREEBANK_PATTERN
        marked = _BORDER + rb"\1" + _BORDER + rb"\2"
        text = tf.strings.regex_replace(text, _CLITIC_AND_NEXT, marked)
    elif token_level == "spaced_words":
        pattern = r"[^\s\p{Z}]+"
    else:
        pattern = f"{_BREAK}|{_CHARACTER_PATTERN}" if html_breaks else _CHARACTER_PATTERN
    text = tf.strings.regex_replace(text, pattern, _SEPARATOR + rb"\0" + _SEPARATOR)

    # Each row is now gap, token, gap, ..., token, gap; gaps may be empty.
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


def choose_token_level(
    sentences: Iterable[Sequence[str]], sample: int = 2000
) -> Literal["words", "treebank_words"]:
    """Choose the token level that best reproduces the tokens of sentences from raw text.

    The first sentences are joined by single spaces and split at both levels. The level that
    recovers more of the tokens, at the same offsets, is chosen; a tie goes to words.

    ::

        [["Paris-based", "Smith", "&", "Co."]]       "treebank_words"
        [["Paris", "-", "based", "Smith", "&", "Co"]]  "words"

    Args:
        sentences: The tokens of each sentence.
        sample: How many sentences are used.
    """
    first = [list(sentence) for sentence in islice(sentences, sample)]
    text = tf.constant([utf8(" ".join(tokens)) for tokens in first], tf.string)

    def recovered(token_level: TokenLevel) -> int:
        pieces = split(text, token_level, html_breaks=False)
        rows = zip(first, pieces.starts.to_list(), pieces.ends.to_list(), strict=True)
        return sum(
            len(_offsets(tokens) & {*zip(starts, ends, strict=True)})
            for tokens, starts, ends in rows
        )

    return "treebank_words" if recovered("treebank_words") > recovered("words") else "words"


def _offsets(tokens: Sequence[str]) -> set[tuple[int, int]]:
    """Return the start and end of each token in the text that joins them by single spaces."""
    ends = list(accumulate(len(token) + 1 for token in tokens))
    return {(end - 1 - len(token), end - 1) for token, end in zip(tokens, ends, strict=True)}


def _blank_breaks(text: Any) -> Any:
    """Replace HTML line breaks by spaces, one for each of their characters."""
    for pattern, blanks in (
        (r"<[bB][rR]>", " " * 4),
        (r"<[bB][rR][ /]>|</[bB][rR]>", " " * 5),
        (r"<[bB][rR] />", " " * 6),
    ):
        text = tf.strings.regex_replace(text, pattern, blanks)
    return text


def join(tokens: Any, token_level: TokenLevel) -> Any:
    """Join tokens to text: strings [..., T] to [...]. Empty tokens are skipped.

    Characters are joined without spaces. Words are separated by the usual spaces: none before
    closing punctuation and clitics, none after an opening bracket, none between characters of
    scripts written without spaces. The spacing of the original text is not known. Spaced words are
    separated by single spaces.

    ::

        it | 's | good | ( | very | ) | !   "it's good (very)!"
    """
    if token_level == "characters":
        return tf.strings.reduce_join(tokens, -1)
    present = tf.where(tokens == "", "", tf.strings.join([tokens, " "]))
    text = tf.strings.strip(tf.strings.reduce_join(present, -1))
    if token_level == "spaced_words":
        return text
    text = tf.strings.regex_replace(
        text, r" ([.,!?;:%)\]}…»”。，、！？]|(?:['’](?:s|re|ve|ll|d|m)|n['’]t)\b)", r"\1"
    )
    text = tf.strings.regex_replace(text, r"([(\[{«“]) ", r"\1")
    between = rf"([{_WITHOUT_SPACES}]\p{{M}}*) ([{_WITHOUT_SPACES}])"
    for _ in range(2):  # matches do not overlap: each pass closes every second gap
        text = tf.strings.regex_replace(text, between, r"\1\2")
    return text
