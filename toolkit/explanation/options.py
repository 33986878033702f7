"""The options of explanations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.errors import OptionError, shorten
from toolkit.options import Limits, check_options, option

#: Integrated gradients, or the difference that each part makes when it is left out.
Method = Literal["integrated-gradients", "leave-one-out"]


@dataclass(kw_only=True)
class ExplanationOptions:
    """The options of explanations.

    Args:
        target: The class whose log probability is explained; by default the one that is answered.
        method: integrated-gradients follows the gradients on the way from a baseline to the input,
            and needs model.keras or a version that was exported with --explain; leave-one-out
            answers the input once more without each of its parts, and needs no gradients.

    Raises:
        OptionError: The method is unknown.
    """

    target: str | None = None
    method: Method = "integrated-gradients"

    def __post_init__(self) -> None:
        check_options(self)

    def check_for(self, classes: Sequence[str]) -> None:
        """Check the options against a run.

        Args:
            classes: The names of its classes; none for numbers.

        Raises:
            OptionError: It does not know the target, or predicts numbers.
        """
        if self.target is None or self.target in classes:
            return
        if not classes:
            raise OptionError(f"there is no class {self.target!r}: this model predicts numbers")
        raise OptionError(f"there is no class {self.target!r}; there are: {shorten(classes)}")


@dataclass(kw_only=True)
class TagExplanationOptions(ExplanationOptions):
    """The options of explanations of tags.

    Args:
        token: The number of the token, or of the base, whose tag is explained, from 0; by default
            the one that most probably begins a span, or the first of the text if there is none.
        unit: The text of the token, the first one that reads so; of strands, bases that begin with
            it.
    """

    LIMITS: ClassVar[Limits] = {"token": (0, None)}

    token: int | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.token is not None and self.unit is not None:
            raise OptionError(f"give {option('token')} or {option('unit')}, not both")
        if self.unit == "":
            raise OptionError(f"{option('unit')} is empty; give the text of a token or base")

    def check_for(self, classes: Sequence[str]) -> None:
        """Check the target against the labels of a run.

        Raises:
            OptionError: It is no tag of them, in IOB2.
        """
        tags = ["O", *(f"{begin}-{label}" for label in classes for begin in "BI")]
        if self.target is not None and self.target not in tags:
            raise OptionError(f"there is no tag {self.target!r}; there are: {shorten(tags)}")


@dataclass(kw_only=True)
class TranslationExplanationOptions(ExplanationOptions):
    """The options of explanations of translations.

    Args:
        target: The translation whose log probability is explained; by default that of the model.
        token: The number of a token of the translation, from 0, whose log probability is explained,
            given those before it, instead of that of the whole; behind the last is the end.
    """

    LIMITS: ClassVar[Limits] = {"token": (0, None)}

    target: str | None = None
    token: int | None = None

    def check_for(self, classes: Sequence[str]) -> None:
        """Check nothing: any text may be a translation."""


@dataclass(kw_only=True)
class TokenExplanationOptions(ExplanationOptions):
    """The options of explanations of the next token.

    Args:
        target: The token after the text whose log probability is explained; by default the
            likeliest.
        condition: The condition of the text, if the run has learnt conditions.
    """

    target: str | None = None
    condition: str | None = None

    def check_for(self, classes: Sequence[str]) -> None:
        """Check the condition; the tokens are not known before the model is read.

        Args:
            classes: The conditions that the run has learnt.

        Raises:
            OptionError: The condition is none of them.
        """
        if self.condition is None or self.condition in classes:
            return
        known = f"there are: {shorten(classes)}" if classes else "this model has learnt none"
        raise OptionError(f"{option('condition')} is {self.condition!r}; {known}")
