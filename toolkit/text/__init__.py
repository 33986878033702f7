"""Tokenizers, vocabularies and sentence splitting, in TensorFlow core ops only."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolkit.text.options import TextOptions, TokenOptions

if TYPE_CHECKING:
    from toolkit.text.counts import TokenCounts
    from toolkit.text.nucleotides import Nucleotides
    from toolkit.text.sentences import sentence_lengths
    from toolkit.text.split import Pieces, choose_token_level
    from toolkit.text.strings import utf8
    from toolkit.text.subwords import SubwordTokenizer
    from toolkit.text.token_features import TokenFeatures
    from toolkit.text.tokenizer import Tokenizer
    from toolkit.text.vocabulary import PADDING_ID, UNKNOWN_ID

# Modules that need TensorFlow are imported on first use of one of their names.
_MODULES = {
    "PADDING_ID": "vocabulary",
    "UNKNOWN_ID": "vocabulary",
    "Nucleotides": "nucleotides",
    "Pieces": "split",
    "SubwordTokenizer": "subwords",
    "TokenCounts": "counts",
    "TokenFeatures": "token_features",
    "Tokenizer": "tokenizer",
    "sentence_lengths": "sentences",
    "choose_token_level": "split",
    "utf8": "strings",
}

__all__ = [
    "PADDING_ID",
    "UNKNOWN_ID",
    "Nucleotides",
    "Pieces",
    "SubwordTokenizer",
    "TextOptions",
    "TokenCounts",
    "TokenFeatures",
    "TokenOptions",
    "Tokenizer",
    "choose_token_level",
    "sentence_lengths",
    "utf8",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
