"""Translation, or any other text that is made of a text."""

import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import (
    LengthBatches,
    PairCorpus,
    PairExample,
    PairExamples,
    encode_pairs,
    open_pairs,
    source_texts,
    survey_pairs,
)
from toolkit.errors import DataError, ModelError, OptionError, count
from toolkit.evaluation import (
    Statistics,
    bleu_by_length,
    translation_metrics,
    translation_statistics,
    write_translations,
)
from toolkit.export import Servable, of_python
from toolkit.layers.cross_entropy import cross_entropy
from toolkit.models import EncoderDecoder, TextModel
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.description import constructor_call, translation_card, validation_words
from toolkit.tasks.diagnosis import Subject, Track, Window, longest
from toolkit.tasks.options import MONITORS, AskOptions, TranslatorOptions
from toolkit.tasks.task import Task, check_format, not_fitted
from toolkit.tasks.translation_inspection import inspect_pairs
from toolkit.tasks.translator_serving import (
    GOLDEN_TEXTS,
    greedy_ids,
    signatures,
    translate_all,
)
from toolkit.text import SubwordTokenizer, Tokenizer, utf8
from toolkit.training import fit, set_threads

logger = logging.getLogger("toolkit")

TextLayer = SubwordTokenizer | Tokenizer

#: How many units, padding included, are validated at once.
VALIDATION_TOKENS = 4_096
#: How many pairs are held in memory at once when evaluating.
CHUNK = 1024
#: Of a thousand training pairs, one may have more units for each of its source.
LENGTH_RATIO_SHARE = 0.999


@dataclass(kw_only=True, eq=False)
class Translator(Task, TranslatorOptions):
    """An estimator that learns from pairs of texts, and makes the one of the other.

    The hyperparameters are those of ``TranslatorOptions``; each has a default, and ``auto``
    suits itself to the data.

    Example::

        translator = Translator()
        translator.fit(("train.en", "train.de"), ("val.en", "val.de"))
        translator.predict(["A dog runs."])
        # [{'translation': 'Ein Hund rennt.', 'score': -0.21}]
        translator.export("saved_models/en_de")

    ``data`` is a pair of paths (two parallel files, a text a line, plain or ``.gz``), a path (TSV,
    CSV, JSONL, each also ``.gz``), the name of a TensorFlow data set, a pandas DataFrame, or
    ``(sources, targets)``.

    Attributes are those of every task.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._call: Any = not_fitted
        self._call_beam: Any = not_fitted
        self._call_align: Any = not_fitted

    # Learning

    def inspect(self, data: Any, validation_data: Any = None) -> dict[str, Any]:
        """Looks at pairs of texts as ``fit`` would meet them, and learns nothing.

        Args:
            data: The training data.
            validation_data: The validation data; the split that ``fit`` would make when None.

        Returns:
            The sections of ``toolkit.tasks.translation_inspection.inspect_pairs``;
            ``toolkit.evaluation.report_table`` lays them out for people.

        Raises:
            DataError: There is nothing that can be used.
            OptionError: A hyperparameter cannot work.
        """
        set_threads(self.threads)
        share = self.validation_split if validation_data is None else 0.0
        # Bad rows are reported, never stopped at; what auto comes to is of no concern to this one.
        other = replace(self, skip_bad_rows=True, validation_split=share)
        files = [PairExamples(open_pairs(data, "train", other), other)]
        layers, train, _ = other._read(files[0], None)
        if validation_data is not None:
            files.append(PairExamples(open_pairs(validation_data, "test", other), other))
        size = DataSize(len(train), int(train.target_lengths.sum()))
        return inspect_pairs(other, files, other._held, train, other._network(layers, size))

    def fit(self, data: Any, validation_data: Any = None, output: str | Path | None = None) -> Self:
        """Learns from pairs of texts.

        Args:
            data: The training data.
            validation_data: What the best weights are chosen by. Without it, the share
                ``validation_split`` of the training data is held out, pairs of the same source
                together; if that is 0, the last weights are kept.
            output: A folder in which ``history.csv`` is kept, complete after each epoch, and a
                checkpoint, from which the same call goes on after it was cut off; ``export`` to
                this folder ends the run and takes the checkpoint away.

        Raises:
            DataError: The data is not what it should be.
            OptionError: A hyperparameter cannot work, or the folder has a checkpoint of another
                training.
            DivergedError: The loss was not finite any more; the last good weights are kept.
        """
        set_threads(self.threads)
        keras.utils.set_random_seed(self.seed)
        examples = PairExamples(open_pairs(data, "train", self), self)
        layers, train, held_out = self._read(examples, validation_data)
        size = DataSize(len(train), int(train.target_lengths.sum()))
        self.facts |= {
            "data": examples.source.name,
            "rows": len(train),
            "length_ratio": _length_ratio(train),
            "validation": validation_words(
                None if held_out is None else len(held_out),
                validation_data is not None,
                "by source",
                self.seed,
            ),
            "command": constructor_call(self),
        }
        network = self._network(layers, size)
        self.text_model = TextModel(layers[0], network, target_tokenizer=layers[1])
        self.text_model.build()
        self._answer_with()

        budget = self._choose("batch_tokens", automatic.translator_batch_tokens(size))
        batches = LengthBatches(train, budget, self.seed)
        epochs = self._choose("epochs", automatic.translator_epochs(size))
        logger.info(
            "%d pairs of %d target units to train on, %d to validate; %d batches, "
            "%.1f %% of them padding; %d parameters",
            *(size.texts, size.tokens, 0 if held_out is None else len(held_out), len(batches)),
            *(100 * batches.padding_share, network.count_params()),
        )
        known = MONITORS["translation"]
        monitor = next(iter(known)) if self.monitor == "auto" else self.monitor
        validate = None if held_out is None else self._validation(network, held_out)
        self.history = fit(
            network,
            batches,
            self._training_options(automatic.translator(size)),
            loss=None,
            epochs=epochs,
            validate=validate,
            monitor=monitor,
            mode=known[monitor],
            folder=Path(output) if output else None,
            identity=self._identity(train, held_out),
            description=self._config(),
        )
        if held_out is not None:  # the answers that are exported are those of a beam
            self.metrics = translation_metrics(
                [answer["translation"] for answer in self.predict(self._held_sources)],
                self._held_targets,
            )
        return self

    def _read(
        self, examples: PairExamples, validation_data: Any
    ) -> tuple[tuple[TextLayer, TextLayer], PairCorpus, PairCorpus | None]:
        """Reads the data for the split, the vocabularies, the ids, and what is held out."""
        found = survey_pairs(examples)
        held = np.zeros(len(found.sources), bool)
        if validation_data is None and self.validation_split:
            _, rows = found.split(self.validation_split, self.seed)
            held[rows] = True
        self._held = held

        def training_texts(*sides: str) -> Iterator[str]:
            for example, left_out in zip(found.again(examples), held, strict=True):
                if not left_out:
                    yield from (getattr(example, side) for side in sides)

        layers = self._text_layers(training_texts, len(held))
        corpus = encode_pairs(found.again(examples), *layers)
        train = corpus.subset(np.flatnonzero(~held))
        short = np.maximum(train.source_lengths, train.target_lengths) <= self.max_length
        if not short.all():
            left_out = int((~short).sum())
            has, is_left = ("has", "is") if left_out == 1 else ("have", "are")
            logger.warning(
                "%s %s a side of more than %d units, and %s left out",
                *(count(left_out, "pair"), has, self.max_length, is_left),
            )
            train = train.subset(np.flatnonzero(short))
        if not len(train):
            raise DataError(f"{examples.source.name} has no pair that can be learnt from")
        held_out = None
        self._held_sources: list[str] = []
        self._held_targets: list[str] = []
        if validation_data is not None:
            others = PairExamples(open_pairs(validation_data, "test", self), self)
            held_out = encode_pairs(self._kept(others), *layers)
        elif held.any():
            again = zip(found.again(examples), held, strict=True)
            kept = self._kept(example for example, used in again if used)
            held_out = encode_pairs(kept, *layers)
        return layers, train, held_out

    def _kept(self, examples: Any) -> Iterator[PairExample]:
        """The same examples; their texts are kept to be translated and compared."""
        for example in examples:
            self._held_sources.append(example.source)
            self._held_targets.append(example.target)
            yield example

    def _text_layers(
        self, texts: Callable[..., Iterator[str]], pairs: int
    ) -> tuple[TextLayer, TextLayer]:
        """The layers of the source and the target, which may be one.

        Args:
            texts: Gives those of the sides that are named.
            pairs: How many pairs there are.
        """
        size = self._choose("max_tokens", automatic.translator_tokens(pairs))

        def layer(*sides: str) -> TextLayer:
            made: TextLayer
            if self.units == "subwords":
                made = SubwordTokenizer(size, file_name=f"{'_'.join(sides)}.txt")
            else:
                made = Tokenizer(
                    units=self.units,
                    lowercase=False,
                    html_breaks=False,
                    max_tokens=size,
                    min_count=self.min_count,
                )
            made.adapt(texts(*sides))
            return made

        if self.shared_vocabulary:
            return (layer("source", "target"),) * 2
        return layer("source"), layer("target")

    def _network(self, layers: tuple[TextLayer, TextLayer], size: DataSize) -> EncoderDecoder:
        suited = automatic.translator(size)
        chosen = {
            name: self._choose(name, getattr(suited, name))
            for name in (
                *("embedding_size", "hidden_size"),
                *("word_dropout", "dropout", "embedding_dropout", "output_dropout"),
            )
        }
        return EncoderDecoder(
            layers[0].vocabulary_size,
            layers[1].vocabulary_size,
            shared=self.shared_vocabulary,
            attention=self.attention,
            cell=self.cell,
            layers=self.layers,
            bidirectional=self.bidirectional,
            recurrent_dropout=self.recurrent_dropout,
            label_smoothing=self.label_smoothing,
            seed=self.seed,
            dtype=self.precision,
            **chosen,
        )

    def _validation(
        self, network: EncoderDecoder, held_out: PairCorpus
    ) -> Callable[[], dict[str, float]]:
        """A function that translates the held-out sources greedily and measures the result."""
        batches = LengthBatches(held_out, VALIDATION_TOKENS, shuffle=False)
        target_text = self._needs_text_model("fit").target_tokenizer
        ratio = self.facts["length_ratio"]

        @tf.function(
            input_signature=[held_out.input_signature, held_out.target_signature],
            autograph=False,
        )
        def measured(inputs: Any, targets: Any) -> tuple[Any, Any, Any]:
            ids = greedy_ids(network, inputs["source"], ratio)
            logits = network(inputs, training=False)
            loss = network.compute_loss(inputs, targets, logits, training=False)
            units = tf.reduce_sum(tf.cast(network.target_mask(inputs["target"]), tf.float32))
            return target_text.detokenize(ids), loss * units, units

        def validate() -> dict[str, float]:
            parts = [measured(*batch) for batch in batches.dataset()]
            texts = batches.restore(np.concatenate([part[0].numpy() for part in parts]))
            given = [text.decode("utf-8", "replace") for text in texts]
            self.metrics = translation_metrics(given, self._held_targets)
            loss, units = (sum(float(part[i]) for part in parts) for i in (1, 2))
            numbers = {k: v for k, v in self.metrics.items() if isinstance(v, float)}
            return numbers | {"log_loss": loss / max(1.0, units)}

        return validate

    def _subject(self, data: Any, network: Any) -> Subject:
        text_model = self._needs_text_model("diagnose")
        layers = text_model.tokenizer, text_model.target_tokenizer
        corpus = encode_pairs(PairExamples(open_pairs(data, "test", self), self), *layers)

        def losses(inputs: Any, targets: Any) -> tuple[Any, Any]:
            found = cross_entropy(network(inputs, training=False), targets)
            return found, tf.cast(network.target_mask(inputs["target"]), tf.float32)

        def window(texts: int, steps: int) -> Window:
            shorter = np.minimum(corpus.source_lengths, corpus.target_lengths)
            some, length = longest(shorter, texts, steps)
            inputs = {side: ids[:, :length] for side, ids in corpus.inputs(some).items()}
            targets = corpus.targets(some)[:, :length]
            shown = {"source": inputs["source"][0], "target": targets[0]}
            units = {
                side: [unit.decode("utf-8", "replace") for unit in layer.units_of(ids).numpy()]
                for (side, ids), layer in zip(shown.items(), layers, strict=True)
            }
            return Window(inputs, targets, units)

        tracks = {
            "source": Track(network.encoder_layers, at_end=True),
            "target": Track(network.decoder_layers, at_end=False),
        }
        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        return Subject(network, batches, losses, window, tracks)

    # Answering

    def predict(
        self, texts: Any, beam_size: int | None = None, n_best: int = 1
    ) -> list[dict[str, Any]]:
        """Translates each text, in order.

        Args:
            texts: A list or series of strings, a DataFrame, a path, or whatever else ``fit`` takes;
                targets are passed over. A missing text is answered as an empty one, and an empty
                one with nothing.
            beam_size: How many hypotheses are followed; None is the option's, or ``n_best`` if that
                is more.
            n_best: How many translations are given of each text, at most ``beam_size``.

        Returns:
            For each text ``translation`` and ``score``, its log probability divided by a power of
            its length; with ``n_best`` of 2 or more also ``translations`` and ``scores``, the best
            first. Equal translations, which may come of different units, count once, so that there
            may be fewer.

        Raises:
            ModelError: Nothing has been learnt yet.
            OptionError: The beam's size cannot be, or is smaller than ``n_best``.
        """
        size = max(self.beam_size, n_best) if beam_size is None else beam_size
        AskOptions(beam_size=size, n_best=n_best)  # complains of values that cannot be
        source = self._texts(texts)
        if size == self.beam_size and n_best == 1:
            answers = translate_all(source, lambda some: self._call(text=some), size)
            found = zip(answers.get("translation", ()), answers.get("score", ()), strict=True)
            return [{"translation": text, "score": float(score)} for text, score in found]
        answers = translate_all(
            source, lambda some: self._call_beam(text=some, beam_size=size), size
        )
        rows = zip(answers.get("translations", ()), answers.get("scores", ()), strict=True)
        return [_best(translations, scores, n_best) for translations, scores in rows]

    def _texts(self, texts: Any) -> list[str]:
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            return texts
        return list(source_texts(open_pairs(texts, "test", self)))

    def align(self, text: str, translation: str | None = None) -> dict[str, Any]:
        """Says where the decoder looked while it wrote a translation.

        Args:
            text: The source.
            translation: What was written; the best translation when None.

        Returns:
            ``source`` and ``target``, the units of both, and ``weights``, an array [T, S] whose
            rows sum to one.

        Raises:
            ModelError: Nothing has been learnt yet, or the network has no attention.
        """
        if translation is None:
            translation = self.predict([text])[0]["translation"]
        found = self._call_align(text=[text], translation=[translation])
        source, target = ([u for u in found[side][0] if u] for side in ("source", "target"))
        return {
            "source": source,
            "target": target,
            "weights": found["weights"][0, : len(target), : len(source)],
        }

    def evaluate(self, data: Any, output: str | Path | None = None) -> dict[str, Any]:
        """Measures the model on pairs of texts.

        Args:
            data: Pairs, of the same kinds as for ``fit``.
            output: A folder that gets ``metrics.json``, ``translations.csv``, the worst first, and
                ``bleu_by_length.png``.

        Returns:
            sacreBLEU's BLEU and chrF with their signatures, BLEU without case, the share of
            translations that are exactly the reference, and BLEU by the length of the source.

        Raises:
            DataError: The data is not what it should be.
            ModelError: Nothing has been learnt yet.
        """
        sources, given, right, _ = self._translated(data)
        rows = bleu_by_length(sources, given, right)
        metrics = translation_metrics(given, right) | {"by_length": [r._asdict() for r in rows]}
        if not metrics["bleu"]:
            logger.warning(
                "BLEU is 0, as it is where no translation has four words, or none of its words is "
                "right; chrF and the share of exact matches say more of short texts"
            )
        if output:
            write_translations(Path(output), metrics, rows, sources, given, right)
        return metrics

    def statistics(self, data: Any) -> Statistics:
        """Gives what BLEU and chrF on pairs of texts are made of, for ``compare``.

        Raises:
            DataError: The data is not what it should be.
            ModelError: Nothing has been learnt yet.
        """
        _, given, right, checksum = self._translated(data)
        return replace(translation_statistics(given, right), checksum=checksum)

    def _translated(self, data: Any) -> tuple[list[str], list[str], list[str], int]:
        """Sources, translations, references, and the checksum of what was read."""
        stream = iter(PairExamples(open_pairs(data, "test", self), self))
        sources: list[str] = []
        given: list[str] = []
        right: list[str] = []
        checksum = 0
        while chunk := list(islice(stream, CHUNK)):
            texts = [example.source for example in chunk]
            sources += texts
            given += [answer["translation"] for answer in self.predict(texts)]
            right += [example.target for example in chunk]
            read = repr([(example.source, example.target) for example in chunk])
            checksum = zlib.crc32(read.encode("utf-8", "surrogatepass"), checksum)
        return sources, given, right, checksum

    # Keeping

    def _serve(self, servable: Servable) -> None:
        self._call = servable
        self._call_beam = lambda **inputs: servable(signature="beam", **inputs)
        self._call_align = _no_attention
        if "align" in servable.signatures:
            self._call_align = lambda **inputs: servable(signature="align", **inputs)

    def _answer_with(self, stored: Callable[..., dict[str, Any]] = dict) -> dict[str, Any]:
        """Lets the network answer, as its signatures will; they are given back."""
        text_model = self._needs_text_model("export")
        ratio = self.facts["length_ratio"]
        found = stored(signatures(text_model, self.beam_size, self.length_penalty, ratio))
        self._call, self._call_beam = (
            of_python(found[name]) for name in ("serving_default", "beam")
        )
        self._call_align = of_python(found["align"]) if "align" in found else _no_attention
        return found

    def export(
        self,
        folder: str | Path,
        format: str = "saved_model",
        golden: Sequence[str] | None = None,
    ) -> Path:
        """Writes a new version of the SavedModel, its golden file and its card.

        Args:
            folder: The run's folder.
            format: ``saved_model``; a translator has no other.
            golden: Texts for the golden file; without them some of our own.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: Nothing has been learnt yet, or ``model.keras`` is missing.
            OptionError: There is no such format.
        """
        check_format(format)
        if format == "onnx":
            raise OptionError(
                "a translator cannot be exported as onnx, which has no operators for its text and "
                "its beam search; export saved_model"
            )
        found = self._answer_with(self._stored)
        texts = [utf8(text).decode() for text in golden or GOLDEN_TEXTS]
        answers = translate_all(texts, lambda some: self._call(text=some), self.beam_size)
        network = self._needs_text_model("export").network
        return self._write(
            folder,
            found,
            {},
            texts,
            answers,
            translation_card(
                self, self.facts, self.metrics, found, network.count_params(), texts[0]
            ),
        )


def _no_attention(**_: Any) -> Any:
    raise ModelError("this network has no attention, which would show where it looks")


def _best(translations: Sequence[str], scores: Any, n_best: int) -> dict[str, Any]:
    """The answer of a beam: the first of equal translations, and none that is no hypothesis."""
    found: dict[str, float] = {}
    for translation, score in zip(translations, scores.tolist(), strict=True):
        if score > -float("inf"):
            found.setdefault(translation, score)
    some = list(islice(found.items(), n_best))
    answer: dict[str, Any] = dict(zip(("translation", "score"), some[0], strict=True))
    if n_best > 1:
        answer |= {"translations": [each[0] for each in some], "scores": [each[1] for each in some]}
    return answer


def _length_ratio(corpus: PairCorpus) -> float:
    """How many units targets have for each of their sources, but for a few of them."""
    ratios = corpus.target_lengths / np.maximum(1, corpus.source_lengths)
    return round(float(np.quantile(ratios, LENGTH_RATIO_SHARE)), 2)
