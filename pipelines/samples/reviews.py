"""Film-review sentences made by a small grammar: the sentiment pipeline's embedded sample.

Every sentence is a *frame* around one or two *clauses*, and every clause holds words that are good
or bad in themselves. A slot in braces is filled in the sentiment of its template, a slot with a
minus sign in the opposite one, so that each template serves both labels::

    frame    "{clause}, even if {-clause}."              the main clause decides
    clause   "there {is} {little} to {-verb} in {thing}" one negation turns the word round
    clause   "it {is} hard not to {verb} {thing}"        two negations cancel

    pos  It is hard not to love the cast, even if there is little to admire in the plot.
    neg  It is hard not to resent the cast, even if there is little to regret in the plot.

Counting words cannot solve it. Whether 'love' speaks for a film or against it depends on how many
negations stand over it, an exclusive or that no sum of word weights computes, and on whether its
clause is the one that counts, which only the order shows. Pairs of words see 'not clever', but
neither 'not really clever' nor which of two clauses carries the point. A reader who goes through
the sentence with a memory can.

A *construction* is a frame with its clauses, the words still open. Frames and clauses are the axes
of a table, and one diagonal in five is kept for the test: it asks for combinations that training
never shows, of parts that training does show, each of them in four fifths of its combinations.
"""

import random
import re
from itertools import product
from typing import Literal

Split = Literal["train", "test"]
Sentiment = Literal["neg", "pos"]
Construction = tuple[str, ...]  # a frame, then the clauses that stand in it

SIZES: dict[Split, int] = {"train": 8000, "test": 2000}

FRAMES = (
    # The frame leaves the clause as it is, some by negating twice.
    "{clause}{stop}",
    "honestly, {clause}.",
    "I have to say that {clause}.",
    "there is no doubt that {clause}.",
    "nobody can deny that {clause}.",
    # All parts agree.
    "{clause}{comma} and {clause}.",
    "{clause}, because {clause}.",
    "a {gradable} {film}: {clause}.",
    "a {degree} {gradable} {film}, because {clause}.",
    "what a {adjective} {film}! {clause}.",
    "not a {-gradable} {film}: {clause}.",
    "{gradable} and {gradable}: {clause}.",
    "I {verbed} {thing}: {clause}.",
    "{clause}, so I {verbed} {thing}.",
    "{thing} {is} {adjective}: {clause}.",
    "{clause}, so {thing} {is} {adjective}.",
    "{clause}: {plenty of} {noun} and a {degree} {gradable} {part}.",
    # The frame denies the clause.
    "I do not think that {-clause}.",
    "I don't believe that {-clause}.",
    "it is not true that {-clause}.",
    "I doubt that {-clause}.",
    "nobody could say that {-clause}.",
    # The parts disagree, and one of them counts.
    "{-clause}{comma} but {clause}.",
    "{-clause}, and yet {clause}.",
    "although {-clause}, {clause}.",
    "{clause}, although {-clause}.",
    "even if {-clause}, {clause}.",
    "{clause}, even if {-clause}.",
    "{-gradable} {part}, but {clause}.",
)

CLAUSES = (
    "{thing} {is} {degree} {gradable}",
    "{thing} {is} {gradable} and {gradable}",
    "I found {thing} so {gradable}",
    "{thing} {is}{not} {degree} {-gradable}",
    "{thing} {is} never {-adjective}",
    "{thing} {is} anything but {-adjective}",
    "{thing} {is} nothing if not {adjective}",
    "{thing} {is} far from {-adjective}",
    "nothing about {thing} {is} {-adjective}",
    "there {is} something {degree} {gradable} about {thing}",
    "there {is} nothing {-adjective} about {thing}",
    "this {is} a {degree} {gradable} {film}",
    "this {is} not a {-adjective} {film}",
    "this {is} the {best} {film} of the year",
    "there {is} {much} to {verb} in {thing}",
    "there {is} {little} to {-verb} in {thing}",
    "it {is} easy to {verb} {thing}",
    "it {is} hard to {-verb} {thing}",
    "it {is} hard not to {verb} {thing}",
    "I {will} {verb} {thing}",
    "I {will not} {-verb} {thing}",
    "nobody will {-verb} {thing}",
    "you will {verb} {thing}",
    "I {verbed} {thing}",
    "I never {-verbed} {thing}",
    "{thing} has {plenty of} {noun}",
    "{thing} {is} full of {noun}",
    "{thing} has no {-noun}",
    "{thing} lacks {-noun}",
    "{thing} never lacks {noun}",
    "{thing} {is} without {-noun}",
    "{thing} {is} not without {noun}",
    "there {is} no {-noun} in {thing}",
    "there {is} no shortage of {noun} in {thing}",
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GRADABLE: dict[Sentiment, tuple[str, ...]] = {
    "neg": _words(
        "bad poor weak dull boring slow clumsy tedious hollow predictable lazy stale shallow"
        " forgettable annoying confusing silly bland messy"
    ),
    "pos": _words(
        "good fine fun funny clever charming moving gripping beautiful fresh witty touching"
        " memorable convincing inspired subtle exciting entertaining"
    ),
}

POLAR: dict[str, dict[Sentiment, tuple[str, ...]]] = {
    "gradable": _GRADABLE,
    "adjective": {
        "neg": _GRADABLE["neg"] + _words("terrible awful horrible dreadful worthless"),
        "pos": _GRADABLE["pos"] + _words("great brilliant wonderful excellent superb amazing"),
    },
    "best": {"neg": _words("worst dullest weakest"), "pos": _words("best finest funniest")},
    "noun": {
        "neg": _words("clichés flaws mistakes nonsense padding tedium noise errors bombast"),
        "pos": _words("charm wit warmth grace humour suspense depth imagination energy beauty"),
    },
    "verb": {
        "neg": _words("dislike hate regret resent mock criticise despise condemn"),
        "pos": _words("like love enjoy admire praise applaud recommend treasure"),
    },
    "verbed": {
        "neg": _words("disliked hated regretted resented mocked criticised despised condemned"),
        "pos": _words("liked loved enjoyed admired praised applauded recommended treasured"),
    },
}

# A sentence takes no entry twice, unless it is listed twice.
NEUTRAL: dict[str, tuple[str, ...]] = {
    "thing": ("the {part}",) * 4 + ("the {part} of this {film}", "this {film}", "this {film}"),
    "part": _words(
        "cast plot score script acting pacing dialogue ending direction story photography"
        " editing soundtrack music opening finale"
    ),
    "degree": ("", "", *_words("very really truly rather particularly remarkably")),
    "much": ("much", "plenty", "a lot", "so much"),
    "little": ("little", "nothing", "hardly anything", "not much"),
    "plenty of": ("plenty of", "a lot of", "a great deal of", "real"),
    "will": ("will", "would", "can only"),
    "will not": ("do not", "don't", "will not", "would not"),
    "not": (" not", " not", "n't", "n't"),
    "comma": (",", ""),
    "stop": (".", ".", "!"),
}

# Chosen once a sentence, which is about one film and keeps its tense.
FIXED: dict[str, tuple[str, ...]] = {
    "film": _words(
        "film movie picture comedy drama thriller western musical romance documentary sequel remake"
    ),
    "is": ("is", "was"),
}

DEMO_SENTENCES: tuple[tuple[str, Sentiment], ...] = (
    ("There is nothing to like in this movie.", "neg"),
    ("The script is not without charm.", "pos"),
    ("Good cast, but the story is anything but clever.", "neg"),
    ("Although the pacing is slow, it is hard not to love this film.", "pos"),
    ("I do not think that the ending is very convincing.", "neg"),
    ("Nobody can deny that the music is beautiful.", "pos"),
)
"""What the demonstration asks the trained model; in neither split."""

_SLOT = re.compile(r"{(?P<minus>-?)(?P<name>[a-z ]+)}")
_OPPOSITE: dict[Sentiment, Sentiment] = {"neg": "pos", "pos": "neg"}


def constructions(split: Split) -> dict[str, list[Construction]]:
    """Returns the constructions of a split, by frame; none is in both splits."""
    found: dict[str, list[Construction]] = {frame: [] for frame in FRAMES}
    for row, frame in enumerate(FRAMES):
        for columns in product(range(len(CLAUSES)), repeat=frame.count("clause}")):
            if ((row + sum(columns)) % 5 == 0) == (split == "test"):
                found[frame].append((frame, *(CLAUSES[column] for column in columns)))
    return found


def reviews(split: Split, seed: int = 0) -> list[tuple[str, str]]:
    """Returns distinct sentences with their labels, as many of either, in random order.

    Args:
        split: ``train`` (8,000 sentences) or ``test`` (2,000, of other constructions).
        seed: of the choice of words; the splits stay apart whatever their seeds are.
    """
    rng = random.Random(f"{split} {seed}")
    by_frame = list(constructions(split).values())
    labels: dict[str, str] = dict(DEMO_SENTENCES)
    size = SIZES[split] + len(labels)
    while len(labels) < size:
        sentiment: Sentiment = "pos" if len(labels) % 2 else "neg"
        labels.setdefault(_sentence(rng.choice(rng.choice(by_frame)), sentiment, rng), sentiment)
    made = list(labels.items())[len(DEMO_SENTENCES) :]
    rng.shuffle(made)
    return made


def _sentence(construction: Construction, sentiment: Sentiment, rng: random.Random) -> str:
    """Fills a construction with words, so that it speaks for the film or against it."""
    frame, *clauses = construction
    fixed = {name: rng.choice(words) for name, words in FIXED.items()}
    unused: dict[tuple[str, Sentiment], list[str]] = {}

    def expand(template: str, sentiment: Sentiment) -> str:
        def fill(slot: re.Match[str]) -> str:
            inner = _OPPOSITE[sentiment] if slot["minus"] else sentiment
            return expand(choose(slot["name"], inner), inner)

        return _SLOT.sub(fill, template)

    def choose(name: str, sentiment: Sentiment) -> str:
        if name == "clause":
            return clauses.pop(0)
        if name in fixed:
            return fixed[name]
        key = name, sentiment
        if key not in unused:
            words = POLAR[name][sentiment] if name in POLAR else NEUTRAL[name]
            unused[key] = rng.sample(words, len(words))
        return unused[key].pop()

    return _spell(expand(frame, sentiment))


def _spell(text: str) -> str:
    """Single spaces, ``an`` before a vowel, a capital at the start of each sentence."""
    text = re.sub(" +", " ", text)
    text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    return re.sub(r"(?:^|(?<=! ))\w", lambda first: first[0].upper(), text)
