"""Music as piano rolls: keys, notes, sound, pictures and MIDI files."""
