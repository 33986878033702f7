"""The options of explanations."""

from dataclasses import dataclass
from typing import Literal

from toolkit.options import check_options

#: Integrated gradients, or the difference that each part makes when it is left out.
Method = Literal["integrated-gradients", "leave-one-out"]


@dataclass(kw_only=True)
class ExplanationOptions:
    """The options of explanations.

    Args:
        method: integrated-gradients follows the gradients on the way from a baseline to the input,
            and needs model.keras or a SavedModel that was exported with --explain; leave-one-out
            answers the input once more without each of its parts, and needs no gradients.

    Raises:
        OptionError: The method is unknown.
    """

    method: Method = "integrated-gradients"

    def __post_init__(self) -> None:
        check_options(self)
