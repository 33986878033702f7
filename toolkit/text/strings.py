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
