"""Sentences with people, places and organisations, made by a small grammar out of Faker's names.

Every sentence is a *frame* around up to two *clauses*, whose slots grow into words and names; what
stands between ``<LABEL`` and ``>`` is an entity::

    frame    "^according to {source}, {clause}."
    clause   "{org} hired {per} as {role}"

    According to Ms <PER Keller>, <ORG Braun & Este> hired <PER J. Novak> as chairman.

Lists of names do not help, since no word of a name of the test stands in a name of training, and
surnames are names of companies and villages too. Capitals alone do not help: titles, months, first
words and languages have them, headlines have none or nothing else. What tells is the sentence: who
'was born', who 'was founded' and who 'was flooded'.

As in the reviews, frames and clauses are the axes of a table, and one diagonal in five is kept for
the test; so is one in five of the frames without a clause, which are lines of lists and letters.
"""

import random
import re
from collections.abc import Mapping
from itertools import product

from pipelines.samples.marked import AnnotatedText, read_marked
from pipelines.samples.names import common_words, name_words, names
from pipelines.samples.reviews import Split

Construction = tuple[str, ...]  # a frame, then the clauses that stand in it

SIZES: dict[Split, int] = {"train": 5000, "test": 1000}

# A circumflex makes the next letter a capital.
FRAMES = (
    # A clause, and what may stand around it.
    "^{clause}.",
    "^{clause} {when}.",
    "^{when}, {clause}.",
    "^{adverb}, {clause}.",
    "^in {loc}, {clause}.",
    "^in {country} {clause}.",
    "^nobody knows why {clause}.",
    "^is it true that {clause}?",
    "^{noun}: ^{clause}.",
    "{number}. ^{clause}!",
    # Somebody says it.
    "^{per} said that {clause}.",
    "^{firm} said {when} that {clause}.",
    "^{clause}, {per} told {firm}.",
    "^according to {source}, {clause}.",
    '"^{clause}," said {per}.',
    '^{per}: "^{clause}."',
    "^{loc} ({org}) - ^{clause}.",
    # Two clauses.
    "^{clause}, and {clause}.",
    "^{clause}, but {clause}.",
    "^{clause}; {clause}.",
    "^while {clause}, {clause}.",
    "^{clause} because {clause}.",
    "^{clause}. ^{clause}.",
    # Lines of lists, tables and letters.
    "{number}. {full} {country} {number}",
    "^{team} {number} {team} {number}",
    "^table of the {noun}, {month} {year}",
    "^{full} ({firm}), {full} ({firm}), {full} ({country})",
    "{year}: {per}, {loc}; {year}: {per}, {loc}",
    "^dear {title} {family_name},",
    "^dear {first_name}, ^greetings from {loc}!",
    "^written by {full} and {full}",
    "^{firm}, {number} ^{noun} ^street, {loc}",
    "^{noun}, {noun} and {noun}",
)

CLAUSES = (
    # People.
    "{per} {met} {per} in {loc}",
    "{per} and {per} {met} on {day}",
    "{per}, {per} and {per} won the {noun}",
    "{per} met {per}",
    "{per} lives in {loc}",
    "{per} moved from {loc} to {loc}",
    "{per} was born in {loc} in {year}",
    "{per} works for {org}",
    "{per} left {org} to join {org}",
    "{per}, a {job} from {loc}, {did} the {noun}",
    "the {job} {per} {praised} {per}",
    "{per}'s {relative} is a {job}",
    "{per} and {his} {relative} {did} the {noun}",
    "they gave {full} {full}'s {noun}",
    "a {relative} of {per} {did} the {noun}",
    "I told {per} about the {noun}",
    "nobody liked {per}'s {noun}",
    "{per}, who is {age}, has never been to {loc}",
    "{per} ({age}) speaks {language}",
    "the {noun} belongs to {per}",
    "{title} {family_name} and {title} {family_name} {met} in {month}",
    "my {relative} {first_name} is a {job}",
    "{per} will play {per} on {day}",
    "{per} wrote a {adjective} book about {per}",
    "{per}, her {relative}, {praised} {family_name}'s {noun}",
    # The same surname is a person, a company or a village.
    "{family_name} was born in {year}",
    "{family_name} is {age} years old",
    "{family_name} {praised} {his} {relative}",
    "{family_name} is ill",
    "{family_name} had dinner with {family_name}",
    "{company_name} was founded in {year}",
    "{company_name} makes {goods}",
    "{company_name} {announced} higher profits",
    "{company_name} hired {number} people",
    "{company_name} shares {rose}",
    "{village_name} was flooded in {year}",
    "{village_name} lies on a river",
    "{village_name} has {number} inhabitants",
    "{village_name} is a {adjective} village",
    "the village of {village_name} lies in {loc}",
    "the {noun} was found near {village_name}, {country}",
    # Organisations.
    "{org} {announced} higher profits",
    "shares of {org} {rose}",
    "{org} bought {org}",
    "{org} bought {org} for {number} million {currency}",
    "{org} hired {per} as {role}",
    "{org} will close its {building} in {loc}",
    "workers at {org} went on strike",
    "the board of {org} met on {day}",
    "{org}, based in {loc}, makes {goods}",
    "{org} was founded by {per} in {year}",
    "{team} beat {team} {number}-{number}",
    "{team} lost to {team} in {loc}",
    "{per} scored twice for {team}",
    "customers of {org} complained about its {goods}",
    "{per} of {firm} did not answer",
    "{per}, the {role} of {org}, resigned",
    "{org}'s {role} is {per}",
    'a firm called "{org}" sells {goods}',
    "{org} and {org} agreed to merge",
    "the {initials} sent its {noun} to {loc}",
    # Places.
    "the {noun} in {loc} is {adjective}",
    "it rained in {loc} on {day}",
    "the road from {loc} to {loc} was closed",
    "the mayor of {loc} opened a {building}",
    "{loc} and {loc} share a river",
    "tourists visit {loc} in {month}",
    "flights between {loc} and {loc} were cancelled",
    "{loc}'s harbour freezes in {month}",
    "the train from {loc} was late",
    "{number} people live in {loc}",
    "exports to the {state} fell",
    "the {state} and {country} signed a {noun}",
    "the {language} ambassador left {loc}",
    "we spent {holiday} in {loc}",
    # Nobody in particular.
    "the {noun} was {adjective}",
    "{noun} prices {rose} again",
    "{language} exports {rose} in {month}",
    "he learnt {language} on {day}",
    "the {rank} spoke about the {abbreviation}",
    "the {abbreviation} of the {noun} is {adjective}",
    "I bought a {adjective} {noun} at {holiday}",
    "the {language} {job} lost the {noun}",
    "my {relative} is a {job}",
    "it snowed on {day}",
    "the {building} was closed on {day} and {day}",
    "a {job} {did} the {noun}",
    "you can read about the {noun} on the ^internet",
    "the {noun} of the {noun} cost {number} {currency}",
    "the company {announced} higher profits",
    "a village was flooded in {year}",
    "her {relative} works for a {building} near the river",
    "the {role} met the {role} on {day}",
    "the team lost {number}-{number}",
    "{adjective} {goods} are {adjective}",
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Slots; those of names, nouns, jobs and languages are filled from the pools.
SLOTS: dict[str, tuple[str, ...]] = {
    "per": ("{full}",) * 6 + ("{family_name}", "{family_name}", "{first_name}", "{titled}"),
    "full": ("<PER {first} {family}>",) * 6
    + (
        "<PER {initial}. {family}>",
        "<PER {initial}.{initial}. {family}>",
        "<PER {first} {initial}. {family}>",
        "<PER {first} {first} {family}>",
        "<PER {first} {family}-{family}>",
        "<PER {first} d'{first}>",
        "<PER {first} O'{first}>",
    ),
    "titled": ("{title} <PER {family}>", "{title} {full}"),
    "family_name": ("<PER {family}>",),
    "first_name": ("<PER {first}>",),
    "source": ("{full}", "{titled}", "{firm}", "the {noun}"),
    "loc": ("{place}", "{place}", "{place}", "{country}", "{village_name}", "{feature}"),
    "place": ("<LOC {town}>", "<LOC {town}>", "<LOC {compass} {town}>", "the {state}"),
    "feature": (
        "<LOC {family} Island>",
        "<LOC {family} Valley>",
        "<LOC Lake {family}>",
        "<LOC Mount {family}>",
    ),
    "compass": _words("New Old North South East West Upper Lower Port San"),
    "country": ("<LOC {nation}>",),
    "village_name": ("<LOC {family}>",),
    "state": ("<LOC {initial}.{initial}.>",),
    "org": ("{firm}",) * 4 + ("{company_name}",),
    "firm": ("{company}",) * 5 + ("{institution}", "<ORG {acronym}>"),
    "company": (
        "<ORG {family} {kind}>",
        "<ORG {family} {trade}>",
        "<ORG {family} {trade} {kind}>",
        "<ORG {family} & {family}>",
        "<ORG {family}-{family}>",
        "<ORG {family}-{family} {kind}>",
        "<ORG {family} and Sons>",
        "<ORG {family}, {family} and Sons>",
        "<ORG {family}, {family} and {family}>",
        "<ORG {town} {trade}>",
    ),
    "company_name": ("<ORG {family}>",),
    "institution": (
        "the <ORG University of {town}>",
        "<ORG {town} University>",
        "the <ORG Bank of {nation}>",
        "the <ORG {town} Opera>",
        "the <ORG {family} Institute>",
    ),
    "team": ("<ORG {town}>", "<ORG {town} {club}>"),
    "initials": ("<ORG {initial}.{initial}.{initial}.>", "<ORG {acronym}>"),
    "kind": ("Group", "Holdings", "Ltd", "Inc.", "Corp.", "AG", "GmbH", "plc", "Brothers"),
    "trade": _words("Airlines Bank Foods Motors Steel Software Insurance Media Energy Books"),
    "club": _words("United City Rovers Athletic Wanderers"),
    "initial": tuple("ABCDEFGHIJKLMNOPRSTVWZ"),
    "title": ("Mr", "Mr.", "Mrs", "Ms", "Dr", "Dr.", "Sir", "{rank}", "{rank}", "{rank}"),
    "rank": ("President", "Professor", "Captain", "Judge", "Prime Minister", "Queen", "Minister"),
    "role": ("chairman", "director", "CEO", "CFO", "president", "treasurer", "chief economist"),
    "relative": _words(
        "brother sister mother father son daughter uncle aunt cousin neighbour wife"
    ),
    "his": _words("his her"),
    "met": _words("met visited called married invited thanked sued interviewed"),
    "praised": _words("praised mocked thanked admired criticised remembered blamed"),
    "did": _words("found sold lost opened signed painted stole repaired wanted finished ignored"),
    "announced": _words("announced reported expects predicted"),
    "rose": _words("rose fell jumped collapsed climbed slipped"),
    "building": _words("factory hotel school bank museum hospital library shop station office"),
    "goods": _words("cars shoes tools toys watches bicycles carpets machines phones biscuits"),
    "adjective": _words(
        "old new small large quiet famous expensive cheap empty heavy strange useful beautiful"
        " broken modern narrow poor rich safe short warm wide wooden young"
    ),
    "currency": _words("dollars euros pounds yen crowns"),
    "when": ("yesterday", "last week", "two days later", "this morning", "{date}", "{date}"),
    "date": ("on {day}", "at {holiday}", "in {month}", "in {year}", "in {month} {year}"),
    "day": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "month": _words(
        "January February March April May June July August September October November December"
    ),
    "year": tuple(str(year) for year in range(1890, 2030)),
    "age": tuple(str(age) for age in range(18, 90)),
    "number": (*map(str, range(2, 100)), "3.5", "7.25", "1,200", "25,000"),
    "holiday": ("Christmas", "Easter", "Thanksgiving", "the Olympics", "the World Cup"),
    "abbreviation": _words("GDP DNA TV PDF VAT FAQ GPS USB HTML IQ"),
    "adverb": _words("however unfortunately surprisingly meanwhile perhaps later apparently soon"),
}

SHARED = frozenset(
    word
    for slot in ("company", "institution", "feature", "compass", "kind", "trade", "club")
    for template in SLOTS[slot]
    for word in name_words(re.sub("<[A-Z]+|{[a-z_]+}", "", template))
)
"""The words that stand beside Faker's names in names of both parts, as in 'Keller Group'."""

DEMO = tuple(
    read_marked(text)
    for text in (
        "Yesterday, <PER Harry Potter> met <PER Hermione Granger>.",
        "👩🏽\u200d🔬 <PER Zelda Moorcock> left <ORG Poirot and Sons> to join <ORG Brontë Media>.",
        "Привет! شكرا! <PER J. Copperfield> lives in <LOC Middlemarch>.",
        "At the cafe\u0301, Ms <PER Emma d'Artagnan> praised <PER O'Hara>'s book.",
        "<PER Havisham> was born in <LOC Old Narnia>, but <ORG Havisham> was founded in 1901.",
        "On Monday, German exports rose again.",
    )
)
"""What the demonstration asks the trained model, and the answers; no training has these names."""

_SLOT = re.compile("{([a-z_]+)}")
_CAPITAL = re.compile(r'\^((?:["(]|<[A-Z]+ )*)(\w)')


def constructions(split: Split) -> dict[str, list[Construction]]:
    """Returns the constructions of a split, by frame; none is in both splits."""
    found: dict[str, list[Construction]] = {frame: [] for frame in FRAMES}
    for row, frame in enumerate(FRAMES):
        for columns in product(range(len(CLAUSES)), repeat=frame.count("{clause}")):
            if ((row + sum(columns)) % 5 == 0) == (split == "test"):
                found[frame].append((frame, *(CLAUSES[column] for column in columns)))
    return {frame: made for frame, made in found.items() if made}


def people(split: Split) -> list[AnnotatedText]:
    """Returns distinct sentences with their entities: ``PER``, ``LOC`` and ``ORG``.

    Args:
        split: ``train`` (5,000 sentences) or ``test`` (1,000, of other constructions and names).
    """
    rng = random.Random(split)
    reserved = {
        word
        for asked in DEMO
        for entity in asked["entities"]
        for word in name_words(asked["text"][entity["start"] : entity["end"]])
    }
    pools = names(split, SHARED, reserved) | common_words()
    by_frame = list(constructions(split).values())
    made: dict[str, AnnotatedText] = {}
    while len(made) < SIZES[split]:
        sentence = _sentence(rng.choice(rng.choice(by_frame)), pools, rng)
        case = rng.choices((str, str.upper, str.lower), weights=(92, 4, 4))[0]
        read = read_marked(sentence, case)
        made.setdefault(read["text"], read)
    return list(made.values())


def _sentence(
    construction: Construction, pools: Mapping[str, tuple[str, ...]], rng: random.Random
) -> str:
    """Fills a construction with words and names."""
    frame, *clauses = construction

    def expand(template: str) -> str:
        return _SLOT.sub(lambda slot: expand(choose(slot[1])), template)

    def choose(name: str) -> str:
        if name == "clause":
            return clauses.pop(0)
        return rng.choice(SLOTS[name] if name in SLOTS else pools[name])

    return _spell(expand(frame))


def _spell(marked: str) -> str:
    """Capitals where a circumflex asks for them, ``an`` before a vowel, no full stop after one."""
    marked = re.sub(r"\ba (?=[aeio]|u(?!ni|se)|hour)", "an ", marked)
    marked = re.sub(r"\.(>?)\.", r".\1", marked)
    return _CAPITAL.sub(lambda match: match[1] + match[2].upper(), marked)
