"""Recordings with transcripts, and without them."""
