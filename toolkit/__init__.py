"""Recurrent NLP on TensorFlow and Keras 3.

The packages and what each may import are in ``docs/architecture.md``; ``toolkit.tasks`` is what a
user imports. ``toolkit.cells`` and ``toolkit.layers`` need only Keras, on whatever backend it runs.
"""

__version__ = "0.1.0"
