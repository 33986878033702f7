"""How text is cut into units, as plain values (no TensorFlow needed to read them)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.errors import OptionError
from toolkit.options import Limits, option

#: The ids of the 256 bytes come after padding and unknown, those of subwords after them.
FIRST_BYTE = 2
FIRST_PIECE = FIRST_BYTE + 256


def check_subwords(max_tokens: int) -> None:
    """Complains of a vocabulary that is too small for subwords.

    Raises:
        OptionError: It has no room for more than all bytes.
    """
    if max_tokens <= FIRST_PIECE:
        raise OptionError(
            f"{option('max_tokens')} is {max_tokens}; subwords need more than {FIRST_PIECE}, since "
            "every byte has an id"
        )


@dataclass(kw_only=True)
class TextOptions:
    """How text is cut into units and which of them get an id.

    Args:
        units: What one time step is: a word (punctuation and emoji are words of their own) or a
            character (a user-perceived one: combining marks stay with their base).
        lowercase: Whether upper and lower case are the same.
        normalization: The Unicode normal form that words are brought to before they are looked
            up: NFC, NFKC (also folds full-width and other compatibility forms) or none.
        html_breaks: Whether HTML line breaks such as ``<br />`` count as white space.
        max_tokens: The largest number of vocabulary entries, padding and unknown included; auto
            suits it to the data.
        min_count: How often a unit must occur in the training data to get an id of its own.
        max_length: The largest number of units a text keeps; auto is 400 words, or 1,600
            characters.
        truncation: What is kept of a longer text: its head, its tail, or half of each.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "max_length": (1, None),
    }

    units: Literal["words", "characters"] = "words"
    lowercase: bool = True
    normalization: Literal["NFC", "NFKC", "none"] = "NFC"
    html_breaks: bool = True
    max_tokens: int | Literal["auto"] = "auto"
    min_count: int = 2
    max_length: int | Literal["auto"] = "auto"
    truncation: Literal["head", "tail", "head_and_tail"] = "head_and_tail"


@dataclass(kw_only=True)
class TokenOptions:
    """How text is cut into tokens and which of their words get an id.

    Args:
        units: How raw text is cut: into words, hyphens and apostrophes alone, or into compounds,
            which keep together what stands together, as treebanks do. Auto is what cuts the
            training tokens as they are, and words where the training data is raw text.
        sentences: Whether raw text is cut into sentences, which are then tagged one by one.
        normalization: The Unicode normal form that words are brought to before they are looked
            up: NFC, NFKC (also folds full-width and other compatibility forms) or none.
        html_breaks: Whether HTML line breaks such as ``<br />`` count as white space.
        max_tokens: The largest number of words, padding and unknown included.
        min_count: How often a word must occur in the training data to get an id of its own.
        max_characters: How many characters are read of a word, half of them of each end.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "max_characters": (1, None),
    }

    units: Literal["words", "compounds", "auto"] = "auto"
    sentences: bool = True
    normalization: Literal["NFC", "NFKC", "none"] = "NFC"
    html_breaks: bool = True
    max_tokens: int = 100_000
    min_count: int = 1
    max_characters: int = 24
