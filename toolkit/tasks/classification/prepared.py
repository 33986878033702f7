"""The preparation of labelled texts for training."""

from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from toolkit.data import TextExamples, encode, open_source, scan, table_format
from toolkit.data.splits import held_out_rows
from toolkit.errors import OptionError
from toolkit.models import SequenceModel
from toolkit.options import option
from toolkit.tasks.card import validation_words
from toolkit.tasks.classification import defaults
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.pretrained import pretrained_sizes, read_pretrained
from toolkit.tasks.previous import with_more_tokens
from toolkit.tasks.settings import Settings
from toolkit.text import Tokenizer


@dataclass(frozen=True, kw_only=True)
class PreparedTexts(Prepared):
    """Labelled texts, prepared for training.

    Attributes:
        pretrained: The language model that initialises the network, if any.
    """

    pretrained: SequenceModel | None


def prepare_texts(settings: Settings, data: Any, validation_data: Any) -> PreparedTexts:
    """Read data three times: for classes and split, for the vocabulary, and to encode it.

    Args:
        settings: The settings of the training.
        data: The training data, for ``open_source``.
        validation_data: The validation data, if any; else a share of the data is held out.

    Raises:
        DataError: A row cannot be used, or there are fewer than two classes.
        OptionError: The pretrained model has another token level or other sizes.
    """
    pretrained, settings = pretrained_of(settings)
    splitting = validation_data is None and settings.validation_split > 0
    examples = TextExamples(
        open_source(data, "train", table_format(settings)), settings.columns, grouped=splitting
    )
    scanned = scan(examples, settings.target, settings.known_classes)
    train_rows, held_rows = np.arange(scanned.count), None
    if splitting:
        train_rows, held_rows = scanned.split(settings.validation_split, settings.seed)
    in_training = np.zeros(scanned.count, bool)
    in_training[train_rows] = True
    settings = settings.reading_as(examples)
    tokenizer, settings = text_layer(settings, pretrained)
    texts = scanned.reread(examples)
    used_texts = (example.text for example, used in zip(texts, in_training, strict=True) if used)
    if settings.previous is not None:
        tokenizer = with_more_tokens(tokenizer, settings, used_texts)
    elif pretrained is None:
        tokenizer.adapt(used_texts)
    corpus = encode(examples, tokenizer, scanned.encoder, expected=scanned)
    train, held_out, validation = corpus.subset(train_rows), None, None
    if held_rows is not None:
        held_out = corpus.subset(held_rows)
    elif validation_data is not None:
        validation = TextExamples(
            open_source(validation_data, "test", table_format(settings)),
            settings.columns,
            grouped=False,
        )
        held_out = encode(validation, tokenizer, scanned.encoder)

    def held_out_texts() -> list[str]:
        held = compress(examples, ~in_training) if validation is None else validation
        return first_inputs(example.text for example in held)

    classes = scanned.encoder.classes
    manner = f"by {settings.group_column}" if settings.group_column else "stratified"
    facts = {
        "data": examples.source.name,
        "rows": len(train),
        "classes": dict(zip(classes, train.class_counts.tolist(), strict=True)),
        "validation": validation_words(held_out, validation_data, manner, settings.seed),
    }
    return PreparedTexts(
        settings=settings,
        preprocessing=tokenizer,
        train=train,
        held_out=held_out,
        held_out_inputs=None if held_out is None else held_out_texts,
        held_out_data=None
        if held_out is None
        else held_out_rows(examples, ~in_training, validation),
        size=DataSize(len(train), int(train.lengths.sum())),
        classes=classes,
        facts=facts,
        named_columns=examples.named_columns,
        pretrained=pretrained,
    )


def pretrained_of(settings: Settings) -> tuple[SequenceModel | None, Settings]:
    """Return the pretrained language model, if any, and settings with its sizes."""
    if not settings.pretrained or settings.previous is not None:
        return None, settings
    pretrained = read_pretrained(settings.pretrained)
    return pretrained, settings.fix(**pretrained_sizes(pretrained.network, settings.options))


def text_layer(settings: Settings, pretrained: SequenceModel | None) -> tuple[Tokenizer, Settings]:
    """Return a new tokenizer, that of an earlier training, or that of a language model.

    The latter has a maximum length of its own.

    Raises:
        OptionError: The language model has another token level.
    """
    settings = settings.resolve(max_length=defaults.MAX_LENGTHS[settings.token_level])
    if (previous := settings.previous) is not None:
        return previous.model.preprocessing, settings.resolve(max_tokens=defaults.MAX_TOKENS)
    if pretrained is None:
        settings = settings.resolve(max_tokens=defaults.MAX_TOKENS)
        names = (
            "token_level",
            "lowercase",
            "normalization",
            "html_breaks",
            "max_tokens",
            "min_count",
        )
        chosen = {name: getattr(settings, name) for name in (*names, "max_length", "truncation")}
        return Tokenizer(**chosen), settings
    config = pretrained.preprocessing.get_config()
    if config["token_level"] != settings.token_level:
        raise OptionError(
            f"token_level is {settings.token_level}, but that of the pretrained model is "
            f"{config['token_level']}; set {option('token_level', config['token_level'])}"
        )
    config |= {"max_length": settings.max_length, "truncation": settings.truncation}
    return Tokenizer.from_config(config), settings
