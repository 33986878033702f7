"""Speed of the entity tagger."""
