"""Videos: recorded or given as arrays, and decoded to small frames at one rate."""
