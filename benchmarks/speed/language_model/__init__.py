"""Speed of the language model."""
