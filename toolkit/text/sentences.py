"""Sentence splitting.

Each token gets a class of one letter, the classes of a text are joined to one string, and regular
expressions (RE2, linear time) find the beginnings of sentences in it.

::

    "He won! “Did he?” Yes… (Really.) ok"    He won!|“Did he?”|Yes…|(Really.) ok
    "Mr. J. Hill, No. 5, lost. So?"          Mr. J. Hill, No. 5, lost.|So?
    "1. Ann 2.5. 2. Bob"                     1. Ann 2.5.|2. Bob
    "Er kam. »Ja«, sagte sie. Gut."          Er kam.|»Ja«, sagte sie.|Gut.
    "我爱北京。你呢？好"                       我爱北京。|你呢？|好
    "a title\\n\\nand a\\ntext"                a title|and a text

A sentence ends after a full stop, an exclamation or a question mark, or their equivalents in other
scripts, and includes closing quotes and brackets. It ends only if the following token can begin a
sentence: an upper-case letter, a letter of a script without case, a number, an opening quote or
bracket, or a symbol, optionally after a dash. No sentence ends after an initial or an abbreviation
("J.", "Mr.", "U.S."), even where one was meant to ("in the U.S. He left"). A number at the
beginning of a sentence keeps its full stop.

A quote directly after a token closes, one directly before a token opens. A quote with white space
on both sides, as in tokenized text, closes, except that every odd ``"`` of a text opens. A blank
line ends a sentence; a single line break is white space.
"""

from typing import Any

import tensorflow as tf

from toolkit.text.split import BEFORE_NUMBERS, LINE_BREAK, WITH_NAMES, Pieces

_SEPARATOR = b"\xff"
_BLANK_LINE = rf"(?:(?:{LINE_BREAK}|\n)[\p{{Zs}}\t]*){{2,}}|\x{{2029}}"

_STOP = r"[.!?…‼‽⁇⁈⁉。｡．！？؟۔։।॥።፧།။។᙮]+"
_QUOTE = r"[\"'\p{Pi}\p{Pf}]|''|``"
_GEORGIAN = r"\x{10D0}-\x{10FF}"  # lower case by category, but sentences begin with it
_BEGINNING = rf"[\p{{Lu}}\p{{Lt}}\p{{Lo}}{_GEORGIAN}\p{{Ps}}\p{{S}}¿¡@#*•](?s:.*)"

# Rules that put a space before each beginning of a sentence in a string of classes. "b" is a token
# that can begin a sentence, "h" a dash, "d" a number, "n" a number of one or two digits, "s" a
# stop, "c" a closing quote or bracket. "q" is the stop of an abbreviation that precedes numbers, or
# such an abbreviation with its stop. "o" is any other token.
_RULES = (
    (r"(^| )ns", r"\1no"),  # 1. the first item of a list
    (r"(q[sc]*)(h*b)", r"\1 \2"),
    (r"(s[sc]*)(h*[bq]|ns|[nd])", r"\1 \2"),
)


def sentence_lengths(pieces: Pieces, text: Any) -> Any:
    """Return the number of tokens of each sentence.

    Args:
        pieces: The words or treebank words of the texts, not normalised (``toolkit.text.split``).
        text: The texts: strings [B].

    Returns:
        Ragged int64 [B, None]: the lengths of each text's sentences, in order. Each is at least 1;
        their sum is the number of the text's tokens.
    """
    rows = pieces.tokens.value_rowids()
    classes = _classes(pieces)
    classes = tf.where(_begins_paragraph(pieces, text), tf.strings.join([" ", classes]), classes)
    classes = tf.strings.unsorted_segment_join(classes, rows, tf.size(text))
    for pattern, rewrite in _RULES:
        classes = tf.strings.regex_replace(classes, pattern, rewrite)
    sentences = tf.strings.split(classes)
    lengths = tf.strings.length(sentences.values)
    return sentences.with_values(tf.cast(lengths, tf.int64))


def _classes(pieces: Pieces) -> Any:
    """Return the class of each token, one letter: strings [N]."""
    tokens = pieces.tokens.values
    row_starts = tf.gather(pieces.tokens.row_starts(), pieces.tokens.value_rowids())
    is_first = tf.range(tf.size(tokens, tf.int64)) == row_starts
    previous = tf.concat([[""], tokens], 0)[:-1]
    follows = (tf.concat([[-1], pieces.ends.values], 0)[:-1] == pieces.starts.values) & ~is_first
    is_followed = tf.concat([follows, [False]], 0)[1:]

    is_abbreviating = follows & (tokens == ".")
    with_name = is_abbreviating & _like(rf"\p{{L}}\p{{M}}*|{WITH_NAMES}", previous)
    before_number = is_abbreviating & _like(BEFORE_NUMBERS, previous)
    before_number |= _like(rf"(?:{BEFORE_NUMBERS})\.", tokens)

    quotes = tf.concat([[0], tf.cumsum(tf.cast(tokens == '"', tf.int32))], 0)
    is_odd = (tokens == '"') & ((quotes[1:] - tf.gather(quotes, row_starts)) % 2 == 1)
    is_quote = _like(_QUOTE, tokens)
    closes = is_quote & (follows | ~is_followed & ~is_odd)

    classes = tf.fill(tf.shape(tokens), "o")
    for letter, condition in (
        ("b", is_quote | _like(_BEGINNING, tokens)),
        ("h", _like("[-–—]+", tokens)),
        ("d", _like(r"\p{Nd}(?s:.*)", tokens)),
        ("n", _like("[0-9]{1,2}", tokens)),
        ("c", closes | _like(r"\p{Pe}+", tokens)),
        ("s", _like(_STOP, tokens) & (follows | ~is_followed)),  # not the stop of .NET
        ("q", before_number),
        ("o", with_name),
    ):
        classes = tf.where(condition, letter, classes)
    return classes


def _begins_paragraph(pieces: Pieces, text: Any) -> Any:
    """Return whether each token is the first of its text or after a blank line: bool [N]."""
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
    text = tf.strings.regex_replace(text, r"\r\n", " \n")  # one break, of two characters
    text = tf.strings.regex_replace(text, _BLANK_LINE, rb"\0" + _SEPARATOR)
    paragraphs = tf.strings.split(text, _SEPARATOR)
    ends = tf.cumsum(tf.strings.length(paragraphs.values, unit="UTF8_CHAR"))
    base = tf.gather(tf.concat([[0], ends], 0), paragraphs.row_starts())
    places = tf.gather(base, pieces.tokens.value_rowids()) + pieces.starts.values
    number = tf.searchsorted(ends, places, side="right")
    return tf.concat([[-1], number], 0)[:-1] != number


def _like(pattern: str, strings: Any) -> Any:
    """Return whether each string matches a pattern from beginning to end."""
    return tf.strings.regex_full_match(strings, pattern)
