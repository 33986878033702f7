"""Sequences of vectors: recordings of sensors, and skeletons in motion."""
