"""Encoded sequences on disk, and batches of them."""
