"""Single time steps of a recurrent layer's cell, for several hypotheses."""

from collections.abc import Sequence
from typing import Any

from keras import ops


def state_sizes(cell: Any) -> list[int]:
    """Return the sizes of a cell's states."""
    sizes = cell.state_size
    return list(sizes) if isinstance(sizes, list | tuple) else [sizes]


def cell_step(cell: Any, inputs: Any, state: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Compute one time step of a cell without dropout.

    Args:
        cell: The cell.
        inputs: [B, K, D].
        state: Its states, [B, K, H] each.

    Returns:
        The outputs [B, K, H] and the new states, [B, K, H] each.
    """
    shape = ops.shape(inputs)[:2]

    def flat(x: Any) -> Any:
        return ops.reshape(x, (-1, x.shape[-1]))

    output, after = cell(flat(inputs), [flat(tensor) for tensor in state], training=False)
    after = after if isinstance(after, list | tuple) else [after]
    output, *after = (ops.reshape(x, (*shape, x.shape[-1])) for x in (output, *after))
    return output, after
