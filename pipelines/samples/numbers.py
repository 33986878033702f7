"""Numbers in words, in English and in French: 'two hundred and seven', 'deux cent sept'.

The words are those of ``num2words``. Test numbers are none of the training's.
"""

import random
from typing import Literal

from num2words import num2words

#: All numbers below this are for training: they are what larger ones are made of.
SMALL = 100
#: From here on to a power of ten, so many numbers are drawn of each length, for training and test.
DIGITS = (3, 4, 5)
TRAINING, TEST = 2_000, 100
#: Of the numbers of three digits there are not so many.
THREE_DIGITS = 600


def numbers(part: Literal["train", "test"]) -> tuple[list[str], list[str]]:
    """Return English and French words of the numbers of a part, in random order."""
    random_numbers = random.Random(1)
    train = list(range(SMALL))
    test: list[int] = []
    for digits in DIGITS:
        count = THREE_DIGITS if digits == 3 else TRAINING
        drawn = random_numbers.sample(range(10 ** (digits - 1), 10**digits), count + TEST)
        train += drawn[TEST:]
        test += drawn[:TEST]
    chosen = train if part == "train" else test
    random_numbers.shuffle(chosen)
    return (
        [num2words(number, lang="en").replace(",", "") for number in chosen],
        [num2words(number, lang="fr") for number in chosen],
    )
