"""Text classification: a class, several labels or a number for each text."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "TextClassifier": "task",
    "TextClassifierOptions": "options",
}
