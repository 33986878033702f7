"""Encodings of text files: marks at their beginning, bytes that do not fit, likely encodings."""

import codecs
import logging
from contextlib import suppress
from functools import cache
from importlib import import_module

from toolkit.errors import DataError, OptionError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

UTF_8 = ("utf-8",)
"""The encodings of files for which no other is set."""

UNDECODABLE = "toolkit.undecodable"
"""The name of the error handler of codecs that makes lone surrogates of bytes."""

#: The marks at the beginning of files, of which UTF-16's begins UTF-32's.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NUL = 0
#: The surrogates of bytes that are not UTF-8 (``surrogateescape``), and of others.
_OF_UTF_8, _OF_OTHERS = 0xDC00, 0xDD00
#: The least number of characters that a message shows before and after a byte.
_SHOWN = 12
#: The number of characters from a byte on by which an encoding is found.
_SAMPLE = 2000
#: Words, each in one script, by whose bytes it is found whether an encoding can pass for UTF-8.
_WORDS = ("a", "caf\u00e9 = 1", "a\u0434 = 1", "a\u65e5 = 1", "a\ud55c = 1", "a\u4e2d = 1")
#: Frequent encodings of scripts other than Latin; of more, a short text is often mistaken.
_SCRIPTS = (
    *("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)


def marked(head: bytes) -> str | None:
    """Return the encoding that a byte order mark at the beginning of a file names, or None."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


def is_wide(encoding: str) -> bool:
    """Return whether an encoding is one of UTF-16 and UTF-32, whose texts almost always have NULs.

    Raises:
        LookupError: There is no such encoding.
    """
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def inherited_encodings(encoding: str) -> tuple[str, ...]:
    """Return the encodings to try on a file, by the encoding that was set for other files.

    UTF-8 comes first where bytes tell the two apart. In an encoding with escape sequences, such as
    ISO-2022-JP, or in UTF-16, a file may pass for UTF-8, so that UTF-8 comes second. A file that
    fits none is of the encoding that was set.
    """
    try:
        own_first = is_wide(encoding) or any(_passes_for_utf_8(word, encoding) for word in _WORDS)
    except (LookupError, ValueError):  # unknown; see ``decoding``
        return (encoding,)
    return (encoding, *UTF_8, encoding) if own_first else (*UTF_8, encoding)


def _passes_for_utf_8(text: str, encoding: str) -> bool:
    """Return whether the bytes of a text in an encoding are UTF-8, but of another text."""
    try:
        return text.encode(encoding).decode() != text
    except UnicodeError:
        return False


def decoding(head: bytes, encoding: str, name: str) -> tuple[str, str]:
    """Return the codec and the error handler for a file.

    Bytes that cannot be decoded become lone surrogates, so that only their rows are bad;
    :func:`undecodable` says which bytes these were. A byte order mark decides the encoding.

    Args:
        head: The first four bytes of the file.
        encoding: The encoding.
        name: The name of the file, for messages.

    Raises:
        DataError: It is UTF-16 or UTF-32 without a mark, and the encoding is UTF-8; or it has no
            mark, and the encoding is one of those without the order of bytes.
        OptionError: There is no such encoding.
    """
    codec = marked(head) or encoding
    try:
        is_utf_8 = codecs.lookup(codec).name in ("utf-8", "utf-8-sig")
        "".encode(codec)
    except (LookupError, ValueError):
        raise OptionError(
            f"{option('encoding')} is {quoted(encoding)}, which is no known encoding; usual ones "
            "are utf-8, utf-16, cp1252 (Western Europe on Windows), cp1251 (Cyrillic), gb18030 and "
            "shift_jis"
        ) from None
    if not is_utf_8:
        wide = codecs.lookup(codec).name
        if wide in ("utf-16", "utf-32") and head and marked(head) is None:
            raise DataError(
                f"{name} is not {wide.upper()} with a byte order mark: it begins with the bytes "
                f"{head.hex(' ')}; set {option('encoding', f'{wide}-le')} or {wide}-be, or another "
                "encoding"
            )
        return codec, UNDECODABLE
    if _NUL in head[:2]:
        wide = "utf-32" if b"\0\0" in head else "utf-16"
        wide += "-be" if head[0] == _NUL else "-le"
        raise DataError(
            f"{name} seems to be encoded in {wide[:6].upper()} (it begins with the bytes "
            f"{head.hex(' ')}); set {option('encoding', wide)}, or save it as UTF-8"
        )
    return "utf-8-sig", "surrogateescape"


@cache
def log_control(name: str, place: str, byte: int) -> None:
    """Log, once for each place, a byte that is a control character in Latin-1 and none in cp1252.

    Args:
        name: The name of the file.
        place: Where it is, such as ``line 5``.
        byte: The byte, from 0x80 to 0x9F.
    """
    logger.warning(
        "%s: %s has the byte 0x%02X, a control character in Latin-1; if it is to read %s, set %s",
        *(name, place, byte, quoted(bytes([byte]).decode("cp1252", "replace"))),
        option("encoding", "cp1252"),
    )


def undecodable(text: str) -> str | None:
    """Return what is wrong with a text that cannot be encoded as UTF-8; None if it can be.

    A byte that is not UTF-8 is named with the encoding that the text is likely in, and with what it
    then reads.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        start = error.start
    else:
        return None
    code, place = ord(text[start]), f"at character {start + 1}"
    byte = f"the byte 0x{code & 0xFF:02X}"
    if code & 0xFF00 == _OF_OTHERS:
        return (
            f"is not in the encoding that was set: {byte} {place}; set another by "
            f"{option('encoding')}"
        )
    if not _OF_UTF_8 + 0x80 <= code <= _OF_UTF_8 + 0xFF:
        return f"is not UTF-8: U+{code:04X} {place}; save the file as UTF-8"
    with suppress(UnicodeEncodeError):
        first = text.rfind(" ", 0, max(0, start - _SHOWN)) + 1
        sample = text[first : start + _SAMPLE]
        if (likely := likely_encoding(sample.encode("utf-8", "surrogateescape"))) is not None:
            end = sample.find(" ", start - first + _SHOWN)
            near = sample if end < 0 else sample[:end]
            read = near.encode("utf-8", "surrogateescape").decode(likely, "replace")
            return (
                f"is not UTF-8: {byte} {place}; if it is to read {quoted(read)}, set "
                f"{option('encoding', likely)}, otherwise save the file as UTF-8"
            )
    return f"is not UTF-8: {byte} {place}; save the file as UTF-8"


def likely_encoding(data: bytes) -> str | None:
    """Return the encoding that bytes are likely in, which are not UTF-8; None if none seems likely.

    Where most letters are ASCII, that is the one of Western Europe on Windows, which is by far the
    most frequent; it differs from its neighbours in single letters. Otherwise the script decides.
    """
    high = sum(byte >= 0x80 for byte in data)
    if high <= max(1, sum(chr(byte).isalpha() for byte in data if byte < 0x80)):
        with suppress(UnicodeDecodeError):
            data.decode("cp1252")
            return "cp1252"
    best = import_module("charset_normalizer").from_bytes(data, cp_isolation=_SCRIPTS).best()
    return None if best is None or best.encoding not in _SCRIPTS else best.encoding


def _as_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Return a lone surrogate for each byte that cannot be decoded, and where to go on."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data = error.object[error.start : error.end]
    return "".join(chr(_OF_OTHERS | byte) for byte in data), error.end


codecs.register_error(UNDECODABLE, _as_surrogates)
