"""Series of vectors, such as movements and signals, with a class, several labels or a number."""
