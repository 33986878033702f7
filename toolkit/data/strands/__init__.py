"""Strands of DNA or RNA with a class, several labels or a number each."""
