"""Names in many languages from Faker, split into two parts without common words; common nouns.

The checksum of a word decides whether it is for training or for the test, independent of the name
that contains it and of Faker's version. A name with words of both parts is left out. So a first
name in the test is no surname, town or half of a double name in training.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Set
from string import ascii_uppercase
from typing import Any
from zlib import crc32

from pipelines.samples.reviews import Split

LOCALES = (
    *("cs_CZ", "da_DK", "de_AT", "de_DE", "en_GB", "en_IE", "en_IN", "en_KE", "en_US"),
    *("es_ES", "es_MX", "fi_FI", "fr_FR", "hr_HR", "hu_HU", "id_ID", "it_IT", "nl_NL"),
    *("no_NO", "pl_PL", "pt_PT", "ro_RO", "sv_SE", "tr_TR", "yo_NG", "zu_ZA"),
)
UNSTABLE_LOCALES = ("it_IT",)  # the order of their towns differs in every process
DRAWS = 600  # of each kind of name in each locale

_NAME = re.compile(r"[^\W\d_]+(?:['’ -][^\W\d_]+){0,3}")


def name_words(name: str) -> set[str]:
    """Return the capitalised words of a name without case and accents; initials do not count."""
    words = (word for word in re.findall(r"[^\W\d_]{2,}", name) if word[0].isupper())
    return {
        "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if c.isalpha())
        for word in words
    }


def names(split: Split, shared: Set[str], reserved: Set[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of a part by kind: ``first``, ``family``, ``town``, ``nation``, ``acronym``.

    Args:
        split: The part; about three words in four are for training.
        shared: Words, as ``name_words`` returns them, that names of both parts may have beside
            others: 'new' in 'New Arbury'. A name of such words alone is left out.
        reserved: Words that are for the test, whatever their checksum.
    """

    def belongs(name: str) -> bool:
        own = name_words(name) - shared
        held_out = {crc32(word.encode()) % 4 == 0 or word in reserved for word in own}
        last = name.split(" ")[-1]
        return bool(_NAME.fullmatch(name)) and last[0].isupper() and held_out == {split == "test"}

    def drawn(draw: Callable[[], str], size: int = DRAWS) -> set[str]:
        return {name for name in (draw() for _ in range(size)) if belongs(name)}

    rng = random.Random(0)
    english = _faker("en_GB")
    pools = {
        "first": set(),
        "family": set(),
        "town": set(),
        "nation": drawn(english.country, 4 * DRAWS),
        "acronym": drawn(lambda: "".join(rng.choices(ascii_uppercase, k=rng.randint(2, 4)))),
    }
    for locale in LOCALES:
        faker = _faker(locale)
        pools["first"] |= drawn(faker.first_name)
        pools["family"] |= drawn(faker.last_name)
        if locale not in UNSTABLE_LOCALES:
            pools["town"] |= drawn(faker.city)
    return {kind: tuple(sorted(members)) for kind, members in pools.items()}


def common_words() -> dict[str, tuple[str, ...]]:
    """Return words that are not names, by kind: ``noun``, ``job``, ``language``."""
    english = _faker("en_US")
    jobs = {english.job().lower() for _ in range(2 * DRAWS)}
    languages = {english.language_name() for _ in range(2 * DRAWS)}
    return {
        "noun": tuple(sorted(english.get_words_list(part_of_speech="noun"))),
        "job": tuple(sorted(job for job in jobs if re.fullmatch("[a-z ]+", job))),
        "language": tuple(sorted(filter(str.isalpha, languages))),
    }


def _faker(locale: str) -> Any:
    from faker import Faker  # only the samples need it

    providers = ("person", "address", "lorem", "job", "misc")
    faker = Faker(
        locale,
        providers=[f"faker.providers.{name}" for name in providers],
        use_weighting=False,
    )
    faker.seed_instance(0)
    return faker
