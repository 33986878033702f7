"""Pieces of music: MIDI files, rolls and notes, read as rolls of 88 keys."""
