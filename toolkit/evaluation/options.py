"""The options of metrics, and of the comparison of two runs."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.options import Limits, check_options


@dataclass(frozen=True, kw_only=True)
class BootstrapOptions:
    """The options of the paired bootstrap.

    Args:
        resamples: The number of resamples, each as large as the data.
        confidence: The share of the resampled differences inside the interval; a difference is more
            than chance if its p-value is below 1 - confidence.
        seed: The seed of the resampling.

    Raises:
        OptionError: A value has the wrong type or is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"resamples": (1, None), "confidence": (0, 1), "seed": (0, None)}

    resamples: int = 10_000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(kw_only=True)
class BleuOptions:
    """The options of BLEU.

    Args:
        bleu_tokenizer: The tokenizer of sacreBLEU for BLEU. auto goes by the script of the
            references: zh for Chinese; char, a character a token, for Japanese, Thai, Lao, Khmer,
            Burmese and Tibetan; else 13a. ja-mecab, ko-mecab and flores200 need packages or files
            of their own.
    """

    bleu_tokenizer: Literal[
        "auto", "13a", "intl", "zh", "char", "none", "ja-mecab", "ko-mecab", "flores200"
    ] = "auto"
