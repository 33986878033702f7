"""Column files in the CoNLL format: one token a line, a blank line after each sentence."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import line_problem, read_lines
from toolkit.data.sources.source import Record
from toolkit.errors import DataError
from toolkit.options import option

DOCUMENT_START = "-DOCSTART-"
"""The beginning of a line that separates documents and holds no token."""

_FIELDS = re.compile(r"[^ \t\r\n]+")


class ColumnFileSource:
    r"""A file with one token a line, plain or gzipped; each sentence is a row.

    ::

        EU      NNP  B-ORG              {"1": ["EU", "rejects"],
        rejects VBZ  O           ->      "2": ["NNP", "VBZ"],
                                         "3": ["B-ORG", "O"]}, and the next sentence

    The first line with a token determines the number of columns and their separator: tabs if it has
    one, so that tokens may contain spaces; otherwise any number of spaces and tabs. Lines of white
    space and ``-DOCSTART-`` lines end a sentence. The file is read as a stream.

    Args:
        path: The file.
        comment_prefix: The beginning of lines that are skipped where they stand before the first
            token of a sentence; None if there are no such lines.
        encodings: The encodings of the file, as for
            :func:`toolkit.data.sources.lines.read_lines`.

    Raises:
        DataError: No line has a token.
    """

    fixed_columns = False

    def __init__(
        self, path: Path, comment_prefix: str | None = None, encodings: Sequence[str] = UTF_8
    ) -> None:
        self.name = str(path)
        self._encodings = encodings
        self._path = path
        self._comment_prefix = comment_prefix
        first = next((line for line in self._lines() if line.text), None)
        if first is None:
            raise DataError(f"{self.name} is empty; each of its lines should have a token")
        if (problem := line_problem(first.text)) is not None:
            raise DataError(f"{self.name}, line {first.number}: {problem}")
        self._tabs = "\t" in first.text.strip()
        self._count = 0
        self._count = len(self._fields(first.text))
        self._first_line, self._first_text = first
        self.columns = tuple(str(number) for number in range(1, self._count + 1))

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
                values = dict(zip(self.columns, zip(*rows, strict=True), strict=True))
                places = [f"line {line.number}" for line in lines]
                yield Record(row, values, f"sentence {row} ({places[0]})", places=places)

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
            if begins and self._comment_prefix and text.startswith(self._comment_prefix):
                continue
            begins = not text
            yield _Line(number, text)

    def _fields(self, text: str) -> Sequence[str]:
        """Split a line into its fields."""
        if not self._tabs:
            return _FIELDS.findall(text)
        fields = [field.strip(" \r\n") for field in text.split("\t")]
        while len(fields) > self._count and not fields[-1]:
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


def comment_hint() -> str:
    """Return how lines that begin with ``#`` become comments, for a message."""
    return f"lines that begin with # are comments with {option('comment_prefix', '#')}"


class _Line(NamedTuple):
    """A line with its number, from 1."""

    number: int
    text: str
