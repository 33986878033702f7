"""The same models in PyTorch and Keras, with their training loops."""
