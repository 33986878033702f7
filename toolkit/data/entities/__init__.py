"""Sentences with tags, or texts with entities."""
