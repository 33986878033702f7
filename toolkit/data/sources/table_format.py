"""The format of tables: what quotes mean, whether there is a header, and the encoding."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from toolkit.data.sources.encodings import UTF_8

logger = logging.getLogger("toolkit")

Quoting = Literal["auto", "minimal", "none"]
"""The meaning of quotes in a table; :class:`toolkit.data.sources.delimited.DelimitedSource` defines
the values."""


class TableFormat(NamedTuple):
    """The format of a file, beside what its ending says.

    Attributes:
        quoting: The meaning of quotes in CSV and TSV files.
        header: Whether the first row of a CSV, TSV or Excel file names the columns; otherwise their
            names are ``1``, ``2`` and so on.
        encodings: The encodings of the file, as :func:`toolkit.data.sources.lines.read_lines` takes
            them.
        given: The options that say this and do not come from a run, as a user writes them, by name.
    """

    quoting: Quoting = "auto"
    header: bool = True
    encodings: Sequence[str] = UTF_8
    given: Mapping[str, str] = MappingProxyType({})


PLAIN = TableFormat()
"""The format of files where options do not say otherwise."""

#: The options of a format that have an effect, by the endings of files; all in others.
_EFFECTIVE: Mapping[str, tuple[str, ...]] = {
    ".jsonl": ("encoding",),
    ".ndjson": ("encoding",),
    ".json": ("encoding",),
    ".xlsx": ("header",),
    ".parquet": (),
}


def log_without_effect(path: Path, table_format: TableFormat) -> None:
    """Log which options that were given have no effect on a file, by its ending."""
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    effective = _EFFECTIVE.get(ending, tuple(table_format.given))
    for name, written in table_format.given.items():
        if name not in effective:
            logger.warning("%s: %s has no effect on %s files", path, written, ending)
