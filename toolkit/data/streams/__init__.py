"""Texts for language models: one stream of text, or texts with conditions."""
