"""Speed, quality and robustness, measured; with the same models in PyTorch and Keras."""
