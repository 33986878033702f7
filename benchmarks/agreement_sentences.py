"""Sentences whose verb agrees with a subject that may stand far before it.

'The cats, which already ate ..., were full': whether 'was' or 'were' comes next is told by the
subject alone, however much lies between (Linzen, Dupoux and Goldberg 2016, "Assessing the Ability
of LSTMs to Learn Syntax-Sensitive Dependencies"). Here it is made by rule::

    subject       "the old cats"
    between       "that slept and quietly watched the dog near the children"
    verb          "were"

The *distance* is how many words after the subject's noun the verb stands. One word between is an
adverb; more are a relative clause. Its verbs are in the past tense, which has one form for both
numbers, and its nouns are singular or plural as chance has it. Sentences come in pairs that differ
in the number of the subject and of the verb alone, so that whatever is not the subject foretells
the verb in one half of all cases.

The nouns and the adjectives before them are the axes of a table; of its diagonals, one in five is
kept for the test. A test sentence's subject is thus unseen in training, at any distance.
"""

import random
from typing import Literal, NamedTuple

Part = Literal["train", "test"]
Words = tuple[str, ...]

#: The verb of a subject that is singular, and of one that is plural; the classes, in this order.
VERBS = ("was", "were")


def _words(text: str) -> Words:
    return tuple(text.split())


NOUNS = tuple(
    zip(
        _words(
            "bear bird boy cat child cow dog duck fox girl goose guest hen horse king man mouse "
            "queen wolf woman"
        ),
        _words(
            "bears birds boys cats children cows dogs ducks foxes girls geese guests hens horses "
            "kings men mice queens wolves women"
        ),
        strict=True,
    )
)
ADJECTIVES = _words("big black brown calm good grey happy little lonely old white young")
ADVERBS = _words(
    "again already always calmly gladly never often once quietly slowly sometimes soon"
)
RESTED = _words("ate dreamed drank played rested slept waited worked")
SAW = _words("chased fed followed heard liked met saw watched")
PREPOSITIONS = _words("behind beside near without")

#: Verb phrases of a relative clause, by the kinds of their words.
PHRASES = (
    "RESTED",
    "ADVERB RESTED",
    "SAW the NOUN",
    "SAW the ADJECTIVE NOUN",
    "ADVERB SAW the NOUN",
    "SAW the NOUN PREPOSITION the NOUN",
)
KINDS = {
    "RESTED": RESTED,
    "SAW": SAW,
    "ADVERB": ADVERBS,
    "ADJECTIVE": ADJECTIVES,
    "PREPOSITION": PREPOSITIONS,
    "NOUN": tuple(form for noun in NOUNS for form in noun),
}

#: Every word that may stand before the verb; ids begin at 2, after padding and unknown.
VOCABULARY = tuple(sorted({"the", "that", "and"}.union(*KINDS.values())))
IDS = {word: number for number, word in enumerate(VOCABULARY, 2)}

#: Where the subject's noun stands: 'the old cats'.
SUBJECT = 2


class Sentence(NamedTuple):
    """A sentence up to its verb, and the verb.

    Attributes:
        words: All words before the verb.
        verb: Which of ``VERBS`` comes next.
    """

    words: Words
    verb: str


def pair(distance: int, part: Part, rng: random.Random) -> tuple[Sentence, Sentence]:
    """Two sentences that are alike but for the number of subject and verb: singular and plural.

    Args:
        distance: How many words after the subject's noun the verb stands, at least 2.
        part: Of which part the subject is.
        rng: Where chance comes from.
    """
    noun = rng.randrange(len(NOUNS))
    adjective = rng.choice([a for a in range(len(ADJECTIVES)) if _part(noun, a) == part])
    between = _between(distance - 1, rng)
    singular, plural = (
        Sentence(("the", ADJECTIVES[adjective], form, *between), verb)
        for form, verb in zip(NOUNS[noun], VERBS, strict=True)
    )
    return singular, plural


def sentences(distance: int, pairs: int, part: Part, seed: int = 0) -> list[Sentence]:
    """So many distinct pairs of a distance, one sentence after the other."""
    rng = random.Random(f"{part} {distance} {seed}")
    found: dict[Sentence, Sentence] = {}
    while len(found) < pairs:
        singular, plural = pair(distance, part, rng)
        found[singular] = plural
    return [sentence for both in found.items() for sentence in both]


def _part(noun: int, adjective: int) -> Part:
    return "test" if (noun + adjective) % 5 == 0 else "train"


def _between(count: int, rng: random.Random) -> Words:
    """So many words that say nothing of the subject: an adverb, or a relative clause."""
    if count == 1:
        return (rng.choice(ADVERBS),)
    words = ["that"]
    while left := count - len(words):
        if len(words) > 1:
            words.append("and")
            left -= 1
        fitting = [kinds for phrase in PHRASES if _fits(left - len(kinds := phrase.split()))]
        words += [rng.choice(KINDS.get(kind, (kind,))) for kind in rng.choice(fitting)]
    return tuple(words)


def _fits(left: int) -> bool:
    """Whether so many words more can be filled: by none, or by 'and' and a phrase."""
    return left == 0 or left > 1
