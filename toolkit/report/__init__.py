"""Reports on runs, each one HTML file that needs no other."""

import os
from pathlib import Path

from toolkit.errors import OptionError
from toolkit.files import check_no_link

#: The name of the report in a run's folder, and in that of an evaluation.
REPORT_FILE = "report.html"

#: What only a report holds, so that a new one replaces no other file.
REPORT_MARK = "<!-- a report of the recurrent toolkit -->"

__all__ = ["REPORT_FILE", "REPORT_MARK", "check_report_place"]


def check_report_place(path: str | os.PathLike[str]) -> None:
    """Check that a report can take the place of what is at a path: nothing, or a report.

    Raises:
        OptionError: There is a folder, a link, or another file.
        OSError: The file cannot be read.
    """
    place = Path(path)
    if place.is_dir():
        raise OptionError(f"{place} is a folder; give the name of a file for the report")
    check_no_link(place)
    if not place.exists():
        return
    mark = REPORT_MARK.encode()
    if not place.is_file() or (place.stat().st_size and mark not in place.read_bytes()):
        raise OptionError(f"{place} is no report, which alone is written over; give another file")
