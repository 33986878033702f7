"""Speed of the text classifier."""
