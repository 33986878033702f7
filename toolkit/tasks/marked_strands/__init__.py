"""Spans of strands of DNA or RNA, such as exons or splice sites: a tag for each base."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "StrandTagger": "task",
    "StrandTaggerOptions": "options",
}
