"""Sentences whose first word is a name or not, which only the words after it decide.

'Teddy was a great president' and 'Teddy bears are on sale' begin alike. Every beginning, up to and
with the ambiguous word, occurs equally often with a name and without, so a network that reads only
forwards must guess. The words that decide follow at once, or after an aside::

    opening       "We met a friend. {sentence}"
    aside         ", they say,"
    continuation  "{aside} is good at chess."

    We met a friend. <PER Ginger>, they say, is good at chess.
    We met a friend. Ginger, they say, is good for the stomach.

An opening, an aside and a continuation form a *construction*. They are the axes of a table, and
every fifth diagonal is for the test.
"""

import random
from itertools import cycle
from typing import NamedTuple

from pipelines.samples.marked import AnnotatedText, read_marked
from pipelines.samples.reviews import Split

SIZES: dict[Split, int] = {"train": 4000, "test": 1000}

OPENINGS = (
    "{sentence}",
    '"{sentence}"',
    "- {sentence}",
    "1. {sentence}",
    "News: {sentence}",
    "Good morning! {sentence}",
    "It is Monday again. {sentence}",
    "The shop opens at nine. {sentence}",
    "We met a friend. {sentence}",
    "I wrote this down: {sentence}",
    "What did you hear? {sentence}",
    "(From the paper.) {sentence}",
    'They all say: "{sentence}"',
    "{sentence} So I was told.",
    '"{sentence}" That was all.',
)

ASIDES = (
    "",
    ", they say,",
    ", I think,",
    ", of course,",
    ", as everybody knows,",
    ", if you ask me,",
    " (at least in the north)",
)

# Continuations after a name by its label: at least five, as for ``Group.things``.
NAMED = {
    "PER": (
        "{aside} said hello to the children.",
        "{aside} was a great president.",
        "{aside} is good at chess.",
        "{aside} has two brothers.",
        "{aside} needs a new coat.",
        "{aside} comes home at seven.",
        "{aside} wants to become a doctor.",
        "{aside} told us a long story.",
        "{aside} is three years older than me.",
        "'s mother{aside} lives next door.",
        " and a cousin{aside} went fishing.",
        " did not answer the phone{aside} for days.",
    ),
    "LOC": (
        "{aside} has a new mayor.",
        "{aside} lies on the river.",
        "{aside} is two hours away by train.",
        "{aside} was flooded in spring.",
        "{aside} is home to ten thousand people.",
        "'s streets{aside} are narrow.",
        " and the villages around it{aside} were without power.",
        " will build a second bridge{aside} next year.",
    ),
    "ORG": (
        "{aside} reported higher profits.",
        "{aside} hired nine hundred people.",
        "{aside} was founded by two students.",
        "{aside} is on strike.",
        "{aside} has opened a second office.",
        "'s shares{aside} rose again.",
        " and two other firms{aside} were fined.",
        " will close its oldest factory{aside} next year.",
    ),
}


class Group(NamedTuple):
    """Words that can be names, and continuations for when they are not.

    Attributes:
        label: The label of the words as names.
        words: The words.
        things: Continuations after the word as no name; at least five, so that either part has one
            for every beginning.
    """

    label: str
    words: tuple[str, ...]
    things: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GROUPS = (
    Group(
        "PER",
        _words("Basil Ginger Heather Holly Ivy Jasmine Myrtle Rosemary"),
        (
            "{aside} is good for the stomach.",
            "{aside} grows best in the shade.",
            "{aside} needs water every day.",
            "{aside} has a strong smell.",
            "{aside} comes in small pots.",
            "'s roots{aside} go deep.",
            " and mint{aside} grow side by side.",
            " leaves{aside} are sold by weight.",
        ),
    ),
    Group(
        "PER",
        _words("Amber Coral Crystal Jade Opal Pearl Ruby"),
        (
            "{aside} is softer than steel.",
            "{aside} was dear in those days.",
            "{aside} needs a soft cloth.",
            "{aside} comes from mines and beaches.",
            "'s colour{aside} fades in the sun.",
            " and gold{aside} go well together.",
            " rings{aside} are in fashion.",
            " beads{aside} were found in the grave.",
        ),
    ),
    Group(
        "PER",
        _words("Charity Constance Faith Grace Harmony Hope Joy Patience Prudence"),
        (
            "{aside} is a virtue.",
            "{aside} cannot be bought.",
            "{aside} has its limits.",
            "{aside} comes with the years.",
            "{aside} was all that we had left.",
            " and good luck{aside} are not enough.",
            " alone{aside} does not help.",
        ),
    ),
    Group(
        "PER",
        _words("April August Autumn Dawn June May Summer"),
        (
            "{aside} is the best time to sow.",
            "{aside} was cold and wet.",
            "{aside} comes too early.",
            "{aside} has never been so dry.",
            "'s first hours{aside} are the coolest.",
            " and the weeks after it{aside} brought rain.",
            " showers{aside} are good for the grass.",
            " concerts{aside} are free.",
        ),
    ),
    Group(
        "PER",
        _words("Daisy Iris Lily Poppy Rose Violet"),
        (
            " petals{aside} covered the path.",
            " seeds{aside} cost two euros.",
            " beds{aside} need weeding.",
            " and tulip bulbs{aside} are on sale.",
            " gardens{aside} are open to visitors.",
            " prints{aside} hang in the kitchen.",
        ),
    ),
    Group(
        "PER",
        _words("Bill Chase Grant Mark Pat Pierce Rob Sue"),
        (
            " them{aside} as soon as you can.",
            " it{aside} and forget it.",
            " nobody{aside} without a reason.",
            " the last one{aside} only once.",
            " all of these{aside} at your own risk.",
            " no more than three{aside} a day.",
        ),
    ),
    Group(
        "PER",
        _words("Dusty Misty Rocky Rusty Sandy Stormy Sunny Rich"),
        (
            " hills{aside} surround the village.",
            " days{aside} are bad for business.",
            " ground{aside} makes walking hard.",
            " and cold{aside} was the whole week.",
            " places{aside} are no good for camping.",
            " colours{aside} suit the hall.",
        ),
    ),
    Group(
        "PER",
        _words("Art Carol Christian Gene Jack Penny Robin Teddy Will"),
        (
            " collections{aside} were shown at the fair.",
            " clubs{aside} meet on Fridays.",
            " books{aside} are on the second shelf.",
            " posters{aside} hang on every wall.",
            " designs{aside} are on sale.",
            " experts{aside} do not agree.",
        ),
    ),
    Group(
        "LOC",
        _words("Bath Buffalo Cork Mobile Orange Reading Rugby Rye Sandwich"),
        (
            " shops{aside} are closed on Sundays.",
            " orders{aside} take a week.",
            " lovers{aside} will like this.",
            " samples{aside} are free.",
            " bags{aside} cost two euros.",
            " accessories{aside} are on the second floor.",
        ),
    ),
    Group(
        "ORG",
        _words("Apple Caterpillar Dove Fox Jaguar Oracle Puma Shell"),
        (
            " pictures{aside} hang in the hall.",
            " drawings{aside} were sold at the fair.",
            " stories{aside} are for children.",
            " shapes{aside} are hard to cut.",
            " names{aside} were hard to find.",
            " costumes{aside} can be hired.",
        ),
    ),
)

DEMO = tuple(
    read_marked(text)
    for text in (
        "<PER Teddy> was a good president.",
        "Teddy bears are on sale.",
        "<PER Rose>, as everybody knows, is a good doctor.",
        "Rose bushes, as everybody knows, need a lot of sun.",
        "<ORG Apple> reported lower profits.",
        "Apple pies are on sale.",
    )
)
"""Texts of the demonstration with their entities; in neither part."""


def teddies(split: Split) -> list[AnnotatedText]:
    """Return distinct texts with their entities; each beginning occurs with a name and without.

    Args:
        split: ``train`` (4,000 texts) or ``test`` (1,000, of other constructions).
    """
    rng = random.Random(split)
    words = cycle([(group, word) for group in GROUPS for word in group.words])
    by_text: dict[str, AnnotatedText] = {}
    while len(by_text) < SIZES[split]:
        group, word = next(words)
        pair = _pair(group, word, split, rng)
        while not pair.keys().isdisjoint(by_text.keys()):
            pair = _pair(group, word, split, rng)
        by_text |= pair
    texts = list(by_text.values())
    rng.shuffle(texts)
    return texts


def _pair(group: Group, word: str, split: Split, rng: random.Random) -> dict[str, AnnotatedText]:
    """Return two texts that are equal up to and with the word, which is a name in one of them."""
    opening, aside = rng.randrange(len(OPENINGS)), rng.randrange(len(ASIDES))
    case = rng.choices((str, str.upper, str.lower), weights=(80, 10, 10))[0]
    pair = {}
    for first, ways in (f"<{group.label} {word}>", NAMED[group.label]), (word, group.things):
        rows = [
            row
            for row in range(len(ways))
            if ((opening + aside + row) % 5 == 0) == (split == "test")
        ]
        sentence = first + ways[rng.choice(rows)].format(aside=ASIDES[aside])
        read = read_marked(OPENINGS[opening].format(sentence=sentence), case)
        pair[read["text"]] = read
    return pair
