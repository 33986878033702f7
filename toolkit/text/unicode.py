"""Unicode normal forms and lower case, in TensorFlow core ops.

The tables are taken from Python's ``unicodedata`` when a graph is built and become constants of the
graph. An exported model therefore gives the same answers under any locale and any Unicode version
of the machine that serves it. (``tf.strings.lower`` with ``encoding="utf-8"`` depends on the
locale: under a Turkish locale, 'TITLE' becomes 'tıtle'.)

The algorithm is that of the Unicode Standard, chapter 3: decomposition (D68, D65), the canonical
ordering algorithm (D109) and the canonical composition algorithm (D117). Hangul is composed by
arithmetic (section 3.12). Lower-casing is part of the decomposition table.
"""

import sys
import unicodedata
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

NormalForm = Literal["NFC", "NFKC", "none"]

_HANGUL_S, _HANGUL_L, _HANGUL_V, _HANGUL_T = 0xAC00, 0x1100, 0x1161, 0x11A7
_HANGUL_L_COUNT, _HANGUL_V_COUNT, _HANGUL_T_COUNT = 19, 21, 28
_HANGUL_S_COUNT = _HANGUL_L_COUNT * _HANGUL_V_COUNT * _HANGUL_T_COUNT


class _Expansions(NamedTuple):
    """A table that replaces code point ``keys[i]`` by ``values[starts[i]:starts[i + 1]]``."""

    keys: NDArray[np.int32]
    starts: NDArray[np.int32]
    values: NDArray[np.int32]


def normalise(tokens: Any, form: NormalForm, lowercase: bool) -> Any:
    """Normalise strings to a Unicode normal form and, optionally, to lower case.

    ::

        "Ünï"  ->  "ünï"   (whether its letters were composed or not; NFC, lower case)
        "ﬁＡ①" ->  "fia1"  (NFKC, lower case)
        "ΟΔΟΣ" ->  "οδος"  (a sigma that ends a word is ς)

    Args:
        tokens: Valid UTF-8 strings [N].
        form: NFC, NFKC, or none, which leaves code points unchanged.
        lowercase: Whether to lower-case by Unicode's mappings, independent of the locale. The
            result is again in the normal form.

    Returns:
        Strings [N].
    """
    if form == "none" and not lowercase:
        return tokens
    ascii_only = tf.strings.lower(tokens) if lowercase else tokens
    is_not_ascii = tf.strings.length(tokens) != tf.strings.length(tokens, unit="UTF8_CHAR")

    def mixed() -> Any:
        indices = tf.where(is_not_ascii)
        normal = _normaliser(form, lowercase)(tf.gather_nd(tokens, indices))
        return tf.tensor_scatter_nd_update(ascii_only, indices, normal)

    return tf.cond(tf.reduce_any(is_not_ascii), mixed, lambda: ascii_only)


@cache
def _normaliser(form: NormalForm, lowercase: bool) -> Any:
    """Return the function that normalises strings [N]; all graphs share it and its tables."""

    def normalise_any(tokens: Any) -> Any:
        characters = tf.strings.unicode_decode(tokens, "UTF-8")
        rows = tf.cast(characters.value_rowids(), tf.int32)
        codes, rows = _expand(characters.values, rows, _expansions(form, lowercase))
        if form != "none":
            codes, classes = _order(codes, rows)
            codes, rows = _compose(codes, classes, rows)
        normal = tf.RaggedTensor.from_value_rowids(
            codes, tf.cast(rows, tf.int64), nrows=tf.size(tokens, tf.int64), validate=False
        )
        normal = tf.strings.unicode_encode(normal, "UTF-8")
        if lowercase:
            normal = tf.strings.regex_replace(normal, r"(\p{L}\p{M}*)σ$", r"\1ς")
        return normal

    signature = [tf.TensorSpec([None], tf.string)]
    return tf.function(normalise_any, input_signature=signature, autograph=False)


def _expand(codes: Any, rows: Any, table: _Expansions) -> tuple[Any, Any]:
    """Replace each code point by its expansion, if it has one."""
    index, found = _find(codes, table.keys)
    first = tf.gather(table.starts, index)
    lengths = tf.where(found, tf.gather(table.starts, index + 1) - first, 1)
    source = tf.repeat(tf.range(tf.size(codes)), lengths)
    offset = tf.range(tf.size(source)) - tf.gather(tf.cumsum(lengths, exclusive=True), source)
    found = tf.gather(found, source)
    expanded = tf.gather(table.values, tf.where(found, tf.gather(first, source) + offset, 0))
    return tf.where(found, expanded, tf.gather(codes, source)), tf.gather(rows, source)


def _order(codes: Any, rows: Any) -> tuple[Any, Any]:
    """Sort the marks after each starter by combining class; return them with their classes."""
    keys, values = _combining_classes()
    index, found = _find(codes, keys)
    classes = tf.where(found, tf.gather(values, index), 0)
    group = tf.cumsum(tf.cast((classes == 0) | _begins(rows), tf.int64))
    order = tf.argsort(group * 256 + tf.cast(classes, tf.int64), stable=True)
    return tf.gather(codes, order), tf.gather(classes, order)


def _compose(codes: Any, classes: Any, rows: Any) -> tuple[Any, Any]:
    """Compose starters with the characters after them, at most one per starter in each iteration.

    (Up to Unicode 15.1 no code point is both the first of one pair and the second of another, so
    no starter both absorbs a character and is absorbed in the same iteration.)
    """

    def merge(_: Any, codes: Any, classes: Any, rows: Any) -> tuple[Any, Any, Any, Any]:
        positions = tf.range(tf.size(codes))
        is_starter = classes == 0
        begins = is_starter | _begins(rows)
        group = tf.cumsum(tf.cast(begins, tf.int32)) - 1 - tf.cast(is_starter, tf.int32)
        starter = tf.gather(tf.boolean_mask(positions, begins), tf.maximum(group, 0))
        open_ = (starter == positions - 1) | (~is_starter & (tf.roll(classes, 1, 0) < classes))
        has_starter = (
            (group >= 0)
            & (starter < positions)
            & tf.gather(is_starter, starter)
            & (tf.gather(rows, starter) == rows)
        )
        composite, found = _pair(tf.gather(codes, starter), codes)
        fits = found & open_ & has_starter
        nearest = tf.math.unsorted_segment_min(
            tf.where(fits, positions, tf.size(codes)), starter, tf.size(codes)
        )
        fits &= tf.gather(nearest, starter) == positions
        codes = tf.tensor_scatter_nd_update(
            codes, tf.boolean_mask(starter, fits)[:, None], tf.boolean_mask(composite, fits)
        )
        rest = tf.where(~fits)[:, 0]
        remaining = (tf.gather(values, rest) for values in (codes, classes, rows))
        return tf.reduce_any(fits), *remaining

    vector = tf.TensorShape([None])
    _, codes, _, rows = tf.while_loop(
        lambda merged, *_: merged,
        merge,
        (tf.constant(True), codes, classes, rows),
        shape_invariants=(tf.TensorShape([]), vector, vector, vector),
    )
    return codes, rows


def _pair(first: Any, second: Any) -> tuple[Any, Any]:
    """Return the composites of pairs of code points, and whether each pair composes."""
    keys, values = _composites()
    index, found = _find(_pair_key(tf.cast(first, tf.int64), tf.cast(second, tf.int64)), keys)
    composite = tf.gather(values, index)

    leading, vowel = first - _HANGUL_L, second - _HANGUL_V
    is_lv = _in_range(leading, _HANGUL_L_COUNT) & _in_range(vowel, _HANGUL_V_COUNT)
    syllable, trailing = first - _HANGUL_S, second - _HANGUL_T
    is_lvt = _in_range(syllable, _HANGUL_S_COUNT) & (syllable % _HANGUL_T_COUNT == 0)
    is_lvt &= _in_range(trailing - 1, _HANGUL_T_COUNT - 1)
    lv = _HANGUL_S + (leading * _HANGUL_V_COUNT + vowel) * _HANGUL_T_COUNT
    composite = tf.where(is_lv, lv, tf.where(is_lvt, first + trailing, composite))
    return composite, found | is_lv | is_lvt


def _begins(rows: Any) -> Any:
    """Return whether a new token begins at each position: bool [n]."""
    return tf.concat([tf.ones_like(rows[:1], tf.bool), rows[1:] != rows[:-1]], 0)


def _find(codes: Any, keys: NDArray[Any]) -> tuple[Any, Any]:
    """Return the index of each code [n] in sorted keys, and whether it is one of them."""
    index = tf.minimum(tf.searchsorted(keys, codes), len(keys) - 1)
    return index, tf.gather(keys, index) == codes


def _in_range(index: Any, count: int) -> Any:
    """Return whether 0 <= index < count, elementwise."""
    return (index >= 0) & (index < count)


def _pair_key(first: Any, second: Any) -> Any:
    """Return one integer that identifies a pair of code points."""
    return first * (sys.maxunicode + 1) + second


@cache
def _expansions(form: NormalForm, lowercase: bool) -> _Expansions:
    """Return the expansion of each code point before composition; unchanged ones are left out.

    Precomposed Hangul is not expanded, since it would be composed to the same again.
    """
    table = {}
    for code in _code_points():
        character = chr(code)
        if 0 <= code - _HANGUL_S < _HANGUL_S_COUNT:
            continue
        if form == "NFKC":
            character = unicodedata.normalize("NFKC", character)
        if lowercase:
            character = "".join(map(str.lower, character))
        if form != "none":
            character = unicodedata.normalize("NFD", character)
        if character != chr(code):
            table[code] = [ord(part) for part in character]
    starts = np.cumsum([0, *map(len, table.values())])
    values = [part for parts in table.values() for part in parts]
    return _Expansions(
        np.array([*table], np.int32), starts.astype(np.int32), np.array(values, np.int32)
    )


@cache
def _combining_classes() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the code points whose canonical combining class is not 0, and their classes."""
    classes = {code: unicodedata.combining(chr(code)) for code in _code_points()}
    marks = {code: value for code, value in classes.items() if value}
    return np.array([*marks], np.int32), np.array([*marks.values()], np.int32)


@cache
def _composites() -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the pairs that compose, as sorted keys, and their composites."""
    pairs = {}
    for code in _code_points():
        parts = unicodedata.decomposition(chr(code)).split()
        is_primary = len(parts) == 2 and unicodedata.normalize("NFC", chr(code)) == chr(code)
        if is_primary and not parts[0].startswith("<"):
            pairs[_pair_key(int(parts[0], 16), int(parts[1], 16))] = code
    keys = sorted(pairs)
    return np.array(keys, np.int64), np.array([pairs[key] for key in keys], np.int32)


def _code_points() -> range:
    """Return the planes with letters and marks; higher ones hold only tags and private use."""
    return range(0x40000)
