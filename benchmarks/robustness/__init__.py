"""Robustness: malformed files, random strings, killed trainings."""
