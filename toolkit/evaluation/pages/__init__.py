"""Pages for a browser, each complete in one file."""
