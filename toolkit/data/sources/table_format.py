"""The format of tables: what quotes mean, whether there is a header, and the encoding."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from toolkit.data.sources.encodings import UTF_8

Quoting = Literal["auto", "minimal", "none"]
"""The meaning of quotes in a table; :class:`toolkit.data.sources.delimited.DelimitedSource` defines
the values."""


class TableFormat(NamedTuple):
    """How a file is written, beside what its ending says.

    Attributes:
        quoting: The meaning of quotes in CSV and TSV files.
        header: Whether the first row of a CSV, TSV or Excel file names the columns; otherwise their
            names are ``1``, ``2`` and so on.
        encodings: The encodings of the file, as :func:`toolkit.data.sources.lines.read_lines` takes
            them.
    """

    quoting: Quoting = "auto"
    header: bool = True
    encodings: Sequence[str] = UTF_8


PLAIN = TableFormat()
"""The format of files where options do not say otherwise."""
