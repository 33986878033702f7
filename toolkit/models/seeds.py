"""Different seeds derived from one seed."""

import numpy as np


def dropout_seeds(seed: int | None, count: int) -> list[int | None]:
    """Return a different seed for each of a network's dropouts.

    Without a seed they are all None, and Keras uses its own (``keras.utils.set_random_seed``).
    """
    if seed is None:
        return [None] * count
    return [int(state) for state in np.random.SeedSequence(seed).generate_state(count)]
