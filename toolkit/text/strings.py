"""Python's strings as TensorFlow wants them."""

import re

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
