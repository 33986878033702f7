"""Python's strings as TensorFlow wants them."""

import re
from typing import Any

import tensorflow as tf

from toolkit.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")


def utf8(text: str) -> bytes:
    """Encode a string as UTF-8; lone surrogates, which UTF-8 cannot hold, become U+FFFD.

    ``tf.constant`` fails on such strings, and they do come from files and JSON (``"\\\\ud83d"``).
    The number of code points stays the same.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()


def strings(text: Any) -> Any:
    """Make a tensor [B] or [] of what a caller has: also of strings with lone surrogates."""
    if isinstance(text, str):
        text = utf8(text)
    elif isinstance(text, list | tuple):
        text = [utf8(item) if isinstance(item, str) else item for item in text]
    text = tf.convert_to_tensor(text, tf.string)
    if text.shape.rank not in (0, 1):
        raise DataError(f"text has shape {text.shape}; it must be strings [B], or one string []")
    return text
