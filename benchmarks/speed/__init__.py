"""Training and inference speed and memory, beside Keras and PyTorch on the same machine."""
