"""The network of music, and its output layers."""
