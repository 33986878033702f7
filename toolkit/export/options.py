"""The options of text generation by the signatures of a language model."""

from dataclasses import dataclass
from typing import ClassVar

from toolkit.errors import OptionError
from toolkit.options import Limits, check_options, option

#: The largest number of tokens that can be generated at once.
MOST_GENERATED = 100_000
#: The exclusive maximum of what logits are divided by or multiplied with, far from that of float32.
LARGEST = 1_000_000


@dataclass(kw_only=True)
class GenerationOptions:
    """The options of text generation.

    Args:
        max_length: The largest number of generated tokens; a text may end before.
        temperature: The divisor of the logits: below 1 likely tokens become likelier; 0 always
            takes the likeliest token.
        top_k: Sample only from this number of likeliest tokens; 0 for all.
        top_p: Sample only from the likeliest tokens that together have this probability; 1 for all.
        repetition_penalty: The divisor of the logits of tokens that occurred before, or their
            factor if they are negative; 1 for none.
        seed: The seed of the sampling. A text is a function of it, of the prompt with its condition
            and of its number among those of equal prompts.
        condition: The condition of the text, if the run has learnt conditions.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "max_length": (0, MOST_GENERATED + 1),
        "temperature": (0, LARGEST),
        "top_k": (0, 2**31),
        "repetition_penalty": (0, LARGEST),
        "seed": (0, 2**31),
    }

    max_length: int = 200
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0
    condition: str | None = None

    def __post_init__(self) -> None:
        check_options(self)
        if not 0 < self.top_p <= 1:
            raise OptionError(f"{option('top_p')} is {self.top_p}; it must be above 0, at most 1")
        if self.repetition_penalty == 0:
            raise OptionError(
                f"{option('repetition_penalty')} is {self.repetition_penalty}; it must be above 0"
            )
