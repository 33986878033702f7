"""Language modelling: the probability of text, and text generation."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "LanguageModel": "task",
    "LanguageModelOptions": "options",
}
