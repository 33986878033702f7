"""From a wave to log-mel frames, and from frames to symbols by CTC, in TensorFlow core ops."""
