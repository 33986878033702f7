"""Properties of the generated sentences of long-distance agreement."""

import random
from collections import Counter

import pytest

from benchmarks.quality.agreement_sentences import IDS, NOUNS, SUBJECT, VERBS, pair, sentences

DISTANCES = [2, 3, 4, 5, 10, 50, 100]


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_verb_stands_at_the_distance(distance):
    for sentence in sentences(distance, 50, "train"):
        number = VERBS.index(sentence.verb)
        assert sentence.words[SUBJECT] in [forms[number] for forms in NOUNS]
        assert len(sentence.words) == SUBJECT + distance
        assert {*sentence.words} <= IDS.keys()


@pytest.mark.parametrize("distance", DISTANCES)
def test_nothing_but_the_subject_tells_the_verb(distance):
    rng = random.Random(0)
    for _ in range(50):
        singular, plural = pair(distance, "train", rng)
        differing = [
            place
            for place, words in enumerate(zip(singular.words, plural.words, strict=True))
            if len({*words}) == 2
        ]
        assert differing == [SUBJECT]
        assert (singular.verb, plural.verb) == VERBS


def test_no_subject_of_the_test_is_trained_on():
    of_part = {
        part: {s.words[: SUBJECT + 1] for d in DISTANCES for s in sentences(d, 300, part, seed)}
        for part, seed in (("train", 1), ("test", 0))
    }
    assert of_part["train"].isdisjoint(of_part["test"])
    assert len(of_part["test"]) == 96  # a fifth of 12 adjectives times 40 noun forms


def test_all_words_are_trained_on():
    seen = Counter(word for s in sentences(100, 400, "train") for word in s.words)
    assert seen.keys() == IDS.keys()


def test_test_sentences_are_distinct_and_the_same_each_time():
    for distance in (2, 50):
        made = sentences(distance, 400, "test")
        assert len({*made}) == 800
        assert made == sentences(distance, 400, "test")


def test_pairs_of_both_numbers_stand_between():
    between = {word for s in sentences(100, 50, "test") for word in s.words[SUBJECT + 1 :]}
    assert {form for forms in NOUNS for form in forms} <= between
