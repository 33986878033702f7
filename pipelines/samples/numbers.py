"""Numbers in words, in English and in French: 'two hundred and seven', 'deux cent sept'.

The words are those of ``num2words``. No number is in both parts.
"""

import random
from typing import Literal

#: All numbers below this are for training, since larger ones are composed of them.
SMALL = 100
#: The numbers of digits of the other numbers, and how many of each are drawn for each part.
DIGITS = (3, 4, 5)
TRAINING, TEST = 2_000, 100
#: The same for three digits in training, since there are only 900 such numbers.
THREE_DIGITS = 600


def numbers(part: Literal["train", "test"]) -> tuple[list[str], list[str]]:
    """Return the numbers of a part in English and in French words, in random order."""
    from num2words import num2words  # only this sample needs it

    random_numbers = random.Random(1)
    train = list(range(SMALL))
    test: list[int] = []
    for digits in DIGITS:
        count = THREE_DIGITS if digits == 3 else TRAINING
        drawn = random_numbers.sample(range(10 ** (digits - 1), 10**digits), count + TEST)
        train += drawn[TEST:]
        test += drawn[:TEST]
    selected = train if part == "train" else test
    random_numbers.shuffle(selected)
    return (
        [num2words(number, lang="en").replace(",", "") for number in selected],
        [num2words(number, lang="fr") for number in selected],
    )
