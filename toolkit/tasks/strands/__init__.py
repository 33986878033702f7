"""Classification of strands of DNA or RNA: a class, several labels or a number for each."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "StrandClassifier": "task",
    "StrandClassifierOptions": "options",
}
