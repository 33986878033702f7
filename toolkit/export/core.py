"""A network between the preprocessing and the answers: numbers in, numbers out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Core:
    """What is exported for devices that cannot run the preprocessing.

    Attributes:
        network: The network; it computes in single precision.
        answer: Function from the network and its inputs, tensors [1, ...] by name, to the answers
            [1, outputs].
        inputs: The type and the shape, with the batch of 1, of each input by name.
        encode: Function from a question of the golden file to the inputs by name.
        output: The name of the answers, ``probabilities`` or ``value``.
        description: How inputs are made of raw data, in Markdown.
        save_assets: Writes what encoding needs into a folder, given by its path, if anything.
    """

    network: Any
    answer: Callable[[Any, Mapping[str, Any]], Any]
    inputs: Mapping[str, tuple[str, tuple[int, ...]]]
    encode: Callable[[Mapping[str, Any]], dict[str, Array]]
    output: str
    description: str
    save_assets: Callable[[str], None] | None = None

    def zeros(self) -> dict[str, Array]:
        """Return inputs of zeros: a sequence without steps."""
        return {name: np.zeros(shape, dtype) for name, (dtype, shape) in self.inputs.items()}


def in_single_precision(network: Any) -> Any:
    """Return the network, or one with the same weights that computes in float32."""
    if network.compute_dtype == "float32":
        return network
    single = type(network).from_config(network.get_config() | {"dtype": "float32"})
    single.build()
    single.set_weights(network.get_weights())
    return single
