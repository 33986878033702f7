"""Speech recognition: the words of a recording, by CTC."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {
    "SpeechRecognizer": "task",
    "SpeechRecognizerOptions": "options",
}
