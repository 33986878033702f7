"""Strings to ids and back, in TensorFlow core ops only."""
