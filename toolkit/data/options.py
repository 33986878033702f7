"""Options of the rows of all kinds of data, and of their labels."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from toolkit.data.sources.encodings import UTF_8, inherited_encodings
from toolkit.data.sources.table_format import PLAIN, Quoting, TableFormat
from toolkit.options import option

#: The names of options of how files are written.
FILE_OPTIONS = ("quoting", "header", "encoding")
#: The options for the columns of labels, which exclude each other.
_LABEL_COLUMNS = ("label_column", "label_columns")


@dataclass(kw_only=True)
class RowOptions:
    """Options of how files are written, and of bad rows.

    Args:
        quoting: The quotes in CSV and TSV files with a header: minimal takes a field that begins
            with a quote as quoted; auto does the same, except where this seems to make one text of
            several rows, which is then a bad row; none takes each quote as a part of its text.
        header: Whether the first row of CSV, TSV and Excel files names the columns; without a
            header, columns are named by numbers from 1.
        encoding: The encoding of text files, such as cp1252; UTF-8, or what a byte order mark says,
            when not given.
        skip_bad_rows: Skip and count bad rows instead of stopping.
    """

    quoting: Quoting = "auto"
    header: bool = True
    encoding: str | None = None
    skip_bad_rows: bool = False

    #: The names of options that come from a run, and so were set for other data than that at hand.
    inherited = frozenset[str]()
    #: The columns of a run's own data that options do not name, or by a number, by option.
    named_columns: ClassVar[Mapping[str, str]] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; an option that is set is no longer inherited."""
        super().__setattr__(name, value)
        if name in self.inherited:
            self.inherited -= {name}


@dataclass(kw_only=True)
class LabelOptions(RowOptions):
    """The columns of labels and groups, and how their values are read.

    Args:
        label_column: The column of the labels; guessed, and logged, when not given.
        group_column: The column of groups; a split never divides rows with equal values, such as
            reviews of one film.
        target: What a label is: one of several classes, several labels at once (a list, or one
            string separated by ``label_separator``), or a number to predict.
        label_separator: The separator of several labels in one field.
        label_columns: In place of one column, those with 1 for each label that a row has and 0 for
            the others, separated by commas (a name with a comma stands in quotes).
        label_rule: How numbers become classes, as ``name:condition`` parts separated by commas,
            for example ``neg:<=4,pos:>=7``; rows that match no part are skipped, and counted.
    """

    FIXED: ClassVar[tuple[str, ...]] = ("target",)

    label_column: str | None = None
    label_columns: str | None = None
    group_column: str | None = None
    target: Literal["classes", "labels", "number"] = "classes"
    label_separator: str = "|"
    label_rule: str | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; see ``replaced``."""
        super().__setattr__(name, value)
        for other in replaced(self, self.inherited) if name in _LABEL_COLUMNS else ():
            setattr(self, other, None)


def replaced(options: Any, inherited: Collection[str]) -> list[str]:
    """Return the inherited options that others replace, since they exclude each other.

    Args:
        options: The options.
        inherited: The names of those that come from a run; the others were set.
    """
    values = {name: getattr(options, name, None) for name in _LABEL_COLUMNS}
    is_set = any(values[name] is not None and name not in inherited for name in values)
    return [name for name in values if is_set and values[name] is not None and name in inherited]


def inherit(options: Any, names: Iterable[str], facts: Mapping[str, Any]) -> None:
    """Mark options as inherited from a run; see ``RowOptions.inherited`` and ``replaced``.

    Args:
        options: The options, which already have the run's values.
        names: The names of those that come from the run.
        facts: The facts of the run.
    """
    options.inherited = frozenset(names)
    options.named_columns = facts.get("named_columns") or {}
    for name in replaced(options, options.inherited):
        setattr(options, name, None)


def is_inherited(options: Any, name: str) -> bool:
    """Return whether an option comes from a run; see ``RowOptions.inherited``."""
    return name in getattr(options, "inherited", ())


def table_format(options: Any) -> TableFormat:
    """Return the format of tables that options say.

    An encoding that comes from a run is one of several to try; see ``inherited_encodings``. Options
    that are missing, as those of a task with readers of its own may be, have their defaults.
    """
    encodings: tuple[str, ...] = UTF_8
    if (encoding := getattr(options, "encoding", None)) is not None:
        inherited = is_inherited(options, "encoding")
        encodings = inherited_encodings(encoding) if inherited else (encoding,)
    quoting: Quoting = getattr(options, "quoting", PLAIN.quoting)
    header = getattr(options, "header", PLAIN.header)
    values = {"quoting": quoting, "header": header, "encoding": encoding}
    usual = {"quoting": PLAIN.quoting, "header": PLAIN.header, "encoding": None}
    given = {
        name: option(name, value)
        for name, value in values.items()
        if value != usual[name] and not is_inherited(options, name)
    }
    return TableFormat(quoting, header, encodings, given)


def join_names(names: Sequence[str]) -> str:
    """Return names separated by commas; those with commas or quotes are quoted, as in CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()


def split_names(text: str) -> tuple[str, ...]:
    """Return the names that ``join_names`` joined, without the blanks around them."""
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    return tuple(name.strip() for row in rows for name in row)
