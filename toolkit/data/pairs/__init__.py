"""Pairs of a source and a target text, such as translations."""
