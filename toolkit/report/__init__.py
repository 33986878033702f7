"""Reports on runs, each one HTML file that needs no other."""

#: The name of the report in a run's folder, and in that of an evaluation.
REPORT_FILE = "report.html"

__all__ = ["REPORT_FILE"]
