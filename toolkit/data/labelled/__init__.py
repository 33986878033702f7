"""Rows with a class, several labels or a number each, whatever else is in them."""
