"""The preparation of annotated sentences for training."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import (
    EntityExamples,
    TaggedCorpus,
    TaggedSentence,
    encode_tagged,
    open_entities,
    read_vectors,
    word_vectors,
)
from toolkit.data.entities.scan import scan_entities
from toolkit.data.splits import held_out_rows
from toolkit.errors import DataError, OptionError, shorten
from toolkit.evaluation import entity_fingerprint
from toolkit.inspection.entity_reading import TokenizedExample
from toolkit.models import SequenceModel
from toolkit.options import option
from toolkit.tagging import bioes_tags, spans_of, to_bioes
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.entities.alignment import EntityAligner, UnalignedEntities
from toolkit.tasks.entities.own_tokens import own_tokens
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.pretrained import embedding_vectors, pretrained_sizes, read_pretrained
from toolkit.tasks.previous import log_vocabulary
from toolkit.tasks.settings import Settings
from toolkit.text import TokenFeatures, choose_token_level

logger = logging.getLogger("toolkit")

#: The share of tokens that are cut otherwise in raw text from which the training warns of it.
MANY_CUT = 0.1


@dataclass(frozen=True, kw_only=True)
class PreparedSentences(Prepared):
    """Annotated sentences, prepared for training.

    Attributes:
        tag_counts: The frequency of each BIOES tag in the training part [C].
        word_counts: The frequency of each word of the vocabulary there [V].
        word_vectors: The initial vectors of words [V, E]; None for random ones.
        seen: The fingerprints of the entities of the training part.
        pretrained: The language model that initialises the network, if any.
        unaligned: The counter of unaligned entities of all parts but validation data.
    """

    tag_counts: NDArray[np.int64]
    word_counts: NDArray[np.int64]
    word_vectors: NDArray[np.float32] | None
    seen: frozenset[int]
    pretrained: SequenceModel | None
    unaligned: UnalignedEntities

    def check_entities(self) -> None:
        """Check that the training part has entities to learn.

        Raises:
            DataError: It has none.
        """
        if self.tag_counts[1:].any():
            return
        source = self.facts["data"]
        if self.unaligned.unaligned:
            raise DataError(f"{source}: {self.unaligned.describe('learnt')}")
        raise DataError(
            f"{source}: the training part has no entities, only the held-out part has; set "
            f"{option('validation_split', 0)}, or give validation data"
        )


def prepare_sentences(
    settings: Settings, examples: EntityExamples, validation_data: Any = None
) -> PreparedSentences:
    """Read data three times: for labels and split, for the vocabulary, and to encode it.

    Args:
        settings: The settings of the training.
        examples: The training data.
        validation_data: The validation data, for ``open_entities``, if any; else a share of the
            training data is held out.

    Raises:
        DataError: A row cannot be used, or there are no entities.
        OptionError: The pretrained model uses characters.
    """
    settings = settings.reading_as(examples)
    pretrained, settings = _pretrained(settings)
    scanned = scan_entities(examples, settings.known_classes)
    in_training = np.ones(scanned.count, bool)
    if validation_data is None and settings.validation_split:
        _, held_rows = scanned.split(settings.validation_split, settings.seed)
        in_training[held_rows] = False
    settings = settings.resolve(
        token_level=choose_token_level(scanned.sample) if scanned.sample else "words"
    )
    features = token_features(settings)
    aligner = EntityAligner(features, settings.sentences)
    counts: Counter[str] = Counter()
    seen: set[int] = set()
    unaligned = UnalignedEntities()
    examples_sentences = (cut.sentences for cut in unaligned.watch(aligner(examples)))
    for sentences, used in zip(examples_sentences, in_training, strict=True):
        for tokens, tags in sentences if used else ():
            counts.update(tokens)
            seen |= {
                entity_fingerprint(tokens[span.start : span.end], span.label)
                for span in spans_of(tags)
            }
    if unaligned.unaligned < unaligned.entities:  # else nothing can be learnt
        unaligned.log_unaligned("learnt")
    cut = own_tokens(features, counts if scanned.sample else {})
    if cut.share > MANY_CUT:
        logger.warning(
            "%.0f %% of the tokens are cut otherwise in raw text (such as %s), where entities are "
            "therefore harder to find",
            *(100 * cut.share, shorten([*cut.own], most=3)),
        )
    word_counts = features.adapt(counts, extend=settings.previous is not None)
    if settings.previous is not None:
        before = settings.previous.model.network.front.word_dropout.counts.numpy()
        word_counts[: len(before)] = np.maximum(word_counts[: len(before)], before)
        log_vocabulary("word", len(before), len(word_counts), settings.max_tokens)
    corpus = encode_sentences(
        (cut.sentences for cut in aligner(examples)), features, scanned.labels
    )
    train = corpus.subset(np.flatnonzero(in_training[corpus.rows]))
    held_out, validation = None, None
    if validation_data is not None:
        source = open_entities(validation_data, "test", settings.columns)
        validation = EntityExamples(source, settings.columns, labels=scanned.labels)
        held_out = encode_sentences(tagged_sentences(aligner(validation)), features, scanned.labels)
    elif not in_training.all():
        held_out = corpus.subset(np.flatnonzero(~in_training[corpus.rows]))

    def held_out_texts() -> list[str]:
        held = compress(examples, ~in_training) if validation is None else validation
        return first_inputs(e.text if e.text is not None else " ".join(e.tokens) for e in held)

    vectors, settings = _initial_vectors(settings, features, pretrained)
    all_tags = bioes_tags(scanned.labels)
    tag_counts = train.tag_counts(len(all_tags))
    previous = settings.previous
    earlier_share = 0.0 if previous is None else previous.facts.get("cut_share", 0.0)
    facts = {
        "data": examples.source.name,
        "rows": len(train),
        "classes": _entities(all_tags, tag_counts),
        "validation": validation_words(held_out, validation_data, "at random", settings.seed),
        "cut_share": max(round(cut.share, 6), earlier_share),
    }
    return PreparedSentences(
        settings=settings,
        preprocessing=features,
        train=train,
        held_out=held_out,
        held_out_inputs=None if held_out is None else held_out_texts,
        held_out_data=None
        if held_out is None
        else held_out_rows(examples, ~in_training, validation),
        size=DataSize(len(train), int(train.lengths.sum())),
        classes=scanned.labels,
        facts=facts,
        named_columns=examples.named_columns,
        tag_counts=tag_counts,
        word_counts=word_counts,
        word_vectors=vectors,
        seen=frozenset(seen),
        pretrained=pretrained,
        unaligned=unaligned,
    )


def _pretrained(settings: Settings) -> tuple[SequenceModel | None, Settings]:
    """Return the pretrained language model, if any, and settings with its sizes.

    Raises:
        OptionError: The model uses characters.
    """
    if not settings.pretrained or settings.previous is not None:
        return None, settings
    pretrained = read_pretrained(settings.pretrained)
    if pretrained.preprocessing.token_level != "words":
        raise OptionError(
            f"{settings.pretrained} uses characters; a tagger needs a language model over words"
        )
    return pretrained, settings.fix(**pretrained_sizes(pretrained.network, settings.options))


def token_features(settings: Settings) -> TokenFeatures:
    """Return a new preprocessing layer from tokens, or raw text, to features.

    Where a training goes on, it has the vocabularies of the earlier one.
    """
    names = (
        "token_level",
        "normalization",
        "html_breaks",
        "max_tokens",
        "min_count",
        "max_characters",
    )
    known = settings.previous.model.preprocessing.get_config() if settings.previous else {}
    return TokenFeatures(
        **{name: getattr(settings, name) for name in names}, vocabularies=known.get("vocabularies")
    )


def _initial_vectors(
    settings: Settings, features: TokenFeatures, pretrained: SequenceModel | None
) -> tuple[NDArray[np.float32] | None, Settings]:
    """Return the initial vectors of words, and settings with their size."""
    if pretrained is not None:
        known = zip(
            pretrained.preprocessing.vocabulary, embedding_vectors(pretrained.network), strict=True
        )
        return word_vectors(
            str(settings.pretrained), known, features.words, settings.seed
        ), settings
    if settings.vectors == "random" or settings.previous is not None:
        return None, settings
    vectors = read_vectors(settings.vectors, features.words, settings.seed)
    return vectors, settings.fix(embedding_size=vectors.shape[1])


def tagged_sentences(
    cuts: Iterable[TokenizedExample],
) -> Iterator[list[tuple[Sequence[str], list[str]]]]:
    """Yield the sentences of each example: tokens and their IOB2 tags.

    Unaligned entities are left out, and their number is logged.
    """
    unaligned = UnalignedEntities()
    for cut in unaligned.watch(cuts):
        yield cut.sentences
    unaligned.log_unaligned("learnt")


def encode_sentences(
    sentences: Iterable[list[tuple[Sequence[str], list[str]]]],
    features: TokenFeatures,
    labels: Sequence[str],
) -> TaggedCorpus:
    """Return sentences as a corpus with the numbers of BIOES tags as targets."""
    numbers = {tag: number for number, tag in enumerate(bioes_tags(labels))}
    return encode_tagged(
        (
            TaggedSentence(row, tokens, [numbers[tag] for tag in to_bioes(tags)])
            for row, example in enumerate(sentences)
            for tokens, tags in example
            if tokens
        ),
        features.lookup,
    )


def _entities(tags: Sequence[str], counts: NDArray[np.int64]) -> dict[str, int]:
    """Return the number of entities of each label, from the frequencies of their first tags."""
    entities: dict[str, int] = {}
    for tag, count in zip(tags, counts.tolist(), strict=True):
        if tag[0] in "BS":
            entities[tag[2:]] = entities.get(tag[2:], 0) + count
    return entities
