"""Readers of files, tables, folders and named data sets, one for each format."""
