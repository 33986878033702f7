"""Seeds that differ, from one."""

import numpy as np


def dropout_seeds(seed: int | None, count: int) -> list[int | None]:
    """A seed for each of a network's dropouts, so that none repeats another's draws.

    Without a seed they are all None, and Keras draws its own (``keras.utils.set_random_seed``).
    """
    if seed is None:
        return [None] * count
    return [int(state) for state in np.random.SeedSequence(seed).generate_state(count)]
