"""The generated film reviews: two splits of other constructions, and nothing in it for counters."""

import re
from collections import Counter
from functools import cache

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from pipelines.samples.reviews import (
    CLAUSES,
    DEMO_SENTENCES,
    FIXED,
    FRAMES,
    NEUTRAL,
    POLAR,
    SIZES,
    constructions,
    reviews,
)

TRAIN = reviews("train")
TEST = reviews("test")


@cache
def mask(text: str) -> str:
    """Replaces what the grammar chooses freely: X for a thing, GOOD and BAD for what is such."""
    for name, words in {
        "GOOD": [word for sides in POLAR.values() for word in sides["pos"]],
        "BAD": [word for sides in POLAR.values() for word in sides["neg"]],
        "PART": NEUTRAL["part"],
        "FILM": FIXED["film"],
        "": NEUTRAL["degree"][2:],
    }.items():
        text = re.sub(rf"(?i)\b({'|'.join(words)})\b", name, text)
    text = re.sub("(?i)the PART of this FILM|the PART|this FILM", "X", text)
    text = re.sub(r"\ban\b", "a", text.replace("n't", " not").replace("was", "is"))
    return re.sub(" +", " ", re.sub("[.,:!]", "", text)).lower()


def test_sizes_and_balance() -> None:
    for split, made in ("train", TRAIN), ("test", TEST):
        assert len(made) == SIZES[split]
        assert Counter(label for _, label in made) == {
            "neg": SIZES[split] // 2,
            "pos": SIZES[split] // 2,
        }


def test_the_seed_decides_everything() -> None:
    assert reviews("train") == TRAIN
    assert reviews("test", seed=0) == TEST
    assert len(set(reviews("test", seed=1)) & set(TEST)) < 0.1 * len(TEST)


def test_sentences_are_distinct_and_none_is_shared() -> None:
    texts = [text for text, _ in TRAIN + TEST + list(DEMO_SENTENCES)]
    assert len(set(texts)) == len(texts)


def test_splits_share_no_construction_whatever_the_seed() -> None:
    train, test = ({c for found in constructions(s).values() for c in found} for s in SIZES)
    assert train.isdisjoint(test)
    # The same, seen from the sentences: not even intensifiers or punctuation tell two apart.
    masked_train = {mask(text) for text, _ in TRAIN + reviews("train", seed=1)}
    masked_test = {mask(text) for text, _ in TEST + reviews("test", seed=2)}
    assert masked_train & masked_test == set()


def test_training_shows_every_part_of_the_test() -> None:
    for split in SIZES:
        for frame, found in constructions(split).items():
            assert found, frame
    for place in range(1, 3):
        seen = {(c[0], c[place]) for f in constructions("train").values() for c in f if c[place:]}
        parts = {clause for _, clause in seen}
        assert parts == set(CLAUSES)
    frames = {construction[0] for f in constructions("train").values() for construction in f}
    assert frames == set(FRAMES)
    words = {word for text, _ in TEST for word in re.findall(r"[\w']+", text.lower())}
    assert words <= {word for text, _ in TRAIN for word in re.findall(r"[\w']+", text.lower())}


def test_reads_as_written_english() -> None:
    for text, _ in TRAIN + TEST:
        assert re.fullmatch(r"[A-Z][\w' ,:é]+(! [A-Z][\w' ,:é]+)?[.!]", text), text
        assert not re.search(r"  | [,:]|\ba [aeiou]|\ban [^aeiou]", text), text


# Labelled by hand: what a clause says of the film, then what each frame makes of its clauses.
MEANS = {
    "x is good": "pos",
    "x is bad": "neg",
    "x is not good": "neg",
    "x is not bad": "pos",
    "x is never good": "neg",
    "x is anything but bad": "pos",
    "x is nothing if not bad": "neg",
    "nothing about x is good": "neg",
    "there is nothing to bad in x": "pos",
    "there is nothing to good in x": "neg",
    "it is hard not to good x": "pos",
    "it is hard to good x": "neg",
    "nobody will bad x": "pos",
    "x is not without good": "pos",
    "x is without good": "neg",
    "there is no shortage of bad in x": "neg",
}
CLAUSE = "|".join(MEANS)


@pytest.mark.parametrize(
    "pattern",
    [
        "{same}",
        "honestly {same}",
        "there is no doubt that {same}",
        "nobody can deny that {same}",
        "i do not think that {other}",
        "it is not true that {other}",
        "nobody could say that {other}",
        "{other} but {same}",
        "although {other} {same}",
        "{same} even if {other}",
        "good part but {same}",
    ],
)
def test_labels_are_what_the_sentences_say(pattern: str) -> None:
    pattern = pattern.format(same=f"(?P<same>{CLAUSE})", other=f"(?P<other>{CLAUSE})")
    checked = 0
    for text, label in TRAIN + TEST:
        if match := re.fullmatch(pattern, mask(text)):
            for which, clause in match.groupdict().items():
                assert (MEANS[clause] == label) == (which == "same"), text
            checked += 1
    assert checked >= 10


def test_demo_sentences_are_of_both_kinds_and_in_the_vocabulary() -> None:
    assert DEMO_SENTENCES[0] == ("There is nothing to like in this movie.", "neg")
    assert {label for _, label in DEMO_SENTENCES} == {"neg", "pos"}
    known = {word for text, _ in TRAIN for word in re.findall(r"[\w']+", text.lower())}
    for text, _ in DEMO_SENTENCES:
        assert known.issuperset(re.findall(r"[\w']+", text.lower()))


@pytest.mark.parametrize(
    ("ngrams", "at_most"), [((1, 1), 0.75), ((1, 2), 0.85), ((2, 2), 0.85)], ids=str
)
def test_counting_does_not_solve_it(ngrams: tuple[int, int], at_most: float) -> None:
    vectorizer = CountVectorizer(ngram_range=ngrams)
    features = vectorizer.fit_transform([text for text, _ in TRAIN])
    model = LogisticRegression(max_iter=1000).fit(features, [label for _, label in TRAIN])
    accuracy = model.score(
        vectorizer.transform([text for text, _ in TEST]), [label for _, label in TEST]
    )
    # No better than allowed, and no worse than guessing: the test is new, not contrary.
    assert 0.5 <= accuracy <= at_most
