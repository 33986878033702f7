"""Recurrent NLP on TensorFlow and Keras 3.

The rooms and what each may import are in ``docs/architecture.md``; ``toolkit.tasks`` is what a user
imports. Importing ``toolkit``, ``toolkit.cells`` or ``toolkit.layers`` does not import TensorFlow.
"""

__version__ = "0.1.0"
