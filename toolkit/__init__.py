"""Recurrent NLP on TensorFlow and Keras 3.

The rooms, each importing only from the lines above its own:

1. ``errors``
2. ``cells`` (one time step), ``text`` (strings to ids and back)
3. ``layers`` (time), ``data`` (files to batches)
4. ``models`` (the lecture's shapes)
5. ``training``, ``evaluation``, ``export``
6. ``tasks`` (what a user imports)

Importing ``toolkit``, ``toolkit.cells`` or ``toolkit.layers`` does not import TensorFlow.
"""

__version__ = "0.1.0"
