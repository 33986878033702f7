"""Named entity recognition: labelled spans in texts."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "EntityTagger": "task",
    "EntityTaggerOptions": "options",
}
