"""Translation, or any other mapping of texts to texts."""

import logging
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import (
    LengthBatches,
    PairCorpus,
    PairExamples,
    answer_readable,
    encode_pairs,
    open_pairs,
    plain_texts,
    source_texts,
    table_format,
)
from toolkit.diagnostics.diagnosis import Subject, Track, Window, longest, shortened
from toolkit.errors import ModelError, OptionError
from toolkit.evaluation import bleu_is_telling, resolve_tokenizer, translation_metrics
from toolkit.layers.cross_entropy import cross_entropy
from toolkit.models import EncoderDecoder, SequenceModel
from toolkit.options import option
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.task import Task
from toolkit.tasks.translation import defaults
from toolkit.tasks.translation.card import card_words
from toolkit.tasks.translation.explanation import TranslationExplanations
from toolkit.tasks.translation.inspection import inspect_pairs
from toolkit.tasks.translation.options import (
    MONITORS,
    NO_TRANSLATION,
    BeamSearchOptions,
    TranslatorOptions,
)
from toolkit.tasks.translation.outcomes import TranslatorOutcomes
from toolkit.tasks.translation.prepared import PreparedPairs, prepare_pairs
from toolkit.tasks.translation.serving import (
    greedy_ids,
    signatures,
    translate_all,
    translations,
)

logger = logging.getLogger("toolkit")

#: The number of tokens, padding included, of a validation batch.
VALIDATION_TOKENS = 4_096
#: The number of pairs in memory during evaluation.
CHUNK = 1024


@dataclass(kw_only=True, eq=False, repr=False)
class Translator(TranslationExplanations, Task, TranslatorOptions):
    """An estimator that learns from pairs of texts, and translates texts.

    The options are those of ``TranslatorOptions``; each has a default, and ``auto`` depends on the
    data.

    Example::

        translator = Translator()
        translator.fit(("train.en", "train.de"), ("val.en", "val.de"))
        translator.predict(["A dog runs."])
        # [{'translation': 'Ein Hund rennt.', 'score': -0.21}]
        translator.export("saved_models/en_de")

    ``data`` is a pair of paths (two parallel files with one text per line, plain or ``.gz``), a
    path (TSV, CSV, JSONL, each also ``.gz``), the name of a TensorFlow data set, a pandas
    DataFrame, or ``(sources, targets)``.

    ``evaluate`` returns sacreBLEU's BLEU and chrF with their signatures, BLEU without case, the
    share of translations that equal the reference, and BLEU by the length of the source. The
    tokenizer of BLEU is the option ``bleu_tokenizer``, which may be changed after ``fit``. Its
    ``output`` folder gets ``metrics.json``, ``translations.csv``, the worst first, and
    ``bleu_by_length.png``.

    Attributes are those of every task.
    """

    NO_FORMAT = (
        "a translator cannot be exported as {format}, which has no operators for its text and "
        "its beam search"
    )
    STEPS_INPUT = "target"

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> PreparedPairs:
        examples = PairExamples(open_pairs(data, "train", settings.columns), settings.columns)
        return prepare_pairs(settings, examples, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size)

    def _network(self, prepared: Prepared) -> EncoderDecoder:
        settings = prepared.settings
        names = (
            *("attention", "cell", "layers", "bidirectional", "embedding_size", "hidden_size"),
            *("word_dropout", "dropout", "embedding_dropout", "output_dropout"),
            *("recurrent_dropout", "label_smoothing", "seed"),
        )
        return EncoderDecoder(
            prepared.preprocessing.vocabulary_size,
            prepared.target_preprocessing.vocabulary_size,
            shared=settings.shared_vocabulary,
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in names},
        )

    def _log_size(self, prepared: Prepared, batches: Any, network: keras.Model) -> None:
        logger.info(
            "%d pairs of %d target tokens to train on, %d to validate; %d batches, "
            "%.1f %% of them padding; %d parameters",
            *(prepared.size.texts, prepared.size.tokens, len(prepared.held_out or ())),
            *(len(batches), 100 * batches.padding_share, network.count_params()),
        )

    def _monitors(self) -> Mapping[str, str]:
        return MONITORS

    def _monitor(self, prepared: Prepared) -> str:
        assert isinstance(prepared, PreparedPairs)
        settings = prepared.settings
        references = [pair.target for pair in prepared.held_out_pairs]
        if settings.monitor != "auto" or not references:
            return super()._monitor(prepared)
        if bleu_is_telling(references, settings.bleu_tokenizer):
            return super()._monitor(prepared)
        logger.info(
            "monitor: chrf (chosen; set %s), since BLEU counts runs of four tokens and most "
            "references to validate with are shorter",
            option("monitor"),
        )
        return "chrf"

    def _validation(self, network: keras.Model, prepared: Prepared) -> Callable[[], dict[str, Any]]:
        """Translate the held-out sources greedily and measure the result."""
        assert isinstance(prepared, PreparedPairs)
        held_out: PairCorpus = prepared.held_out
        batches = LengthBatches(held_out, VALIDATION_TOKENS, shuffle=False)
        references = [pair.target for pair in prepared.held_out_pairs]
        tokenizer = prepared.settings.bleu_tokenizer
        ratio = prepared.facts["length_ratio"]

        @tf.function(
            input_signature=[held_out.input_signature, held_out.target_signature],
            autograph=False,
        )
        def validate_batch(inputs: Any, targets: Any) -> tuple[Any, Any, Any]:
            ids = greedy_ids(network, network.source_of(inputs), ratio)
            logits = network(inputs, training=False)
            loss = network.compute_loss(inputs, targets, logits, training=False)
            tokens = tf.reduce_sum(tf.cast(network.target_mask(inputs), tf.float32))
            return prepared.target_preprocessing.detokenize(ids), loss * tokens, tokens

        def measure() -> dict[str, Any]:
            parts = [validate_batch(*batch) for batch in batches.dataset()]
            texts = batches.restore(np.concatenate([part[0].numpy() for part in parts]))
            translations = [text.decode("utf-8", "replace") for text in texts]
            loss, tokens = (sum(float(part[i]) for part in parts) for i in (1, 2))
            metrics = translation_metrics(translations, references, tokenizer)
            return metrics | {"log_loss": loss / max(1.0, tokens)}

        return measure

    def _final_metrics(
        self, network: keras.Model, prepared: Prepared, measure: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Measure the translations of the exported model's beam search."""
        assert isinstance(prepared, PreparedPairs)
        answers = self.predict([pair.source for pair in prepared.held_out_pairs])
        return translation_metrics(
            [answer["translation"] for answer in answers],
            [pair.target for pair in prepared.held_out_pairs],
            prepared.settings.bleu_tokenizer,
        )

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        if validation_data is not None:
            settings = settings.override(validation_split=0.0)
        files = [PairExamples(open_pairs(data, "train", settings.columns), settings.columns)]
        prepared = prepare_pairs(settings, files[0])
        if validation_data is not None:
            files.append(
                PairExamples(
                    open_pairs(validation_data, "test", settings.columns), settings.columns
                )
            )
        return inspect_pairs(
            settings.token_level,
            files,
            prepared.held_out_rows,
            prepared.train,
            lambda: self._cost(self._resolve(prepared)),
        )

    # Gradients

    def _subject(self, data: Any, network: keras.Model) -> Subject:
        model = self._needs_model("diagnose")
        layers = model.preprocessing, model.target_preprocessing
        corpus = encode_pairs(PairExamples(open_pairs(data, "test", self), self), *layers)

        def losses(inputs: Any, targets: Any) -> tuple[Any, Any]:
            values = cross_entropy(network(inputs, training=False), targets)
            return values, tf.cast(network.target_mask(inputs), tf.float32)

        def window(texts: int, steps: int) -> Window:
            shorter = np.minimum(corpus.source_lengths, corpus.target_lengths)
            chosen, length = longest(shorter, texts, steps)
            lengths = {"source": "source_length", "target": "target_length"}
            inputs = shortened(corpus.inputs(chosen), length, **lengths)
            targets = corpus.targets(chosen)[:, :length]
            shown = {"source": inputs["source"][0], "target": targets[0]}
            tokens = {
                side: [token.decode("utf-8", "replace") for token in layer.tokens_of(ids).numpy()]
                for (side, ids), layer in zip(shown.items(), layers, strict=True)
            }
            return Window(inputs, targets, tokens)

        tracks = {
            "source": Track(network.encoder_layers, at_end=True),
            "target": Track(network.decoder_layers, at_end=False),
        }
        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        return Subject(network, batches, losses, window, tracks)

    # Prediction and evaluation

    def predict(
        self, texts: Any, beam_size: int | None = None, n_best: int = 1
    ) -> list[dict[str, Any]]:
        """Translate each text, in order.

        Args:
            texts: A list or series of strings, a DataFrame, a path, or data of any other kind that
                ``fit`` takes; a ``.txt`` file has a text a line. Targets are ignored. A missing
                text is answered as an empty one, whose translation is empty.
            beam_size: The number of hypotheses; None for that of the options, or ``n_best`` if that
                is more.
            n_best: The number of translations of each text, at most ``beam_size``.

        Returns:
            For each text ``translation`` and ``score``, its log probability divided by a power of
            its length; with ``n_best`` of 2 or more also ``translations`` and ``scores``, the best
            first. Equal translations of different tokens are returned once, so that there may be
            fewer. ``truncated`` says whether the text was too long to be read to its end; models
            of earlier versions read all. A text that cannot be read has an empty ``translation``
            and ``error``, its place and the reason.

        Raises:
            ModelError: The task is not fitted.
            OptionError: ``beam_size`` is out of its limits, or smaller than ``n_best``.
        """
        size = self.beam_size if beam_size is None else beam_size
        if beam_size is None and n_best > 1:
            size = max(min(size, self.max_beam_size), n_best)
        BeamSearchOptions(beam_size=size, n_best=n_best)  # checks the values
        as_served = size == self.beam_size and n_best == 1
        if size > self.max_beam_size and not as_served:
            name = option("n_best" if beam_size is None else "beam_size")
            raise OptionError(
                f"{name} is {size}; this model searches with at most {self.max_beam_size}"
            )
        self._check_fitted()
        source = list(
            source_texts(open_pairs(plain_texts(texts, table_format(self).encodings), "test", self))
        )
        ask = partial(self._serve, "serving_default")
        if not as_served:
            ask = partial(self._serve, "beam", beam_size=size)
        return answer_readable(
            source,
            lambda read: translations(translate_all(read, ask, size), n_best),
            NO_TRANSLATION,
        )

    def align(self, text: str, translation: str | None = None) -> dict[str, Any]:
        """Return the attention weights of a translation.

        Args:
            text: The source.
            translation: The target; None for the best translation.

        Returns:
            ``source`` and ``target``, the tokens of both, and ``weights``, an array [T, S] whose
            rows sum to one.

        Raises:
            ModelError: The task is not fitted, or the network has no attention.
        """
        self._check_fitted()
        if "align" not in self._calls:
            raise ModelError("this network has no attention, so there are no weights")
        if translation is None:
            translation = self.predict([text])[0]["translation"]
        outputs = self._serve("align", text=[text], translation=[translation])
        source, target = ([t for t in outputs[side][0] if t] for side in ("source", "target"))
        return {
            "source": source,
            "target": target,
            "weights": outputs["weights"][0, : len(target), : len(source)],
        }

    def _outcomes(self, data: Any, keep_errors: bool) -> TranslatorOutcomes:
        if self.bleu_tokenizer != "auto":
            resolve_tokenizer(self.bleu_tokenizer, ())  # complains before anything is translated
        stream = iter(PairExamples(open_pairs(data, "test", self), self))
        pairs: list[tuple[str, str]] = []
        translations: list[str] = []
        checksum = 0
        while chunk := [(pair.source, pair.target) for pair in islice(stream, CHUNK)]:
            translations += [
                answer["translation"] for answer in self.predict([source for source, _ in chunk])
            ]
            pairs += chunk
            checksum = zlib.crc32(repr(chunk).encode("utf-8", "surrogatepass"), checksum)
        sources, references = ([pair[side] for pair in pairs] for side in (0, 1))
        tokenizer = resolve_tokenizer(self.bleu_tokenizer, references)
        align = self.align if keep_errors and "align" in self._calls else None
        return TranslatorOutcomes(sources, translations, references, checksum, tokenizer, align)

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        ratio = self.facts["length_ratio"]
        limits = (self.text_limit, self.max_beam_size)
        return signatures(model, self.beam_size, self.length_penalty, ratio, *limits)

    def _card_words(self) -> dict[str, Any]:
        return card_words(self, self.facts)
