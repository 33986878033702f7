"""Checks of exported taggers, translators and language models on random strings."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.robustness.random_strings import Result, find_defects, text
from toolkit.export import Servable
from toolkit.text import utf8

#: The number of texts in one call.
BATCH = 32
#: The answer in a batch is compared with that to the text by itself for one text in 16.
SINGLE_EVERY = 16
#: The largest difference between the numbers of both, relative to those above 1.
TOLERANCE = 1e-4
#: The length in characters to which strings are cut; ``long_texts`` has longer ones.
LONGEST = 10_000
#: The number of tokens that a language model generates for each text.
GENERATED = 20

Outputs = Mapping[str, Any]


class Question(NamedTuple):
    """A way to ask a model about texts.

    Attributes:
        ask: Maps texts to the outputs of a signature, the batch first.
        check: Checks the outputs for one text, and returns the number of tokens or entities.
    """

    ask: Callable[[Sequence[str]], Outputs]
    check: Callable[[str, Outputs], int]


class ModelChecks:
    """Checks of an exported tagger, translator or language model on strings.

    Args:
        run: The run's folder.

    Attributes:
        result: The results so far.
    """

    def __init__(self, run: Path) -> None:
        self.result = Result()
        self._questions = questions(Servable.load(run))

    def check(self, seed: int, numbers: range) -> None:
        """Check strings by their numbers, and add to the result."""
        texts = {text(seed, n)[:LONGEST]: n for n in numbers}  # without duplicates
        numbered = sorted(((n, text) for text, n in texts.items()), key=lambda item: len(item[1]))
        for start in range(0, len(numbered), BATCH):
            for question in self._questions:
                find_defects(
                    numbered[start : start + BATCH],
                    partial(self._check, question),
                    self.result.defects,
                )
        self.result.strings += len(numbers)
        self.result.code_points += sum(map(len, texts))

    def _check(self, question: Question, texts: Sequence[str]) -> None:
        """Check the answers to a batch, and compare some with those to a text by itself."""
        start = time.perf_counter()
        batch = question.ask(texts)
        self.result.slowest = max(self.result.slowest, time.perf_counter() - start)
        for row, each in enumerate(texts):
            answer = {name: value[row] for name, value in batch.items()}
            self.result.tokens += question.check(each, answer)
            if row % SINGLE_EVERY == 0:
                alone = {name: value[0] for name, value in question.ask([each]).items()}
                self._compare(answer, alone)

    def _compare(self, answer: Outputs, alone: Outputs) -> None:
        for name, value in alone.items():
            one, other = np.asarray(value), np.asarray(answer[name])
            if one.ndim:  # there may be more padding in a batch
                other = other[: len(one)]
            if one.dtype.kind in "fc":
                difference = np.abs(one - other) / np.maximum(np.abs(one), 1)
                largest = float(difference.max(initial=0))
                assert largest <= TOLERANCE, f"{name} differs by {largest} in a batch"
                self.result.largest_difference = max(self.result.largest_difference, largest)
            else:
                assert np.array_equal(one, other), f"{name} is {other} in a batch, {one} alone"


def questions(servable: Servable) -> list[Question]:
    """Return the questions for a model, which its signatures tell apart."""
    if "tag_tokens" in servable.signatures:
        return [Question(lambda texts: servable(text=texts), check_entities)]
    if "beam" in servable.signatures:
        return [
            Question(lambda texts: servable(text=texts), check_translation),
            Question(lambda texts: servable(signature="beam", text=texts, beam_size=3), check_beam),
        ]
    options = {
        "max_length": GENERATED,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "repetition_penalty": 1.0,
        "seed": [0, 0],
    }
    return [
        Question(lambda texts: servable(signature="score", text=texts), check_score),
        Question(
            lambda texts: servable(signature="generate", prompt=texts, **options), check_generated
        ),
    ]


def check_entities(text: str, answer: Outputs) -> int:
    """Check the entities of a text, and return their number."""
    count = int(answer["entity_count"])
    spans = list(zip(answer["entity_start"][:count], answer["entity_end"][:count], strict=True))
    for start, end in spans:
        assert 0 <= start < end <= len(text), f"an entity from {start} to {end}"
        found = text[start:end]
        assert found.strip(), f"an entity without content, {found!r}"
    assert all(one[1] <= other[0] for one, other in pairwise(spans)), "overlapping entities"
    scores = answer["entity_score"][:count]
    assert ((scores >= 0) & (scores <= 1 + 1e-6)).all(), f"scores {scores}"
    assert all(answer["entity_label"][:count]), "an entity without a label"
    return count


def check_translation(text: str, answer: Outputs) -> int:
    """Check a translation, and return the number of its words."""
    translation = answer["translation"]
    assert np.isfinite(answer["score"]), f"a score of {answer['score']}"
    assert answer["score"] <= 1e-6, f"a score of {answer['score']}"
    assert text.strip() or not translation, "a translation of an empty text"
    translation.encode()  # it is UTF-8
    return len(translation.split())


def check_beam(text: str, answer: Outputs) -> int:
    """Check the hypotheses for a text, and return the number of their words."""
    scores = answer["scores"]
    assert np.isfinite(scores).all(), f"scores {scores}"
    assert (np.diff(scores) <= 1e-6).all(), f"scores {scores} are not sorted"
    assert text.strip() or not any(answer["translations"]), "a translation of an empty text"
    return sum(len(each.split()) for each in answer["translations"])


def check_score(text: str, answer: Outputs) -> int:
    """Check the negative log probability of a text, and return the number of its tokens."""
    nll, units = float(answer["nll"]), int(answer["units"])
    assert np.isfinite(nll), f"nll is {nll}"
    assert nll >= 0, f"nll is {nll}"
    assert units or not nll, "an empty text with a probability below 1"
    return units


def check_generated(text: str, answer: Outputs) -> int:
    """Check a generated text, and return the number of its characters after the prompt."""
    prompt = utf8(text).decode()
    assert answer["text"].startswith(prompt), "the text does not begin with its prompt"
    return len(answer["text"]) - len(prompt)
