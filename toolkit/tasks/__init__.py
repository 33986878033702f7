"""What a user imports: estimators that take raw data and give finished answers."""
