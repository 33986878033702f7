"""The surprise of a language model at each unit of texts, by its signature ``score``."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from toolkit.report.answered import Question

#: Calls a signature of the language model.
Ask = Callable[..., dict[str, Any]]
#: The most units of a text that are measured, and those of a batch.
MOST_UNITS, BATCH = 160, 32
_WORD = re.compile(r"\s*[\w']+|\s*[^\w\s]|\s+")


class ReadText(NamedTuple):
    """A text with its condition; None without conditions."""

    text: str
    condition: str | None


@dataclass(frozen=True)
class ReadTexts:
    """The texts that were measured, each a part of the data.

    Attributes:
        texts: Reads them, in order.
        ask: Calls a signature of the language model.
        token_level: The kind of its tokens; where they are not characters, words are its units.
    """

    texts: Callable[[], Iterator[ReadText]]
    ask: Ask
    token_level: str

    def chosen(self, numbers: Sequence[int]) -> list[ReadText]:
        """Return the texts with some numbers."""
        wanted = {*numbers}
        found = {place: text for place, text in enumerate(self.texts()) if place in wanted}
        return [found[number] for number in numbers]

    def units(self, read: ReadText) -> list[tuple[str, float]]:
        """Return the first units of a text, each with its negative log probability in nats.

        They are the differences of those of its beginnings. The text is read from its start.
        """
        cut = [*read.text] if self.token_level == "characters" else _WORD.findall(read.text)
        units = cut[:MOST_UNITS]
        beginnings = ["".join(units[: place + 1]) for place in range(len(units))]
        given = {} if read.condition is None else {"condition": [read.condition]}
        sums = [0.0]
        for first in range(0, len(beginnings), BATCH):
            batch = beginnings[first : first + BATCH]
            conditions = {name: value * len(batch) for name, value in given.items()}
            sums += self.ask("score", text=batch, **conditions)["nll"].tolist()
        return [*zip(units, np.diff(sums).tolist(), strict=True)]

    def asked(self, numbers: Sequence[int]) -> Iterator[list[Question]]:
        """Yield the questions on texts with some numbers: on what stands at the hardest unit.

        They are on the likeliest next token there and, of characters, on the right one.
        """
        for read in self.chosen(numbers):
            units = self.units(read)
            if len(units) < 2:
                yield []
                continue
            place = 1 + int(np.argmax([nats for _, nats in units[1:]]))
            beginning = "".join(unit for unit, _ in units[:place])
            unit, nats = units[place]
            given = {} if read.condition is None else {"condition": read.condition}
            what = f"answer before {unit!r}, which has {nats:.1f} nats"
            questions = [Question(what, beginning, given)]
            if self.token_level == "characters":
                questions.append(Question(f"right {unit!r}", beginning, {**given, "target": unit}))
            yield questions

    def character_entropy(self) -> float:
        """Return the entropy of the texts' characters in nats, which is the loss of a unigram."""
        counts: Counter[str] = Counter()
        for read in self.texts():
            counts.update(read.text)
        shares = np.array([*counts.values()], np.float64) / max(1, counts.total())
        return float(-(shares * np.log(shares)).sum())
