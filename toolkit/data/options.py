"""Options of the rows of all kinds of data."""

from dataclasses import dataclass
from typing import Any

from toolkit.data.sources.delimited import Quoting


@dataclass(kw_only=True)
class RowOptions:
    """How rows are read.

    Args:
        quoting: The quotes in CSV and TSV files with a header: minimal takes a field that begins
            with a quote as quoted; auto does the same, except where this seems to make one text of
            several rows, which is then a bad row; none takes each quote as a part of its text.
        skip_bad_rows: Skip and count bad rows instead of stopping.
    """

    quoting: Quoting = "auto"
    skip_bad_rows: bool = False

    #: The names of options that come from a run, and so were set for other data than that at hand.
    inherited = frozenset[str]()

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; an option that is set is no longer inherited."""
        super().__setattr__(name, value)
        if name in self.inherited:
            self.inherited -= {name}


def is_inherited(options: Any, name: str) -> bool:
    """Return whether an option comes from a run; see ``RowOptions.inherited``."""
    return name in getattr(options, "inherited", ())
