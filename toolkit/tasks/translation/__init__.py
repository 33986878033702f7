"""Translation, or any other text that is made of a text."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "Translator": "task",
    "TranslatorOptions": "options",
}
