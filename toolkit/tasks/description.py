"""What a text classifier says of itself: the words of its model card."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from toolkit.export import Card
from toolkit.tasks.options import (
    EntityTaggerOptions,
    LanguageModelOptions,
    TextClassifierOptions,
    TranslatorOptions,
)

TASKS = {
    "classes": "Gives each text one of several classes, with its probability.",
    "labels": "Gives each text the probability of each of several labels, which may hold at once.",
    "number": "Gives each text a number.",
}
LIMITS = (
    "It answers every text, also one in another language or on another subject than the training "
    "data; its scores mean little there.",
    "What the training data holds of bias or error, the model has learnt.",
)
TRANSLATION_LIMITS = (
    "It answers every text, also one in another language or on another subject than the training "
    "data; what it writes then is fluent at best, and wrong.",
    LIMITS[1],
)
WRITING_LIMITS = (
    "What it writes sounds like its training data, and nothing in it need be true.",
    LIMITS[1],
)
KEPT = {"head": "its head is", "tail": "its tail is", "head_and_tail": "half of each end is"}


def validation_words(held_out: int | None, own_data: bool, manner: str, seed: int) -> str:
    """How the validation data was come by.

    Args:
        held_out: How many rows it has; None if there is none.
        own_data: Whether it was given beside the training data.
        manner: How the split was made.
        seed: The seed of the split.
    """
    if held_out is None:
        return "none"
    if own_data:
        return f"{held_out:,} rows of data of its own"
    return f"{held_out:,} rows held out, {manner}, seed {seed}"


def constructor_call(options: Any) -> str:
    """The Python call that makes such a task: what differs from the defaults."""
    given = [
        f"{field.name}={getattr(options, field.name)!r}"
        for field in fields(options)
        if getattr(options, field.name) != field.default
    ]
    return f"{type(options).__name__}({', '.join(given)}).fit(data)"


def card(
    options: TextClassifierOptions,
    facts: Mapping[str, Any],
    metrics: Mapping[str, Any],
    serving_default: Any,
    parameters: int,
    example: str,
) -> Card:
    """The model card's contents.

    Args:
        options: What was asked for.
        facts: What was found in the data and chosen by rule.
        metrics: What the validation data gave.
        serving_default: The exported signature.
        parameters: How many parameters the network has.
        example: A text for the snippet.
    """
    if options.model == "one_to_one":
        long_texts = f"Only the first {options.window} {options.units} of a text are read."
    else:
        long_texts = (
            f"Of a text of more than {facts['max_length']} {options.units}, "
            f"{KEPT[options.truncation]} read."
        )
    return Card(
        task=TASKS[options.target],
        data=facts["data"],
        rows=facts["rows"],
        classes=facts["classes"],
        validation=facts["validation"],
        metrics=_of_validation(metrics),
        command=facts["command"],
        signatures={"serving_default": serving_default},
        example={"text": example},
        parameters=parameters,
        long_texts=long_texts,
        limits=LIMITS,
    )


def entity_card(
    options: EntityTaggerOptions,
    facts: Mapping[str, Any],
    metrics: Mapping[str, Any],
    signatures: Mapping[str, Any],
    parameters: int,
    example: str,
) -> Card:
    """The model card's contents for a tagger of entities; see ``card``."""
    cut = "sentence by sentence" if options.sentences else "in one piece"
    return Card(
        task=(
            "Finds entities in texts: their kind, their place in code points and the probability "
            "that both are right. Tags the tokens of sentences, too."
        ),
        data=facts["data"],
        rows=facts["rows"],
        classes=facts["classes"],
        counted="entities",
        validation=facts["validation"],
        metrics=_of_validation(metrics),
        command=facts["command"],
        signatures=signatures,
        example={"text": example},
        parameters=parameters,
        long_texts=f"A text of any length is read, {cut}, cut into {facts['units']}.",
        limits=LIMITS,
    )


def translation_card(
    options: TranslatorOptions,
    facts: Mapping[str, Any],
    metrics: Mapping[str, Any],
    signatures: Mapping[str, Any],
    parameters: int,
    example: str,
) -> Card:
    """The model card's contents for a translator; see ``card``."""
    files = facts["data"].replace(" and ", ",").split(",")  # two, where they are parallel
    return Card(
        task=(
            f"Makes of each text another, such as its translation, by a beam of "
            f"{options.beam_size} hypotheses."
        ),
        data=" and ".join(Path(file).name for file in files),
        rows=facts["rows"],
        validation=facts["validation"],
        metrics=_of_validation(metrics),
        command=facts["command"],
        signatures=signatures,
        example={"text": example},
        parameters=parameters,
        long_texts=(
            f"A text of any length is read; it learnt from texts of at most {options.max_length} "
            f"{options.units}, and what is much longer is translated badly."
        ),
        limits=TRANSLATION_LIMITS,
    )


def language_card(
    options: LanguageModelOptions,
    facts: Mapping[str, Any],
    metrics: Mapping[str, Any],
    signatures: Mapping[str, Any],
    parameters: int,
    example: str,
) -> Card:
    """The model card's contents for a language model; see ``card``."""
    unit = options.units.removesuffix("s")
    conditions = facts.get("classes", {})
    of_condition = ", of the condition that is asked for" if conditions else ""
    return Card(
        task=f"Writes text on, {unit} by {unit}{of_condition}, and says how likely it is.",
        data=facts["data"],
        rows=facts["rows"],
        rows_are="rows" if conditions else options.units,
        classes=conditions,
        counted="texts",
        validation=facts["validation"],
        metrics=_of_validation(metrics),
        command=facts["command"],
        signatures=signatures,
        example={"prompt": example} | ({"condition": next(iter(conditions))} if conditions else {}),
        parameters=parameters,
        long_texts=(
            f"A text of any length is read; what the state does not hold is forgotten. It learnt "
            f"with a gradient over {options.window} {options.units}."
        ),
        limits=WRITING_LIMITS,
    )


def _of_validation(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"validation {name.replace('_', ' ')}": value
        for name, value in metrics.items()
        if isinstance(value, float)
    }
