"""Random Unicode strings of many kinds, and checks of tokenizers and an exported model on them.

A string is a function of the seed and its number.
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
from toolkit.tasks.classification.serving import BATCH
from toolkit.text import Tokenizer, utf8
from toolkit.text.split import split

Numbered = Sequence[tuple[int, str]]

#: The largest difference of a text's probabilities by itself and in a batch: the order of float32
#: sums depends on the shapes of matrices.
TOLERANCE = 1e-6

#: Ids are compared with those of single strings for one string in 16; outputs for all.
SINGLE_EVERY = 16

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
    """Return the string of a number."""
    random = Random(f"strings {seed} {number}")
    kind = random.choices(KINDS, WEIGHTS)[0]
    length = round(random.expovariate(1 / 15))
    if random.random() < 0.01:
        length *= 100
    if random.random() < 0.0002:
        length += 100_000
    return "".join(kind(random) for _ in range(length))


def _any(random: Random) -> str:
    """Return a code point of any plane, assigned or not, but not a surrogate."""
    (start, end, _), *_ = random.choices(PLANES, [weight for *_, weight in PLANES])
    code = random.randrange(start, end)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def _surrogates(random: Random) -> str:
    """Return lone surrogates, also in pairs that would be one character in UTF-16."""
    return chr(random.randrange(0xD800, 0xE000)) if random.random() < 0.4 else _words(random)


def _script(random: Random) -> str:
    return chr(random.randrange(*random.choice(SCRIPTS)))


def _marked(random: Random) -> str:
    """Return a letter with several combining marks, not in canonical order."""
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
    """The results of the checks.

    Attributes:
        strings: The number of strings.
        code_points: The number of their code points.
        tokens: The number of tokens whose offsets were checked.
        largest_difference: The largest difference between a probability of a single string and in
            a batch.
        slowest: The most seconds that the prediction for a single string took.
        defects: A line for each failure.
    """

    strings: int = 0
    code_points: int = 0
    tokens: int = 0
    largest_difference: float = 0.0
    slowest: float = 0.0
    defects: list[str] = field(default_factory=list)


def find_defects(
    numbered: Numbered, check: Callable[[Sequence[str]], None], defects: list[str]
) -> None:
    """Run a check; if it fails, bisect the texts until the one that fails is found.

    Args:
        numbered: The texts with their numbers.
        check: Raises an error for texts that it finds wrong.
        defects: The list to which a line for each failure is added.
    """
    try:
        check([text for _, text in numbered])
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if len(numbered) == 1:
            ((number, text),) = numbered
            defects.append(f"string {number}, {text[:80]!r}: {reason}")
            return
        before, half = len(defects), len(numbered) // 2
        find_defects(numbered[:half], check, defects)
        find_defects(numbered[half:], check, defects)
        if len(defects) == before:  # it fails only with other texts
            defects.append(f"strings {numbered[0][0]} and others: {reason}")


class TokenizerChecks:
    """Checks of a tokenizer, compiled.

    Args:
        tokenizer: The tokenizer.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        signature = [tf.TensorSpec([None], tf.string)]
        raw = partial(split, token_level=tokenizer.token_level, html_breaks=tokenizer.html_breaks)
        self.tokenizer = tokenizer
        self.raw = tf.function(raw, input_signature=signature)
        self.split = tf.function(tokenizer.split, input_signature=signature)
        self.ids = tf.function(lambda text: tokenizer(text), input_signature=signature)

    def check(self, texts: Sequence[str]) -> int:
        """Compare the tokens of texts with the slices at their offsets; return their number.

        Raises:
            AssertionError: A token differs from its slice, tokens overlap, or ids depend on the
                rest of the batch.
        """
        batch = tf.constant([utf8(text) for text in texts], tf.string)
        tokens, starts, ends = (part.to_list() for part in self.raw(batch))
        _, split_starts, split_ends = (part.to_list() for part in self.split(batch))
        assert (starts, ends) == (split_starts, split_ends), "offsets depend on normalization"
        for row, text in enumerate(texts):
            end_before = 0
            for token, start, end in zip(tokens[row], starts[row], ends[row], strict=True):
                assert end_before <= start < end <= len(text), f"offsets {start} to {end}"
                assert utf8(text[start:end]) == token, f"{token!r} is not text[{start}:{end}]"
                assert self.tokenizer.token_level == "words" or start == end_before, "a gap"
                end_before = end
            assert self.tokenizer.token_level == "words" or end_before == len(text), (
                "a gap at the end"
            )
        ids = self.ids(batch).numpy()
        longest = self.tokenizer.max_length or max(map(len, tokens))
        counts = [min(len(row), longest) for row in tokens]
        assert ids.shape == (len(texts), max(1, *counts)), f"ids of shape {ids.shape}"
        assert (np.count_nonzero(ids, axis=1) == counts).all(), "tokens without an id"
        for row in range(0, len(texts), SINGLE_EVERY):
            (single,) = self.ids(batch[row : row + 1]).numpy()
            assert np.array_equal(single[: counts[row]], ids[row, : counts[row]]), (
                "other ids in a batch of one"
            )
        self.tokenizer.detokenize(ids)
        return sum(map(len, tokens))


class StringChecks:
    """Checks of an exported text classifier and two tokenizers on strings.

    Args:
        run: The run's folder.

    Attributes:
        result: The results so far.
    """

    def __init__(self, run: Path) -> None:
        self.servable = Servable.load(run)
        lines = (self.servable.asset("vocabulary.txt") or "").split("\n")
        characters = Tokenizer(token_level="characters", normalization="NFKC", max_length=1_600)
        characters.adapt(text(-1, number) for number in range(2_000))
        words = Tokenizer(vocabulary=lines[2:-1], max_length=400)
        self.layers = [TokenizerChecks(words), TokenizerChecks(characters)]
        self.result = Result()

    def check(self, seed: int, numbers: range) -> None:
        """Check strings by their numbers, and add to the result."""
        texts = [text(seed, number) for number in numbers]
        numbered = list(zip(numbers, texts, strict=True))
        for layer in self.layers:
            find_defects(numbered, partial(self._tokenize, layer), self.result.defects)
        numbered.sort(key=lambda item: len(item[1]))
        for start in range(0, len(numbered), BATCH):
            find_defects(numbered[start : start + BATCH], self._predict, self.result.defects)
        self.result.strings += len(texts)
        self.result.code_points += sum(map(len, texts))

    def _tokenize(self, layer: TokenizerChecks, texts: Sequence[str]) -> None:
        self.result.tokens += layer.check(texts)

    def _predict(self, texts: Sequence[str]) -> None:
        """Compare the exported model's outputs for a batch and for each text by itself."""
        batch = self.servable(text=texts)
        for row, text in enumerate(texts):
            start = time.perf_counter()
            single = self.servable(text=[text])
            self.result.slowest = max(self.result.slowest, time.perf_counter() - start)
            probabilities = single["probabilities"][0]
            assert np.isfinite(probabilities).all(), f"probabilities {probabilities}"
            assert abs(probabilities.sum() - 1) <= TOLERANCE, f"probabilities {probabilities}"
            assert single["score"][0] == probabilities.max(), "the score is not that of the label"
            difference = float(np.abs(probabilities - batch["probabilities"][row]).max())
            assert difference <= TOLERANCE, f"probabilities differ by {difference}"
            close = np.ptp(np.partition(probabilities, -2)[-2:]) <= 2 * TOLERANCE
            assert close or single["label"][0] == batch["label"][row], "another label in a batch"
            self.result.largest_difference = max(self.result.largest_difference, difference)
