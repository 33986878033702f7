"""Music: the probability of pieces, and their generation."""

#: The names that ``toolkit.tasks`` exports, with their modules in this package.
EXPORTS = {"MusicModel": "task", "MusicOptions": "options"}
