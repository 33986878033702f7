"""Speed of the translator."""
