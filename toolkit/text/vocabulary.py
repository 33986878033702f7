"""The vocabulary: tokens with their ids, lookup tables, and the vocabulary file.

The file has one token a line; the line number is the id. Lines 0 and 1 are ``[PAD]`` and ``[UNK]``;
the token of a line break is written ``\\n``. An exported model has the file in ``assets/`` and
reads its lookup tables from it. Until then the file lies in TensorFlow's file system in memory, so
that nothing is left of a process that is killed, and an export names no folder of its machine.
"""

import os
import uuid
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from toolkit.errors import OptionError

PADDING_ID = 0
UNKNOWN_ID = 1
PADDING = ""
UNKNOWN = "[UNK]"

FILE_NAME = "vocabulary.txt"
#: The folder of vocabulary files before their export, in TensorFlow's file system in memory.
_IN_MEMORY = "ram://toolkit/"
_PADDING_LINE = "[PAD]"
_BREAK_LINE = "\\n"
#: Strings that cannot be tokens.
RESERVED = frozenset({PADDING, UNKNOWN, _PADDING_LINE, _BREAK_LINE})


def add_reserved_tokens(tokens: Iterable[str]) -> list[str]:
    """Return tokens with padding and unknown in front, unless they begin with these.

    Raises:
        OptionError: A token is empty, reserved or repeated, or contains a line break.
    """
    tokens = list(tokens)
    reserved = [PADDING, UNKNOWN]
    tokens = tokens if tokens[:2] == reserved else reserved + tokens
    seen = {*RESERVED}
    for index, token in enumerate(tokens[2:], 2):
        if token in seen:
            raise OptionError(
                f"vocabulary entry {index} is {token!r}, which is reserved or repeated"
            )
        if token != "\n" and ("\n" in token or "\r" in token):
            raise OptionError(f"vocabulary entry {index} is {token!r}: a line break within a token")
        seen.add(token)
    return tokens


def write_vocabulary(path: Path, tokens: Sequence[str]) -> None:
    """Write all tokens, padding and unknown included, to a vocabulary file."""
    path.write_bytes(_content(tokens))


def _content(tokens: Sequence[str]) -> bytes:
    """Return the content of a vocabulary file."""
    lines = (_BREAK_LINE if token == "\n" else token for token in tokens[1:])
    return "".join(f"{line}\n" for line in (_PADDING_LINE, *lines)).encode()


def read_vocabulary(path: Path) -> list[str]:
    """Read the tokens of a vocabulary file."""
    lines = path.read_bytes().decode().split("\n")[:-1]  # other line ends belong to tokens
    return [PADDING, *("\n" if line == _BREAK_LINE else line for line in lines[1:])]


class VocabularyTables(tf.Module):
    """Lookup tables from tokens to ids and back, read from a vocabulary file.

    Args:
        path: The file. Exporting copies it to ``assets/``, so it must exist until then. Tables of
            one path are one table, also in other models of the process.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        to_id = tf.lookup.TextFileInitializer(os.fspath(path), tf.string, line, tf.int64, number)
        to_token = tf.lookup.TextFileInitializer(os.fspath(path), tf.int64, number, tf.string, line)
        self._ids = tf.lookup.StaticHashTable(to_id, UNKNOWN_ID)
        self._tokens = tf.lookup.StaticHashTable(to_token, UNKNOWN)

    def ids(self, tokens: Any) -> Any:
        """Look up strings of any shape: int32. '' is padding; a literal '[UNK]' is unknown."""
        lines = tf.where(tokens == "\n", _BREAK_LINE, tokens)
        ids = tf.maximum(tf.cast(self._ids.lookup(lines), tf.int32), UNKNOWN_ID)
        return tf.where(tokens == PADDING, PADDING_ID, ids)

    def tokens(self, ids: Any) -> Any:
        """Look up ids of any shape: strings. Ids outside the vocabulary are unknown."""
        tokens = self._tokens.lookup(tf.cast(ids, tf.int64))
        tokens = tf.where(tokens == _BREAK_LINE, "\n", tokens)
        return tf.where(ids == PADDING_ID, PADDING, tokens)


class Vocabulary(tf.Module):
    """Tokens with their ids and lookup tables.

    Args:
        tokens: The tokens in the order of their ids; see ``add_reserved_tokens``.
        file_name: The name of the vocabulary file in ``assets/`` of an exported model.

    Attributes:
        all_tokens: The tokens, padding and unknown first.

    Raises:
        OptionError: A token is empty, reserved or repeated, or contains a line break.
    """

    def __init__(self, tokens: Iterable[str] = (), file_name: str = FILE_NAME) -> None:
        super().__init__()
        self.all_tokens = tuple(add_reserved_tokens(tokens))
        path = f"{_IN_MEMORY}{uuid.uuid4().hex}/{file_name}"
        with tf.io.gfile.GFile(path, "wb") as file:
            file.write(_content(self.all_tokens))
        self.tables = VocabularyTables(path)
        # Until the tables go an export may copy the file at any time.
        weakref.finalize(self.tables, tf.io.gfile.remove, path).atexit = False

    def __len__(self) -> int:
        return len(self.all_tokens)

    def ids(self, tokens: Any) -> Any:
        """Look up strings of any shape: int32. '' is padding; a literal '[UNK]' is unknown."""
        return self.tables.ids(tokens)

    def tokens(self, ids: Any) -> Any:
        """Look up ids of any shape: strings. Ids outside the vocabulary are unknown."""
        return self.tables.tokens(ids)
