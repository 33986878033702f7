"""Options of tokenization, as plain values that need no TensorFlow."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.errors import OptionError
from toolkit.options import Limits, option

#: The ids of the 256 bytes follow padding and unknown; those of subwords follow the bytes.
FIRST_BYTE = 2
FIRST_SUBWORD = FIRST_BYTE + 256


def check_subwords(max_tokens: int) -> None:
    """Check that a vocabulary is large enough for subwords.

    Raises:
        OptionError: It is not larger than the reserved ids and those of bytes.
    """
    if max_tokens <= FIRST_SUBWORD:
        raise OptionError(
            f"{option('max_tokens')} is {max_tokens}; subwords need more than {FIRST_SUBWORD}, "
            "since every byte has an id"
        )


@dataclass(kw_only=True)
class TextOptions:
    """Options of the split of text into tokens, and of the vocabulary.

    Args:
        token_level: What a token is: a word (each punctuation mark or emoji is a word) or a
            user-perceived character (combining marks stay with their base).
        lowercase: Whether to lower-case tokens.
        normalization: The Unicode normal form of tokens: NFC, NFKC (also folds full-width and
            other compatibility forms) or none.
        html_breaks: Whether HTML line breaks such as ``<br />`` count as white space.
        max_tokens: The largest number of vocabulary entries, padding and unknown included; auto
            is 20,000.
        min_count: How often a token must occur in the training data to enter the vocabulary.
        max_length: The largest number of tokens kept of a text; auto is 400 words, or 1,600
            characters.
        truncation: Which part of a longer text is kept: its head, its tail, or half of each.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "max_length": (1, None),
    }
    FIXED: ClassVar[tuple[str, ...]] = (
        *("token_level", "lowercase", "normalization", "html_breaks", "max_length", "truncation"),
    )

    token_level: Literal["words", "characters"] = "words"
    lowercase: bool = True
    normalization: Literal["NFC", "NFKC", "none"] = "NFC"
    html_breaks: bool = True
    max_tokens: int | Literal["auto"] = "auto"
    min_count: int = 2
    max_length: int | Literal["auto"] = "auto"
    truncation: Literal["head", "tail", "head_and_tail"] = "head_and_tail"


@dataclass(kw_only=True)
class TokenOptions:
    """Options of the split of text into tokens for tagging, and of the vocabulary of words.

    Args:
        token_level: How raw text is split: into words, where hyphens and apostrophes are separate
            tokens, or into treebank_words, where strings without white space mostly stay whole.
            Auto is the level that best reproduces the training tokens; for raw text it is words.
        sentences: Whether raw text is split into sentences, which are then tagged one by one.
        normalization: The Unicode normal form of words: NFC, NFKC (also folds full-width and other
            compatibility forms) or none.
        html_breaks: Whether HTML line breaks such as ``<br />`` count as white space.
        max_tokens: The largest number of words, padding and unknown included.
        min_count: How often a word must occur in the training data to enter the vocabulary.
        max_characters: The number of characters read of a longer word, half from each end.
    """

    LIMITS: ClassVar[Limits] = {
        "max_tokens": (3, None),
        "min_count": (1, None),
        "max_characters": (1, None),
    }
    FIXED: ClassVar[tuple[str, ...]] = (
        *("token_level", "normalization", "html_breaks", "max_characters"),
    )

    token_level: Literal["words", "treebank_words", "auto"] = "auto"
    sentences: bool = True
    normalization: Literal["NFC", "NFKC", "none"] = "NFC"
    html_breaks: bool = True
    max_tokens: int = 100_000
    min_count: int = 1
    max_characters: int = 24
