"""Configuration, optimizer, callbacks and the fitting itself."""
