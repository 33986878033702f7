"""Usual names of columns with tokens and tags."""

TOKEN_NAMES = ("tokens", "token", "words", "word", "form")
TAG_NAMES = ("tags", "tag", "ner_tags", "ner_tag", "ner", "labels", "label")
