"""Readers of the formats in which corpora and annotation tools write entities.

What has a text and its entities in a row, or tokens and tags, needs no reader of its own: doccano,
Prodigy, tables and JSON Lines are told by the names and values of their columns.
"""
