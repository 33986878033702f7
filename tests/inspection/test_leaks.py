"""Label leaks: associations against counts by hand, and planted leaks that must be found."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from toolkit.data.sources.source import Record
from toolkit.inspection.leaks import (
    Association,
    Features,
    LeakingColumn,
    leaking_columns,
    members,
)

WORDS = ["the", "film", "and", "its", "cast", "was", "in", "town", "a", "long", "slow", "plot"]


def features_of(texts: list[str], at_once: int = 7) -> Features:
    """Return the features of texts, cut at spaces and added some at a time."""
    features = Features()
    for start in range(0, len(texts), at_once):
        cut = [text.split() for text in texts[start : start + at_once]]
        units = sorted({word for words in cut for word in words})
        index = [units.index(word) for words in cut for word in words]
        lengths = np.array([len(words) for words in cut])
        features.add([unit.encode() for unit in units], np.array(index, np.int32), lengths)
    return features


def random_texts(count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(1, 9))) for _ in range(count)]


def found_in(
    texts: list[str], labels: np.ndarray, classes: list[str], most: int = 10
) -> dict[tuple[str, str], Association]:
    found = features_of(texts).associations(members(labels, classes), most)
    return {(association.feature, association.label): association for association in found}


def features(text: str) -> set[str]:
    words = text.split()
    return {*words, *(f"{one} {other}" for one, other in pairwise(words))}


def test_shares_and_information_as_counted_by_hand() -> None:
    random = np.random.default_rng(1)
    texts = random_texts(400)
    # The label depends on some words, with noise.
    labels = np.array([("slow" in t) + ("long plot" in t) for t in texts], np.int32)
    labels[random.random(400) < 0.2] = 1
    classes = ["a", "b", "c"]
    found = found_in(texts, labels, classes, most=1000)
    assert ("slow", "b") in found
    assert ("long plot", "c") in found
    for (feature, name), association in found.items():
        has = np.array([feature in features(text) for text in texts])
        of_label = labels == classes.index(name)
        assert association.texts == has.sum()
        assert association.label_share == pytest.approx(of_label[has].mean())
        assert association.within_share == pytest.approx(has[of_label].mean())
        assert association.elsewhere_share == pytest.approx(has[~of_label].mean())
        bits = mutual_info_score(has, of_label) / math.log(2)
        assert association.information == pytest.approx(bits)
        assert list(association.examples) == np.flatnonzero(has & of_label)[:3].tolist()
    order = [(association.decides, association.information) for association in found.values()]
    assert order == sorted(order, reverse=True)


def test_what_is_not_listed_is_chance_or_has_a_part_that_is_listed() -> None:
    texts = random_texts(400)
    labels = np.array(["slow" in text for text in texts], np.int32)
    found = found_in(texts, labels, ["no", "yes"], most=1000)
    listed = {feature for feature, _ in found}
    counts = Counter(feature for text in texts for feature in features(text))
    for feature, count in counts.items():
        has = np.array([feature in features(text) for text in texts])
        g_squared = 2 * len(texts) * mutual_info_score(has, labels)
        if count >= 5 and g_squared > 25.001 and feature not in listed:
            assert set(feature.split()) & listed
    assert found_in(texts, np.arange(400) % 2, ["no", "yes"]) == {}


def test_a_planted_word_decides() -> None:
    texts = random_texts(300)
    labels = np.arange(300, dtype=np.int32) % 2
    texts = [f"{t} acme {t}" if n % 2 and n < 60 else t for n, t in enumerate(texts)]
    found = found_in(texts, labels, ["neg", "pos"])
    leak = found["acme", "pos"]
    assert leak.decides
    assert (leak.label_share, leak.within_share, leak.elsewhere_share) == (1.0, 0.2, 0.0)
    assert leak.examples == (1, 3, 5)


def test_a_planted_pair_decides_where_its_words_do_not() -> None:
    texts = random_texts(300)
    labels = np.arange(300, dtype=np.int32) % 2
    texts = [f"{t} {'ten of' if n % 2 else 'of ten'}" for n, t in enumerate(texts)]
    found = found_in(texts, labels, ["neg", "pos"])
    assert list(found)[:2] == [("of ten", "neg"), ("ten of", "pos")]
    assert found["of ten", "neg"].decides
    assert found["ten of", "pos"].decides
    assert not {"of", "ten"} & {feature for feature, _ in found}


def test_a_word_of_nearly_all_texts_is_no_leak_where_nearly_all_have_one_label() -> None:
    texts = [f"{text} it" for text in random_texts(1000)]
    labels = (np.arange(1000) % 50 == 0).astype(np.int32)
    assert found_in(texts, labels, ["ham", "spam"]) == {}
    texts = [f"{t} pills" if label else t for t, label in zip(texts, labels, strict=True)]
    assert found_in(texts, labels, ["ham", "spam"])["pills", "spam"].decides


def test_what_decides_leaves_little_of_the_doubt() -> None:
    texts = random_texts(1000)
    labels = (np.arange(1000) % 10 == 0).astype(np.int32)  # 90 % ham
    greeted = (labels == 0) | (np.arange(1000) < 200)
    texts = [f"{t} hello" if g else t for t, g in zip(texts, greeted, strict=True)]
    hello = found_in(texts, labels, ["ham", "spam"])["hello", "ham"]
    assert hello.label_share == pytest.approx(900 / 920)
    assert not hello.decides  # the error falls from 10 % to 2.2 % only


def test_a_rare_word_is_no_leak() -> None:
    texts = random_texts(2000)
    labels = np.arange(2000, dtype=np.int32) % 2
    texts = [f"{t} acme" if n % 2 and n < 80 else t for n, t in enumerate(texts)]
    assert not found_in(texts, labels, ["neg", "pos"])["acme", "pos"].decides  # 4 % of pos


def test_several_labels_at_once() -> None:
    texts = random_texts(300)
    random = np.random.default_rng(3)
    labels = (random.random((300, 3)) < 0.4).astype(np.float32)
    texts = [f"{t} acme" if row[1] else t for t, row in zip(texts, labels, strict=True)]
    found = found_in(texts, labels, ["x", "y", "z"])
    assert [pair for pair, association in found.items() if association.decides] == [("acme", "y")]
    assert found["acme", "y"].label_share == 1.0


def test_numbers_are_four_labels() -> None:
    numbers = np.arange(400, dtype=np.float32) / 100
    texts = [f"{t} acme" if n >= 300 else t for n, t in enumerate(random_texts(400))]
    of = members(numbers, ())
    assert of.names == ["up to 0.9975", "0.9975 to 1.995", "1.995 to 2.9925", "above 2.9925"]
    assert np.bincount(of.labels).tolist() == [100, 100, 100, 100]
    (leak,) = (a for a in features_of(texts).associations(of, 10) if a.decides)
    assert (leak.feature, leak.label) == ("acme", "above 2.9925")
    assert members(np.ones(5, np.float32), ()).names == ["up to 1", "above 1"]


# Columns


def tell(labels: list[int], **columns: list[object]) -> dict[str, LeakingColumn]:
    rows = zip(*columns.values(), strict=True)
    records = [
        Record(row, dict(zip(columns, values, strict=True)), f"row {row}")
        for row, values in enumerate(rows, 1)
    ]
    by_row = dict(enumerate(labels, 1))
    return {found.column: found for found in leaking_columns(records, list(columns), by_row)}


def test_columns_that_tell_the_label_by_value_range_or_part() -> None:
    random = np.random.default_rng(4)
    labels = (np.arange(200) % 2).tolist()
    found = tell(
        labels,
        stars=[random.integers(4, 6) if label else random.integers(1, 3) for label in labels],
        score=[f"{(label + random.random()) / 2:.6f}" for label in labels],
        path=[f"train/{['neg', 'pos'][label]}/{n}" for n, label in enumerate(labels)],
        number=list(range(200)),
        nothing=[None] * 200,
        noise=[int(n) for n in random.integers(0, 3, 200)],
    )
    assert {name: column.part for name, column in found.items() if column.decides} == {
        "stars": "value",
        "score": "range",
        "path": "part 2",
    }
    assert found["stars"].right_share == 1.0
    assert found["score"].right_share > 0.95
    assert all(column.guessing_share == 0.5 for column in found.values())
    assert found["number"].right_share < 0.65  # values that occur once predict nothing


def test_shares_told_as_counted_by_hand() -> None:
    random = np.random.default_rng(5)
    labels = random.integers(0, 3, 80).tolist()
    values = [f"v{n}" for n in random.integers(0, 30, 80)]
    guess = Counter(labels).most_common(1)[0][0]
    right = 0
    for row, (value, label) in enumerate(zip(values, labels, strict=True)):
        others = Counter(labels[n] for n, other in enumerate(values) if other == value and n != row)
        best = [name for name, n in others.items() if n == max(others.values())]
        right += label == guess if not others else best == [label]
    found = tell(labels, kind=values)["kind"]
    guessing = labels.count(guess) / 80
    assert found.right_share == pytest.approx(max(right / 80, guessing))
    assert found.guessing_share == pytest.approx(guessing)


def test_rows_that_were_not_looked_at_do_not_count() -> None:
    records = [Record(n, {"kind": n % 2}, f"row {n}") for n in range(1, 101)]
    (found,) = leaking_columns(records, ["kind"], {n: n % 2 for n in range(1, 41)})
    assert found.decides
    assert leaking_columns(records, [], {1: 0}) == []
