"""Classification of series: a class, several labels or a number for each sequence of vectors."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "SequenceClassifier": "task",
    "SequenceClassifierOptions": "options",
}
