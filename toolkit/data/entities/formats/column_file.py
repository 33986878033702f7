"""Column files in the CoNLL formats: one token a line, a blank line after each sentence."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from toolkit.data.entities.names import TAG_NAMES, TOKEN_NAMES
from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import line_problem, read_lines
from toolkit.data.sources.source import Record
from toolkit.errors import DataError, shorten
from toolkit.options import option
from toolkit.tagging.schemes import OUTSIDE, has_prefix

logger = logging.getLogger("toolkit")

DOCUMENT_START = "-DOCSTART-"
"""The beginning of a line that separates documents and holds no token."""

_COMMENT = "#"
_CONLL_U_PLUS = re.compile(r"# *global\.columns *=(.*)")
_FIELDS = re.compile(r"[^ \t\r\n]+")
#: The number of a range of words, as 3-4, or of an empty node, as 3.1.
_NO_WORD = re.compile(r"(\d{1,9})([-.])(\d{1,9})")


class ColumnFileSource:
    r"""A file with one token a line, plain or gzipped; each sentence is a row.

    ::

        EU      NNP  B-ORG              {"1": ["EU", "rejects"],
        rejects VBZ  O           ->      "2": ["NNP", "VBZ"],
                                         "3": ["B-ORG", "O"]}, and the next sentence

    The first line with a token determines the number of columns and their separator: tabs if it has
    one, so that tokens may contain spaces; otherwise any number of spaces and tabs. Lines of white
    space and ``-DOCSTART-`` lines end a sentence. The file is read as a stream.

    Columns have numbers, or the names in a first line such as ``word pos tag``, which is no token
    then, or of CoNLL-U Plus. Where the words of a sentence are numbered from 1, as in CoNLL-U,
    lines of a range of words (``3-4``) or of an empty node (``3.1``) are left out, and this is
    logged.

    Args:
        path: The file.
        comment_prefix: The beginning of lines that are skipped where they stand before the first
            token of a sentence. If None, lines with ``#`` are, provided that the file begins with
            one and that they do not look like a token with its columns; this is logged. If empty,
            there are none.
        encodings: The encodings of the file, as for
            :func:`toolkit.data.sources.lines.read_lines`.
        header: Whether the first line may name the columns.

    Raises:
        DataError: No line has a token.
    """

    fixed_columns = False

    def __init__(
        self,
        path: Path,
        comment_prefix: str | None = None,
        encodings: Sequence[str] = UTF_8,
        header: bool = True,
    ) -> None:
        self.name = str(path)
        self._encodings = encodings
        self._path = path
        self._comment_prefix = comment_prefix
        self._is_comment: Callable[[str], bool] = _never
        self._header_line = 0
        names = self._find_comments()
        first = self._first()
        found = _header(first.text) if header else None
        if found is not None:
            names, self._header_line = found, first.number
            logger.info(
                "%s, line %d names the columns: %s", self.name, first.number, shorten(found)
            )
            first = self._first()
        if (problem := line_problem(first.text)) is not None:
            raise DataError(f"{self.name}, line {first.number}: {problem}")
        self._tabs = _has_tabs(first.text)
        self._count = 0
        self._count = len(self._fields(first.text))
        self._first_line, self._first_text = first
        numbers = tuple(str(number) for number in range(1, self._count + 1))
        named = len({*names}) == len(names) == self._count
        self.columns = tuple(names) if named else numbers
        self._warned_of_ranges = False

    def records(self) -> Iterator[Record]:
        """Yield the sentences from the first one; each call starts again."""
        for row, lines in enumerate(self._sentences(), start=1):
            rows = []
            for line in lines:
                fields = self._fields(line.text)
                if (problem := self._problem(line.text, fields)) is not None:
                    yield Record(row, {}, f"line {line.number}", problem)
                    break
                rows.append(fields)
            else:
                words = self._words(lines, rows)
                columns = zip(*(rows[word] for word in words), strict=True)
                values = dict(zip(self.columns, columns, strict=True))
                places = [f"line {lines[word].number}" for word in words]
                yield Record(row, values, f"sentence {row} ({places[0]})", places=places)

    def _find_comments(self) -> Sequence[str]:
        """Set what a comment is, if this is to be found; return the columns of CoNLL-U Plus."""
        if self._comment_prefix == "":
            return ()
        prefix = self._comment_prefix or _COMMENT
        heads = []
        first = ""
        for line in self._lines():
            if line.text and not line.text.startswith(prefix):
                first = line.text
                break
            heads += [line.text] if line.text else []
        plus = _CONLL_U_PLUS.match(heads[0]) if heads else None
        names = plus[1].split() if plus else []
        if self._comment_prefix is not None:
            self._is_comment = lambda text: text.startswith(prefix)
        elif heads and first:
            tabs = _has_tabs(first)
            looks = partial(_is_no_token, tabs=tabs, count=len(_split(first, tabs)))
            if looks(heads[0]):
                self._is_comment = looks
                logger.info(
                    "%s: lines with # before a sentence are comments (guessed; set %s)",
                    *(self.name, option("comment")),
                )
        return names

    def _first(self) -> "_Line":
        """Return the first line with a token.

        Raises:
            DataError: There is none.
        """
        first = next((line for line in self._lines() if line.text), None)
        if first is None:
            raise DataError(f"{self.name} is empty; each of its lines should have a token")
        return first

    def _words(self, lines: Sequence["_Line"], rows: Sequence[Sequence[str]]) -> Sequence[int]:
        """Return the indices of the lines of a sentence that have a word."""
        others = _without_word([fields[0] for fields in rows]) if self._count > 2 else []
        if not others:
            return range(len(rows))
        if not self._warned_of_ranges:
            self._warned_of_ranges = True
            logger.info(
                "%s: lines of ranges and of empty nodes, such as %s in line %d, are left out",
                *(self.name, rows[others[0]][0], lines[others[0]].number),
            )
        return [index for index in range(len(rows)) if index not in others]

    def _sentences(self) -> Iterator[Sequence["_Line"]]:
        """Yield the lines of each sentence."""
        sentence: list[_Line] = []
        for line in self._lines():
            if line.text:
                sentence.append(line)
            elif sentence:
                yield sentence
                sentence = []
        if sentence:
            yield sentence

    def _lines(self) -> Iterator["_Line"]:
        """Yield all lines but comments; those that end a sentence are empty."""
        begins = True  # whether the line may begin a sentence
        lines = read_lines(self._path, newline="\n", encodings=self._encodings)
        for number, text in enumerate(lines, start=1):
            if text.isspace() or text.startswith(DOCUMENT_START):
                text = ""
            if (begins and self._is_comment(text)) or number == self._header_line:
                continue
            begins = not text
            yield _Line(number, text)

    def _fields(self, text: str) -> Sequence[str]:
        """Split a line into its fields."""
        fields = _split(text, self._tabs)
        while self._tabs and len(fields) > self._count and not fields[-1]:
            fields.pop()
        return fields

    def _problem(self, text: str, fields: Sequence[str]) -> str | None:
        """Return what is wrong with a line, or None."""
        if (problem := line_problem(text)) is not None:
            return problem
        if "\0" in text:
            return "there is a NUL byte; the file should be text in UTF-8"
        if len(fields) != self._count:
            between = "tabs" if self._tabs else "white space"
            comments = self._first_text.startswith("#") or text.startswith("#")
            hint = f"; {comment_hint()}" if comments and not self._comment_prefix else ""
            return (
                f"{len(fields)} columns, separated by {between}, where line {self._first_line} has "
                f"{self._count}{hint}"
            )
        return None


def _split(text: str, tabs: bool) -> list[str]:
    """Split a line at tabs, or at any white space."""
    return [f.strip(" \r\n") for f in text.split("\t")] if tabs else _FIELDS.findall(text)


def _has_tabs(text: str) -> bool:
    return "\t" in text.strip()


def _header(text: str) -> Sequence[str] | None:
    """Return the names of the columns in a line, or None if it does not name them."""
    fields = _split(text, _has_tabs(text))
    names = {field.lower() for field in fields}
    is_header = not names.isdisjoint(TOKEN_NAMES) and not names.isdisjoint(TAG_NAMES)
    return fields if is_header and not _is_tag(fields[-1]) else None


def _without_word(numbers: Sequence[str]) -> list[int]:
    """Return the indices of ranges and empty nodes among the numbers of a sentence in CoNLL-U.

    There are none unless all numbers are as in CoNLL-U: words count from 1, a range stands before
    its first word, and an empty node after the word of its number.
    """
    others, words, last = [], 0, 0
    for index, number in enumerate(numbers):
        match = _NO_WORD.fullmatch(number)
        if number == str(words + 1):
            words += 1
        elif match is None or int(match[1]) != words + (match[2] == "-"):
            return []
        else:
            others.append(index)
            last = max(last, int(match[3])) if match[2] == "-" else last
    return others if last <= words else []


def _is_no_token(text: str, tabs: bool, count: int) -> bool:
    """Return whether a line with ``#`` has other columns than tokens, or a key and a value."""
    if not text.startswith(_COMMENT):
        return False
    fields = _split(text, tabs)
    if len(fields) != count:
        return True
    return fields[0] == _COMMENT and "=" in text and not _is_tag(fields[-1])


def _is_tag(text: str) -> bool:
    return text == OUTSIDE or has_prefix(text)


def _never(text: str) -> bool:
    return False


def comment_hint() -> str:
    """Return how lines that begin with ``#`` become comments, for a message."""
    return f"lines that begin with # are comments with {option('comment', '#')}"


class _Line(NamedTuple):
    """A line with its number, from 1."""

    number: int
    text: str
