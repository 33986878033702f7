"""The generated samples for named entities: what they hold, and what it takes to solve them."""

import os
import re
import subprocess
import sys
import unicodedata
import zlib
from collections import Counter
from itertools import pairwise

import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier

from pipelines.samples import people as grammar
from pipelines.samples import teddies as ambiguous
from pipelines.samples.marked import AnnotatedText, read_marked
from pipelines.samples.names import names
from pipelines.samples.people import people
from pipelines.samples.reviews import Split
from pipelines.samples.teddies import GROUPS, NAMED, teddies
from toolkit.text import Tokenizer

PEOPLE: dict[Split, list[AnnotatedText]] = {"train": people("train"), "test": people("test")}
TEDDIES: dict[Split, list[AnnotatedText]] = {"train": teddies("train"), "test": teddies("test")}
ALL = [*PEOPLE["train"], *PEOPLE["test"], *TEDDIES["train"], *TEDDIES["test"]]
DEMOS = [*grammar.DEMO, *ambiguous.DEMO]


def mentions(texts: list[AnnotatedText]) -> list[tuple[str, str]]:
    """Names and labels of all entities."""
    return [
        (read["text"][entity["start"] : entity["end"]], entity["label"])
        for read in texts
        for entity in read["entities"]
    ]


# Marked texts.


def test_marks_become_spans() -> None:
    assert read_marked("Ms <PER Keller> lives in <LOC Bonn>.") == {
        "text": "Ms Keller lives in Bonn.",
        "entities": [
            {"start": 3, "end": 9, "label": "PER"},
            {"start": 19, "end": 23, "label": "LOC"},
        ],
    }
    assert read_marked("Nothing.") == {"text": "Nothing.", "entities": []}


def test_spans_hold_where_capitals_are_longer() -> None:
    assert read_marked("Groß: <PER Weiß><ORG Voß AG>", str.upper) == {
        "text": "GROSS: WEISSVOSS AG",
        "entities": [
            {"start": 7, "end": 12, "label": "PER"},
            {"start": 12, "end": 19, "label": "ORG"},
        ],
    }


# Both samples.


def test_sizes() -> None:
    assert {split: len(texts) for split, texts in PEOPLE.items()} == grammar.SIZES
    assert {split: len(texts) for split, texts in TEDDIES.items()} == ambiguous.SIZES


def test_texts_are_distinct_and_none_is_in_both_parts() -> None:
    texts = [read["text"] for read in ALL + DEMOS]
    assert len(set(texts)) == len(texts)


def test_the_same_in_every_process() -> None:
    asked = (
        "import zlib; from pipelines.samples import people as p, teddies as t;"
        "print(*(zlib.crc32(repr(f(s)).encode()) for f in (p.people, t.teddies)"
        " for s in ('train', 'test')))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    answer = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, check=True, text=True
    )
    here = [*PEOPLE.values(), *TEDDIES.values()]
    assert answer.stdout.split() == [str(zlib.crc32(repr(texts).encode())) for texts in here]


def test_spans_are_names_in_order() -> None:
    for read in ALL + DEMOS:
        borders = [border for e in read["entities"] for border in (e["start"], e["end"])]
        assert borders == sorted(borders), read
        assert all(0 <= e["start"] < e["end"] <= len(read["text"]) for e in read["entities"]), read
        assert not re.search(r"[<>{}^]|  ", read["text"]), read
    for name, label in mentions(ALL + DEMOS):
        assert re.fullmatch(r"\w.*[\w.]", name), name
        assert label in ("PER", "LOC", "ORG")


def test_names_begin_and_end_where_tokens_do() -> None:
    pieces = Tokenizer("words").split([read["text"] for read in ALL + DEMOS])
    for read, starts, ends in zip(
        ALL + DEMOS, pieces.starts.to_list(), pieces.ends.to_list(), strict=True
    ):
        assert {entity["start"] for entity in read["entities"]} <= set(starts), read
        assert {entity["end"] for entity in read["entities"]} <= set(ends), read


# People, places, organisations.


def plain(word: str) -> str:
    """A word without case and accents."""
    return re.sub(r"\W", "", unicodedata.normalize("NFKD", word.casefold()))


def capitalised(texts: list[str]) -> set[str]:
    return {
        plain(word)
        for text in texts
        for word in re.findall(r"[^\W\d_]{2,}", text)
        if word[0].isupper()
    }


def test_no_word_of_a_name_of_the_test_is_in_a_name_of_training() -> None:
    words = {}
    # Particles of surnames are in both parts, and have capitals at the beginning of a sentence.
    particles = {"van", "de", "del", "da", "di"}
    for split, texts in PEOPLE.items():
        mixed = [read for read in texts if not (read["text"].isupper() or read["text"].islower())]
        words[split] = capitalised([name for name, _ in mentions(mixed)])
        assert len(words[split]) > 1000
    assert words["train"] & words["test"] <= grammar.SHARED | particles
    assert len(grammar.SHARED) < 50


def test_nor_in_one_that_training_may_draw() -> None:
    words = [
        capitalised(
            [name for pool in names(split, frozenset(), frozenset()).values() for name in pool]
        )
        for split in ("train", "test")
    ]
    assert words[0].isdisjoint(words[1])


def test_names_of_common_words_alone_are_left_out_and_reserved_ones_kept_from_training() -> None:
    train = names("train", {"new"}, {"york", "muller"})
    test = names("test", {"new"}, {"york", "muller"})
    assert "Müller" not in train["family"]
    assert "Müller" in test["family"]
    for pools in train, test:
        assert any(name.startswith("New ") for name in pools["town"])
        assert all(len(pool) > 40 for pool in pools.values()), pools
    assert (
        "Müller" in names("train", set(), set())["family"] + names("test", set(), set())["family"]
    )


def test_training_knows_no_name_that_the_demonstration_asks_for() -> None:
    asked = capitalised([name for name, _ in mentions(list(grammar.DEMO))]) - grammar.SHARED
    assert {"harry", "potter", "hermione", "granger", "artagnan", "bronte"} <= asked
    known = {
        plain(word)
        for name, _ in mentions(PEOPLE["train"])
        for word in re.findall(r"[^\W\d_]+", name)
    }
    assert known.isdisjoint(asked)
    assert grammar.DEMO[0]["text"] == "Yesterday, Harry Potter met Hermione Granger."
    assert ("^{when}, {clause}.", "{per} met {per}") in grammar.constructions("test")[
        "^{when}, {clause}."
    ]


def test_the_demonstrations_have_the_hard_offsets() -> None:
    texts = " ".join(read["text"] for read in grammar.DEMO)
    for character in "\U0001f3fd\u200d\u0301Пش":
        assert character in texts
    assert mentions(list(grammar.DEMO[2:3])) == [("J. Copperfield", "PER"), ("Middlemarch", "LOC")]
    assert [len(read["entities"]) for read in grammar.DEMO][-1] == 0


def test_parts_share_no_construction_and_training_shows_every_clause() -> None:
    train, test = (
        {made for found in grammar.constructions(split).values() for made in found}
        for split in ("train", "test")
    )
    assert train.isdisjoint(test)
    for part in train, test:
        assert {clause for _, *clauses in part for clause in clauses} == set(grammar.CLAUSES)
    frames = {frame for frame, *_ in train}
    unseen = {frame for frame, *_ in test} - frames
    assert frames | unseen == set(grammar.FRAMES)
    assert unseen
    assert not any("{clause}" in frame for frame in unseen)


def test_reads_as_written_english() -> None:
    for read in PEOPLE["train"] + PEOPLE["test"]:
        text = read["text"]
        assert not re.search(r" [,;:?!]|\.\.", text), text
        around = re.sub("<[^>]*>", "", marked(read))
        assert not re.search(r"\ba [aeio]|\ban [^aeiouh]", around), text
        assert text.islower() or not text[0].islower(), text


@pytest.mark.parametrize("split", ["train", "test"])
def test_how_many_entities_there_are(split: Split) -> None:
    texts = PEOPLE[split]
    labels = Counter(label for _, label in mentions(texts))
    assert labels.total() > 1.5 * len(texts)
    assert min(labels.values()) > 0.2 * labels.total()
    sizes = Counter(min(len(read["entities"]), 4) for read in texts)
    assert all(sizes[size] > 0.05 * len(texts) for size in range(4))
    assert sizes[4] > 0


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(
    "pattern",
    [
        r"^<PER [A-Z]\. [^ >]+>",  # initials
        r"<PER [A-Z]\.[A-Z]\. [^ >]+>",
        r"<LOC [A-Z]\.[A-Z]\.>",
        r"<ORG [A-Z]\.[A-Z]\.[A-Z]\.>",
        r"<ORG [A-Z]{2,4}>",
        r"<PER [^>]*\w-\w[^>]*>",  # hyphens and apostrophes
        r"<PER [^>]*O'[A-Z][^>]*>",
        r"<PER [^>]*d'[A-Z][^>]*>",
        r"<PER [^>]*(?i:\bvan |\bde )[^>]*>",
        r">'s ",
        r"<ORG [^>]*, [^>]* and (Sons|\w+)>",  # inside a name, and between names
        r"<PER [^>]*>, <PER [^>]*> and <PER",
        r"<LOC [^>]+> <PER ",  # nothing between two names
        r"<PER [^>]+> <PER ",
        r">[,.;:?!)]",
        r"[(\"]<",
        r"^[^a-z]{20,}$",  # headlines
        r"^[^A-Z]{20,}$",
        r"\b(Mr|Prime Minister) <PER",  # capitals that are no names
        r"[a-z] (Monday|January|German|President|GDP|Internet|Christmas)\b",
        r"^[A-Z][a-z]+ (prices|exports) ",
        r"[À-ž]",
    ],
)
def test_what_stands_in_it(split: Split, pattern: str) -> None:
    found = sum(bool(re.search(pattern, marked(read))) for read in PEOPLE[split])
    assert found >= 2


def marked(read: AnnotatedText) -> str:
    """The text with its entities marked; what ``read_marked`` reads, but for headlines."""
    text = read["text"]
    for entity in reversed(read["entities"]):
        start, end = entity["start"], entity["end"]
        text = f"{text[:start]}<{entity['label']} {text[start:end]}>{text[end:]}"
    return text


def test_a_surname_may_be_anything() -> None:
    labels: dict[str, set[str]] = {}
    for name, label in mentions(PEOPLE["train"]):
        labels.setdefault(name, set()).add(label)
    assert sum(found == {"PER", "LOC", "ORG"} for found in labels.values()) >= 10
    assert sum(len(found) > 1 for found in labels.values()) >= 200


# What it takes to tag people, places and organisations.

Sentence = tuple[list[str], list[str]]  # tokens, their tags


def tagged(texts: list[AnnotatedText]) -> list[Sentence]:
    pieces = Tokenizer("words").split([read["text"] for read in texts])
    made = []
    for read, starts, ends in zip(
        texts, pieces.starts.to_list(), pieces.ends.to_list(), strict=True
    ):
        tags = ["O"] * len(starts)
        for entity in read["entities"]:
            first, last = starts.index(entity["start"]), ends.index(entity["end"])
            tags[first : last + 1] = ["I-" + entity["label"]] * (last + 1 - first)
            tags[first] = "B-" + entity["label"]
        tokens = [read["text"][start:end] for start, end in zip(starts, ends, strict=True)]
        made.append((tokens, tags))
    return made


def entity_f1(sentences: list[Sentence], predicted: list[str]) -> float:
    def found(tags: list[str]) -> set[tuple[int, int, str]]:
        """Entities in a row of tags; an inside tag that continues nothing begins one."""
        begins = [
            place
            for place, (before, tag) in enumerate(pairwise(["O", *tags]))
            if tag[0] == "B" or (tag[0] == "I" and tag[2:] != before[2:])
        ]
        spans = set()
        for begin in begins:
            end = begin + 1
            while end < len(tags) and tags[end] == "I-" + tags[begin][2:]:
                end += 1
            spans.add((begin, end, tags[begin][2:]))
        return spans

    # A sentence's border ends an entity.
    right, given = [], []
    answers = iter(predicted)
    for _, tags in sentences:
        right += [*tags, "O"]
        given += [*(next(answers) for _ in tags), "O"]
    gold, answer = found(right), found(given)
    return 2 * len(gold & answer) / (len(gold) + len(answer))


TRAIN, TEST = tagged(PEOPLE["train"]), tagged(PEOPLE["test"])


def test_entity_f1() -> None:
    sentences = [(list("abcd"), ["B-PER", "I-PER", "B-PER", "O"]), (list("e"), ["B-LOC"])]
    assert entity_f1(sentences, ["B-PER", "I-PER", "B-PER", "O", "B-LOC"]) == 1
    assert entity_f1(sentences, ["I-PER", "I-PER", "B-PER", "O", "I-ORG"]) == pytest.approx(2 / 3)
    assert entity_f1(sentences, ["O"] * 5) == 0


def test_looking_words_up_does_not_solve_it() -> None:
    """Neither the tag that a word had most often nor, for a new word, that of its kind."""
    seen: dict[str, Counter[str]] = {}
    for tokens, tags in TRAIN:
        for token, tag in zip(tokens, tags, strict=True):
            seen.setdefault(token, Counter())[tag] += 1
    once = Counter[tuple[bool, str]]()
    for token, counts in seen.items():
        if counts.total() == 1:
            once[token[0].isupper(), *counts] += 1
    capital = max((tag for _, tag in once), key=lambda tag: once[True, tag])
    for new in "O", capital:
        answers = [
            seen[token].most_common(1)[0][0]
            if token in seen
            else new
            if token[0].isupper()
            else "O"
            for tokens, _ in TEST
            for token in tokens
        ]
        assert entity_f1(TEST, answers) < 0.3


def features(tokens: list[str], place: int, window: int) -> list[str]:
    """What stands at some places around a token: its form, its beginning, middle and end."""
    found = []
    for offset in range(-window, window + 1):
        inside = 0 <= place + offset < len(tokens)
        token = tokens[place + offset] if inside else ""
        shape = (token[:1].isupper(), token.isupper(), token.isalpha(), token.isdigit())
        found += [f"{offset} {token.lower()}", f"{offset} {shape}"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("window", "low", "high"), [(0, 0.05, 0.35), (2, 0.75, 1)])
def test_what_solves_it_is_the_words_around(window: int, low: float, high: float) -> None:
    vectorizer = CountVectorizer(analyzer=lambda tokens_and_place: features(*tokens_and_place))

    def rows(sentences: list[Sentence]) -> list[tuple[list[str], int, int]]:
        return [(tokens, place, window) for tokens, _ in sentences for place in range(len(tokens))]

    model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=8, tol=None, random_state=0)
    model.fit(vectorizer.fit_transform(rows(TRAIN)), [tag for _, tags in TRAIN for tag in tags])
    score = entity_f1(TEST, list(model.predict(vectorizer.transform(rows(TEST)))))
    assert low <= score <= high


# Teddies.

WORDS = {word: group for group in GROUPS for word in group.words}
FIRST_WORD = re.compile(rf"(?i)\b({'|'.join(WORDS)})\b")


def cut(read: AnnotatedText) -> tuple[str, str, str]:
    """A text's beginning, its ambiguous word, and the rest."""
    found = FIRST_WORD.search(read["text"])
    assert found, read
    return read["text"][: found.start()], found[0], read["text"][found.end() :]


def is_name(texts: list[AnnotatedText]) -> list[bool]:
    return [bool(read["entities"]) for read in texts]


def test_the_name_is_one_word_with_one_label() -> None:
    for read in TEDDIES["train"] + TEDDIES["test"]:
        before, word, _ = cut(read)
        label = WORDS[word.title()].label
        expected = [{"start": len(before), "end": len(before + word), "label": label}]
        assert read["entities"] in ([], expected), read


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_beginning_leaves_it_open(split: Split) -> None:
    counts: dict[tuple[str, str], Counter[bool]] = {}
    for read, name in zip(TEDDIES[split], is_name(TEDDIES[split]), strict=True):
        before, word, _ = cut(read)
        counts.setdefault((before, word), Counter())[name] += 1
    assert all(found[True] == found[False] for found in counts.values())
    words = Counter(word.title() for _, word in counts for _ in range(counts[_, word][True]))
    assert words.keys() == WORDS.keys()
    assert max(words.values()) - min(words.values()) <= 1
    openings = Counter(before.lower() for before, _ in counts)
    assert len(openings) >= 10


def accuracy(side: int) -> float:
    """How often the words of one side tell, by a regression on words and pairs of words."""
    vectorizer = CountVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]")
    sides = {
        split: [" ".join(cut(read)[:2]) if side == 0 else cut(read)[2] for read in texts]
        for split, texts in TEDDIES.items()
    }
    model = LogisticRegression(max_iter=1000)
    model.fit(vectorizer.fit_transform(sides["train"]), is_name(TEDDIES["train"]))
    return model.score(vectorizer.transform(sides["test"]), is_name(TEDDIES["test"]))


def test_the_words_before_do_not_tell_and_those_after_do() -> None:
    assert accuracy(0) == pytest.approx(0.5, abs=0.03)
    assert accuracy(2) >= 0.95


def test_the_next_word_is_not_enough() -> None:
    """A regression has nothing to learn from an aside, which comes with either."""
    after: dict[str, Counter[bool]] = {}
    for read, name in zip(TEDDIES["train"], is_name(TEDDIES["train"]), strict=True):
        following = re.match(r"\W*\w+", cut(read)[2].lower())
        assert following
        after.setdefault(following[0], Counter())[name] += 1
    total = sum(found.total() for found in after.values())
    assert sum(max(found.values()) for found in after.values()) / total < 0.85


def test_parts_share_no_construction() -> None:
    train, test = (
        {(before.lower(), rest.lower()) for before, _, rest in map(cut, TEDDIES[split])}
        for split in ("train", "test")
    )
    assert train.isdisjoint(test)


def test_training_shows_every_continuation() -> None:
    texts = {cut(read)[2].lower() for read in TEDDIES["train"]}
    ways = [way for ways in NAMED.values() for way in ways]
    ways += [way for group in GROUPS for way in group.things]
    for way in ways:
        parts = [re.escape(part.lower()) for part in way.split("{aside}")]
        assert any(re.search("^" + "( .*|,.*)?".join(parts), text) for text in texts), way
    assert all(len(ways) >= 5 for ways in [*NAMED.values(), *(group.things for group in GROUPS)])
