"""Speed and memory, side by side with peers on the same machine."""
