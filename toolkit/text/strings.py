"""Conversion of Python strings to TensorFlow strings."""

import re
from typing import Any

import tensorflow as tf

from toolkit.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")


def utf8(text: str) -> bytes:
    """Encode a string as UTF-8; lone surrogates, which UTF-8 cannot encode, become U+FFFD.

    ``tf.constant`` fails on such strings, which occur in files and JSON (``"\\\\ud83d"``). The
    number of code points stays the same.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()


def shorten(text: Any, most: int, part: str = "head") -> tuple[Any, Any]:
    """Cut texts to a number of characters, in time that is linear in their length.

    Args:
        text: Strings [B].
        most: The largest number of characters (code points).
        part: What is kept of a longer text: its ``head``, its ``tail``, or half of each
            (``head_and_tail``), with a space between.

    Returns:
        The texts, and whether each was longer, bool [B]. Invalid UTF-8 becomes U+FFFD.
    """
    head = {"head": most, "tail": 0}.get(part, (most + 1) // 2)
    text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
    length = tf.strings.length(text, unit="UTF8_CHAR")
    ends = [(tf.zeros_like(length), head), (tf.maximum(length - (most - head), 0), most - head)]
    kept = [
        tf.strings.substr(text, start, tf.fill(tf.shape(start), count), unit="UTF8_CHAR")
        for start, count in ends
        if count
    ]
    is_longer = length > most
    return tf.where(is_longer, tf.strings.join(kept, " "), text), is_longer


def place_in_whole(place: Any, length: Any, most: int, part: str = "head") -> Any:
    """Return places in texts before ``shorten``, of places in its result.

    Args:
        place: Starts or ends of parts of the shortened texts, in code points.
        length: The number of characters of each whole text, of the same or a broadcasting shape.
        most: As for ``shorten``.
        part: As for ``shorten``.
    """
    head = {"head": most, "tail": -1}.get(part, (most + 1) // 2)
    left_out = tf.maximum(length - most, 0)
    space = tf.cast((left_out > 0) & (head >= 0), place.dtype)  # between head and tail
    return tf.where(place > head, place + left_out - space, place)


def strings(text: Any) -> Any:
    """Convert a string, or strings, to a tensor [] or [B]; lone surrogates become U+FFFD."""
    if isinstance(text, str):
        text = utf8(text)
    elif isinstance(text, list | tuple):
        text = [utf8(item) if isinstance(item, str) else item for item in text]
    text = tf.convert_to_tensor(text, tf.string)
    if text.shape.rank not in (0, 1):
        raise DataError(f"text has shape {text.shape}; it must be strings [B], or one string []")
    return text
