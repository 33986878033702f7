"""Random Unicode strings of every kind, through the text layer and through an exported model.

Strings are a function of the seed and their numbers.
"""

import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import tensorflow as tf

from toolkit.export import Servable
from toolkit.tasks.serving import BATCH
from toolkit.text import Tokenizer, utf8
from toolkit.text.split import split

Named = Sequence[tuple[int, str]]

#: How far apart the scores of a text may be, alone and in a batch: float32 sums are taken in
#: another order where matrices have other shapes.
TOLERANCE = 1e-6

#: Ids are compared with those alone for one string of so many; answers for every one.
ALONE = 16

PLANES = ((0x0, 0x10000, 5), (0x10000, 0x20000, 3), (0x20000, 0x40000, 1), (0xE0000, 0x110000, 1))
SCRIPTS = (
    *((0x20, 0x7F), (0xA0, 0x250), (0x370, 0x400), (0x400, 0x530), (0x590, 0x600), (0x600, 0x700)),
    *((0x900, 0x980), (0xE00, 0xE80), (0x1000, 0x10A0), (0x1100, 0x1200), (0x1780, 0x1800)),
    *((0x3040, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xFB00, 0xFB50), (0xFF00, 0xFFF0)),
    *((0x1D400, 0x1D800), (0x1E900, 0x1E95F), (0x20000, 0x2A6E0)),
)
MARKS = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code))[0] == "M"]
CONTROLS = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0), 0xAD, *range(0x2000, 0x2010))] + [
    *("\u2028", "\u2029", "\u2060", "\ufeff", "\ufffd", "\ufffe", "\uffff", "\U0010ffff", "\0")
]
DIRECTIONS = [
    "\u200e",
    "\u200f",
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
]
EMOJI = (
    *(
        "👍🏽",
        "👩‍👩‍👧",
        "🇫🇷",
        "🇩🇪",
        "1️⃣",
        "❤️",
        "🏴\U000e0067\U000e0062\U000e007f",
        "👁️‍🗨️",
        "\u200d",
        "\ufe0f",
        "🏽",
    ),
    *("🇫", "😀", "\u20e3", "👩\u200d", "\U000e007f"),
)
WORDS = (
    *(
        "The",
        "film",
        "isn't",
        "GOOD",
        "’s",
        "3.50",
        "U.S.",
        "<br />",
        "</BR>",
        "<br",
        "état",
        "ﬁne",
    ),
    *("İstanbul", "ΟΔΟΣ", "ß", "ǅ", "Å", "Å", "м'яч", "[UNK]", "[PAD]", "\\n", "\xff", "אשָׁ", "لا"),
)


def text(seed: int, number: int) -> str:
    """One string."""
    random = Random(f"strings {seed} {number}")
    kind = random.choices(KINDS, WEIGHTS)[0]
    length = round(random.expovariate(1 / 15))
    if random.random() < 0.01:
        length *= 100
    if random.random() < 0.0002:
        length += 100_000
    return "".join(kind(random) for _ in range(length))


def _any(random: Random) -> str:
    """A code point of any plane, assigned or not, but no surrogate."""
    (start, end, _), *_ = random.choices(PLANES, [weight for *_, weight in PLANES])
    code = random.randrange(start, end)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def _surrogates(random: Random) -> str:
    """Lone surrogates, also in pairs that would be one character in UTF-16."""
    return chr(random.randrange(0xD800, 0xE000)) if random.random() < 0.4 else _words(random)


def _script(random: Random) -> str:
    return chr(random.randrange(*random.choice(SCRIPTS)))


def _marked(random: Random) -> str:
    """Letters under heaps of combining marks, in no canonical order."""
    base = random.choice(("", "e", "A", "Σ", "ᄀ", "각", "क", "ก", "👍", "\u00c5", "I"))
    return base + "".join(random.choices(MARKS, k=random.randrange(6)))


def _controls(random: Random) -> str:
    return random.choice(CONTROLS) if random.random() < 0.5 else _words(random)


def _emoji(random: Random) -> str:
    return random.choice(EMOJI)


def _right_to_left(random: Random) -> str:
    if random.random() < 0.2:
        return random.choice(DIRECTIONS)
    return chr(random.randrange(*random.choice(((0x5D0, 0x5EB), (0x621, 0x64B), (0x20, 0x30)))))


def _words(random: Random) -> str:
    return random.choice(WORDS) + random.choice(("", " ", " ", "\n", "-", ", ", "\u3000"))


def _anything(random: Random) -> str:
    return random.choice(KINDS[:-1])(random)


def _repeated(random: Random) -> str:
    return random.choice(("a", " ", "e\u0301", "n'", "1.", "A.", "м'", "🇫", "我", "\u1100", "<br"))


KINDS: tuple[Callable[[Random], str], ...] = (
    *(_any, _surrogates, _script, _marked, _controls, _emoji, _right_to_left, _words),
    *(_repeated, _anything),
)
WEIGHTS = (3, 2, 3, 2, 2, 2, 2, 3, 1, 4)


@dataclass
class Result:
    """What the campaign found.

    Attributes:
        strings: How many strings were checked.
        code_points: How many code points they have together.
        tokens: How many tokens were held against their slices.
        largest: The largest difference of a probability, alone and in a batch.
        slowest: The most seconds that one string alone took.
        defects: What went wrong, a line each.
    """

    strings: int = 0
    code_points: int = 0
    tokens: int = 0
    largest: float = 0.0
    slowest: float = 0.0
    defects: list[str] = field(default_factory=list)


class TextLayer:
    """A tokenizer, compiled, held to what it promises.

    Args:
        tokenizer: The tokenizer.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        signature = [tf.TensorSpec([None], tf.string)]
        raw = partial(split, units=tokenizer.units, html_breaks=tokenizer.html_breaks)
        self.tokenizer = tokenizer
        self.raw = tf.function(raw, input_signature=signature)
        self.units = tf.function(tokenizer.split, input_signature=signature)
        self.ids = tf.function(lambda text: tokenizer(text), input_signature=signature)

    def check(self, texts: Sequence[str]) -> int:
        """Hold the tokens of some texts against their slices; return how many there were.

        Raises:
            AssertionError: A token is not what stands at its place, or tokens overlap, or ids
                depend on what else is in the batch.
        """
        batch = tf.constant([utf8(text) for text in texts], tf.string)
        tokens, starts, ends = (part.to_list() for part in self.raw(batch))
        _, unit_starts, unit_ends = (part.to_list() for part in self.units(batch))
        assert (starts, ends) == (unit_starts, unit_ends), "places depend on normalisation"
        for row, text in enumerate(texts):
            end_before = 0
            for token, start, end in zip(tokens[row], starts[row], ends[row], strict=True):
                assert end_before <= start < end <= len(text), f"places {start} to {end}"
                assert utf8(text[start:end]) == token, f"{token!r} is not text[{start}:{end}]"
                assert self.tokenizer.units == "words" or start == end_before, "a gap"
                end_before = end
            assert self.tokenizer.units == "words" or end_before == len(text), "a gap at the end"
        ids = self.ids(batch).numpy()
        longest = self.tokenizer.max_length or max(map(len, tokens))
        counts = [min(len(row), longest) for row in tokens]
        assert ids.shape == (len(texts), max(1, *counts)), f"ids of shape {ids.shape}"
        assert (np.count_nonzero(ids, axis=1) == counts).all(), "units without an id"
        for row in range(0, len(texts), ALONE):
            (alone,) = self.ids(batch[row : row + 1]).numpy()
            assert np.array_equal(alone[: counts[row]], ids[row, : counts[row]]), "other ids alone"
        self.tokenizer.detokenize(ids)
        return sum(map(len, tokens))


class Campaign:
    """Checks strings against one exported text classifier and two tokenizers.

    Args:
        run: The run's folder.

    Attributes:
        result: What was found so far.
    """

    def __init__(self, run: Path) -> None:
        self.servable = Servable.load(run)
        lines = (self.servable.asset("vocabulary.txt") or "").split("\n")
        characters = Tokenizer(units="characters", normalization="NFKC", max_length=1_600)
        characters.adapt(text(-1, number) for number in range(2_000))
        words = Tokenizer(vocabulary=lines[2:-1], max_length=400)
        self.layers = [TextLayer(words), TextLayer(characters)]
        self.result = Result()

    def check(self, seed: int, numbers: range) -> None:
        """Check strings by their numbers, and add to the result."""
        texts = [text(seed, number) for number in numbers]
        named = list(zip(numbers, texts, strict=True))
        for layer in self.layers:
            self._guarded(named, partial(self._cut, layer))
        named.sort(key=lambda item: len(item[1]))
        for start in range(0, len(named), BATCH):
            self._guarded(named[start : start + BATCH], self._answer)
        self.result.strings += len(texts)
        self.result.code_points += sum(map(len, texts))

    def _guarded(self, named: Named, work: Callable[[Sequence[str]], None]) -> None:
        """Do the work; where it fails, halve the texts until the one that fails is found."""
        try:
            work([text for _, text in named])
        except Exception as error:
            if len(named) == 1:
                ((number, text),) = named
                reason = f"{type(error).__name__}: {str(error)[:200]}"
                self.result.defects.append(f"string {number}, {text[:80]!r}: {reason}")
                return
            found = len(self.result.defects)
            half = len(named) // 2
            self._guarded(named[:half], work)
            self._guarded(named[half:], work)
            if len(self.result.defects) == found:  # it fails in company alone
                reason = f"{type(error).__name__}: {str(error)[:200]}"
                self.result.defects.append(f"strings {named[0][0]} and others: {reason}")

    def _cut(self, layer: TextLayer, texts: Sequence[str]) -> None:
        self.result.tokens += layer.check(texts)

    def _answer(self, texts: Sequence[str]) -> None:
        """Ask the exported model all at once and one by one."""
        together = self.servable(text=texts)
        for row, text in enumerate(texts):
            began = time.perf_counter()
            alone = self.servable(text=[text])
            self.result.slowest = max(self.result.slowest, time.perf_counter() - began)
            ours, theirs = (
                answer["probabilities"][at] for answer, at in ((alone, 0), (together, row))
            )
            assert np.isfinite(ours).all(), f"probabilities {ours}"
            assert abs(ours.sum() - 1) <= TOLERANCE, f"probabilities {ours}"
            assert alone["score"][0] == ours.max(), "the score is not that of the label"
            difference = float(np.abs(ours - theirs).max())
            assert difference <= TOLERANCE, f"probabilities differ by {difference}"
            close = np.ptp(np.partition(ours, -2)[-2:]) <= 2 * TOLERANCE
            assert close or alone["label"][0] == together["label"][row], "another label alone"
            self.result.largest = max(self.result.largest, difference)
