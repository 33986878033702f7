"""Tags as values of data: strings or numbers, with the prefix in front or at the end."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from toolkit.data.entities.options import EntityColumnOptions, read_tag_names
from toolkit.data.entities.spans import whole_number
from toolkit.tagging.schemes import OUTSIDE, find_scheme, has_suffixes, to_prefix

logger = logging.getLogger("toolkit")

#: A tag among the features of a word in CoNLL-U, as in ``SpaceAfter=No|NER=B-PER``.
_FEATURE = re.compile(r"(?:^|\|)(?:ner|ne|name)=([^|]+)", re.IGNORECASE)
_FIRST_SENTENCES = 2000  # the number of sentences whose tags show whether they have suffixes


class TagReader:
    """Reads values as tags with their prefix in front.

    Args:
        options: The scheme of the tags, and the names of numbers.
        sentences: Function that yields the values of the tags of each sentence.

    Attributes:
        names: The names of numbers.
    """

    def __init__(
        self, options: EntityColumnOptions, sentences: Callable[[], Iterator[Sequence[object]]]
    ) -> None:
        self._options = options
        self._sentences = sentences
        self.names = read_tag_names(options.tag_names)

    @cached_property
    def scheme(self) -> str:
        """The scheme of the tags, found in one pass unless it is given; it is logged.

        Raises:
            DataError: The values are no tags.
        """
        if self._options.tag_scheme != "auto":
            logger.info("tag scheme: %s%s", self._options.tag_scheme, self._note)
            return self._options.tag_scheme
        scheme = find_scheme(self._all(self.read))
        if any(self._all(self.read)):
            logger.info("tag scheme: %s (found)%s", scheme, self._note)
        return scheme

    @property
    def _note(self) -> str:
        """A note for the log on prefixes at the end and on tags among features; else empty."""
        suffixes = ", with prefixes at the end, as in PER-B" if self._suffixes else ""
        return suffixes + (", among the features of words" if self._in_features else "")

    def read(self, value: object) -> str:
        """Return a tag with its prefix in front, a number by its name; empty if there is none."""
        tag = self._string(value)
        return to_prefix(tag) if self._suffixes else tag

    @cached_property
    def _suffixes(self) -> bool:
        """True if the prefixes of tags are at their ends, as the first sentences show.

        With the scheme IO tags have no prefixes. If a scheme with prefixes is set, less evidence is
        enough than if it is to be found.
        """
        scheme = self._options.tag_scheme
        return scheme != "IO" and has_suffixes(
            islice(self._all(self._string), _FIRST_SENTENCES), sure=scheme == "auto"
        )

    @cached_property
    def _in_features(self) -> bool:
        """True if tags are among the features of words, as the first sentences show."""
        return any(map(has_features, islice(self._sentences(), _FIRST_SENTENCES)))

    def _all(self, read: Callable[[object], str]) -> Iterator[Sequence[str]]:
        """Yield the tags of all sentences, without values that are none."""
        for values in self._sentences():
            yield [tag for tag in map(read, values) if tag]

    def _string(self, value: object) -> str:
        """Return a tag as it stands, a number by its name; empty if there is none."""
        value = string(value)
        if self._in_features and isinstance(value, str):
            return feature_tag(value)
        if self.names:
            digits = isinstance(value, str) and value.isdecimal() and len(value) < 9
            number = int(str(value)) if digits else whole_number(value)
            if number is not None:
                return self.names[number] if 0 <= number < len(self.names) else ""
        return value.strip() if isinstance(value, str) else ""


def has_features(values: Iterable[object]) -> bool:
    """Return whether tags are among the features of words, as in the last column of CoNLL-U."""
    return any(
        isinstance(value, str) and "=" in value and _FEATURE.search(value) for value in values
    )


def feature_tag(value: str) -> str:
    """Return the tag among the features of a word, such as ``SpaceAfter=No|NER=B-PER``, or O."""
    match = _FEATURE.search(value)
    return OUTSIDE if match is None else match[1]


def string(value: object) -> object:
    """Decode bytes; return other values unchanged."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
