"""Text that goes on: how likely it is, and more of it."""

import collections
import itertools
import json
import logging
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import (
    EncodedCorpus,
    LabelEncoder,
    StreamBatches,
    StreamCorpus,
    TextBatches,
    TextStream,
    conditioned_examples,
    conditioned_prompts,
    encode,
    encode_stream,
    open_conditioned,
    open_stream,
    parted,
    size_of,
    whole_texts,
)
from toolkit.data.on_disk import let_go
from toolkit.data.text_stream import Piece
from toolkit.decoding import Drawing, choose
from toolkit.errors import DataError, OptionError, count
from toolkit.evaluation import Metric, Statistics
from toolkit.export import Servable, of_python
from toolkit.files import atomic_write
from toolkit.layers.cross_entropy import cross_entropy
from toolkit.models import Carried, OneToMany, TextModel
from toolkit.options import option
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.conditioned import (
    known_examples,
    measured_texts,
    read_conditioned,
    text_reader,
    units_of,
)
from toolkit.tasks.description import constructor_call, language_card, validation_words
from toolkit.tasks.diagnosis import Subject, Track, Window, longest
from toolkit.tasks.findings import Warnings, warn_of_bad_rows
from toolkit.tasks.language_model_serving import GOLDEN_PROMPTS, SPACES, losses, signatures
from toolkit.tasks.options import (
    MONITORS,
    LanguageModelOptions,
    WritingOptions,
    check_condition,
)
from toolkit.tasks.task import Task, check_format, not_fitted
from toolkit.tasks.text_inspection import inspect_text
from toolkit.text import SubwordTokenizer, Tokenizer, utf8
from toolkit.training import fit, set_threads

logger = logging.getLogger("toolkit")

#: While training, held-out text is read in stretches of about so many units, side by side.
VALIDATED_TOGETHER, MOST_ROWS = 2_000, 64
#: Up to so many units `evaluate` reads as one stretch, one unit after the other.
EVALUATED_ALONE = 250_000
#: How many units of a stretch are read at once.
STEPS = 512
#: How many units of text are shown after each epoch.
SHOWN = 120
#: Of so many conditions at most.
MOST_SHOWN = 3
#: Texts with conditions are learnt from in at least so many groups an epoch, if there are as many.
FEWEST_GROUPS = 8
#: About how many characters `evaluate` reads at once, and `compare` draws together.
FEW_LINES = 2_000


@dataclass(kw_only=True, eq=False)
class LanguageModel(Task, LanguageModelOptions):
    """An estimator that learns from text which unit follows which, and writes more of it.

    The hyperparameters are those of ``LanguageModelOptions``; each has a default, and ``auto``
    suits itself to the data.

    Example::

        model = LanguageModel(units="characters")
        model.fit("plays.txt")
        model.generate("To be", seed=1)
        model.evaluate("more.txt")["perplexity"]
        model.export("saved_models/plays")

    ``data`` is the path of a plain text file (one text, or with ``lines`` a text a line), of a
    folder of such files, of a CSV, TSV or JSON Lines file (a text a row), each also ``.gz``; the
    name of a TensorFlow data set; a DataFrame; or a list of texts.

    With ``condition_column`` each text has a condition, such as the sentiment of a review, and
    text is written of the condition that is asked for::

        model = LanguageModel(units="words", condition_column="label").fit("reviews.csv")
        model.generate(condition="positive")

    ``data`` is then a table; or a pair ``(texts, conditions)``, whatever the column is called.

    Attributes are those of every task.
    """

    ASKED = "prompt"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._asks: dict[str, Callable[..., dict[str, Any]]] = {}

    # Learning

    def inspect(self, data: Any, validation_data: Any = None) -> dict[str, Any]:
        """Looks at text as ``fit`` would meet it, and learns nothing.

        Args:
            data: The training text.
            validation_data: The validation text; the end that ``fit`` would hold out when None.

        Returns:
            The sections of ``toolkit.tasks.text_inspection.inspect_text``;
            ``toolkit.evaluation.report_table`` lays them out for people.

        Raises:
            DataError: There is nothing that can be used.
            OptionError: A hyperparameter cannot work.
        """
        set_threads(self.threads)
        # Bad rows are reported, never stopped at; what auto comes to is of no concern to this one.
        other = replace(self, skip_bad_rows=True)
        warnings = Warnings()
        if self.condition_column:
            for each, part in ((data, "train"), (validation_data, "test")):
                if each is not None:
                    examples = conditioned_examples(open_conditioned(each, part, other), other)
                    collections.deque(examples, maxlen=0)  # they count as they are read
                    warn_of_bad_rows(examples, "row", warnings)
        tokenizer, corpus, held_out = other._read_parts(data, validation_data)
        size = _data_size(corpus)
        network = other._network(tokenizer.vocabulary_size, size)
        network.build()
        budget = other._choose("batch_tokens", automatic.language_batch_tokens(size))
        batches = other._batches(corpus, budget)
        parts = {"training": corpus} | ({"held_out": held_out} if held_out is not None else {})
        return inspect_text(other, parts, other.classes, batches, network, size, warnings)

    def fit(self, data: Any, validation_data: Any = None, output: str | Path | None = None) -> Self:
        """Learns from text.

        Args:
            data: The training text.
            validation_data: What the best weights are chosen by. Without it, the share
                ``validation_split`` of the text, its end, is held out; if that is 0, the last
                weights are kept.
            output: A folder in which ``history.csv`` is kept, complete after each epoch, and a
                checkpoint, from which the same call goes on after it was cut off; ``export`` to
                this folder ends the run and takes the checkpoint away.

        Raises:
            DataError: The data is not what it should be, or too little.
            OptionError: A hyperparameter cannot work, or the folder has a checkpoint of another
                training.
            DivergedError: The loss was not finite any more; the last good weights are kept.
        """
        set_threads(self.threads)
        keras.utils.set_random_seed(self.seed)
        tokenizer, corpus, other = self._read_parts(data, validation_data)
        size = _data_size(corpus)
        self.facts["command"] = constructor_call(self)
        network = self._network(tokenizer.vocabulary_size, size)
        self.text_model = TextModel(tokenizer, network)
        self.text_model.build()
        self._answer_with()

        budget = self._choose("batch_tokens", automatic.language_batch_tokens(size))
        batches = self._batches(corpus, budget)
        epochs = self._choose("epochs", automatic.language_epochs(size))
        logger.info(
            "%d units of text to learn from, %d to validate; %d batches of %d windows of %d; "
            "%d parameters",
            *(size.tokens, 0 if other is None else _units(other), len(batches), batches.rows),
            *(batches.steps, network.count_params()),
        )
        known = MONITORS["text"]
        monitor = next(iter(known)) if self.monitor == "auto" else self.monitor
        carried = Carried(network, batches.rows, self.sampled_softmax)
        self.history = fit(
            carried,
            batches,
            self._training_options(automatic.language_model(size, self.units)),
            loss=None,
            epochs=epochs,
            validate=None if other is None else self._validation(network, other),
            monitor=monitor,
            mode=known[monitor],
            folder=Path(output) if output else None,
            identity=self._identity(corpus, other),
            description=self._config(),
        )
        if isinstance(other, EncodedCorpus):
            self.metrics = _metrics(*text_reader(network, other)())
        elif other is not None:
            self.metrics = _metrics(*_reader(network, other, -(-len(other) // EVALUATED_ALONE))())
        return self

    def _read_parts(self, data: Any, validation_data: Any) -> tuple[Any, Any, Any]:
        """The text layer, the training text and the held-out text, of either kind."""
        read = self._read_conditioned if self.condition_column else self._read_stream
        return read(data, validation_data)

    def _read_stream(
        self, data: Any, validation_data: Any
    ) -> tuple[Any, StreamCorpus, StreamCorpus | None]:
        """The text layer, the training text and the held-out text."""
        stream = open_stream(data, "train", self)
        train, held_out = self._parts(stream, validation_data)
        tokenizer = self._text_layer(piece.text for piece in train)
        corpus = encode_stream(train, tokenizer)
        if len(corpus) < 2:
            raise DataError(f"{stream.name} has too little text to learn from; it needs 2 units")
        ends = corpus.texts > 1
        other = None if held_out is None else encode_stream(held_out, tokenizer, ends)
        self.classes = ()
        self.facts |= {
            "data": stream.name,
            "rows": len(corpus),
            "ends": ends,
            "validation": _validation_words(other, validation_data is not None),
        }
        return tokenizer, corpus, other

    def _read_conditioned(
        self, data: Any, validation_data: Any
    ) -> tuple[Any, EncodedCorpus, EncodedCorpus | None]:
        """The text layer, the training texts and the held-out texts, with their conditions."""
        found = read_conditioned(self, data, validation_data, self._text_layer)
        corpus, other = found.train, found.held_out
        self.classes = found.conditions
        self.facts |= {
            "data": found.name,
            "rows": len(corpus),
            "ends": True,
            "classes": dict(zip(self.classes, corpus.class_counts.tolist(), strict=True)),
            "validation": validation_words(
                None if other is None else len(other),
                validation_data is not None,
                "stratified by condition",
                self.seed,
            ),
        }
        return found.tokenizer, corpus, other

    def _parts(
        self, stream: TextStream, validation_data: Any
    ) -> tuple[TextStream, TextStream | None]:
        """The training text and the held-out text; both are read once."""
        size = size_of(stream)
        if validation_data is not None:
            held_out = open_stream(validation_data, "test", self)
            size_of(held_out)
            return stream, held_out
        if not self.validation_split:
            return stream, None
        train, held_out = parted(stream, size, self.validation_split)
        if not any(piece.text for piece in held_out) or not any(p.text for p in train):
            raise DataError(
                f"{stream.name} has {count(size.characters, 'character')} in "
                f"{count(size.texts, 'text')}, too little to hold out {self.validation_split:g} of "
                "it; give more, or validation data"
            )
        if size.texts > 1 and size.characters < 2 * (size.characters - size.last):
            raise DataError(
                f"the last text of {stream.name} is more than half of it, and texts are held out "
                f"whole; give validation data, or set {option('validation_split', 0)}"
            )
        return train, held_out

    def _text_layer(self, texts: Iterable[str]) -> Any:
        size = self._choose("max_tokens", automatic.language_tokens(self.units))
        layer: Any
        if self.units == "subwords":
            layer = SubwordTokenizer(size)
        else:
            layer = Tokenizer(
                units=self.units,
                lowercase=self.lowercase,
                normalization="NFC",
                html_breaks=self.units == "words",
                max_tokens=size,
                min_count=self.min_count,
            )
        layer.adapt(texts)
        return layer

    def _batches(
        self, corpus: StreamCorpus | EncodedCorpus, budget: int
    ) -> StreamBatches | TextBatches:
        """Windows side by side, with so many units together; of little text fewer and shorter."""
        if isinstance(corpus, EncodedCorpus):
            steps = min(self.window, int(corpus.lengths.max()) + 1, budget)
            rows = max(1, min(budget // steps, len(corpus) // FEWEST_GROUPS))
            return TextBatches(corpus, rows, steps, self.seed)
        steps = max(1, min(self.window, len(corpus) // 4, budget))
        rows = max(1, min(budget // steps, len(corpus) // (2 * steps)))
        return StreamBatches(corpus, rows, steps, self.seed)

    def _network(self, vocabulary_size: int, size: DataSize) -> OneToMany:
        suited = automatic.language_model(size, self.units)
        chosen = {
            name: self._choose(name, getattr(suited, name))
            for name in ("embedding_size", "hidden_size", "embedding_dropout", "output_dropout")
        }
        return OneToMany(
            vocabulary_size,
            len(self.classes),
            cell=self.cell,
            layers=self.layers,
            word_dropout=self.word_dropout,
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            seed=self.seed,
            dtype=self.precision,
            **chosen,
        )

    def _validation(
        self, network: OneToMany, held_out: StreamCorpus | EncodedCorpus
    ) -> Callable[[], dict[str, float]]:
        """A function that measures the held-out text, and shows what the network writes."""
        if isinstance(held_out, EncodedCorpus):
            read = text_reader(network, held_out)
        else:
            rows = max(1, min(MOST_ROWS, len(held_out) // VALIDATED_TOGETHER))
            read = _reader(network, held_out, rows)

        def validate() -> dict[str, float]:
            found = _metrics(*read())
            for condition in self.classes[:MOST_SHOWN] or [None]:
                text = self.generate(max_length=SHOWN, condition=condition)
                of_condition = "" if condition is None else f" ({condition})"
                logger.info("it writes%s: %s", of_condition, " ".join(text.split()))
            return {name: found[name] for name in ("log_loss", "perplexity")}

        return validate

    def _subject(self, data: Any, network: Any) -> Subject:
        tokenizer = self._needs_text_model("diagnose").tokenizer
        corpus = self._encoded(data, tokenizer)
        batches = self._batches(corpus, self.facts["batch_tokens"])

        def losses(inputs: Any, targets: Any) -> tuple[Any, Any]:
            start = network.start(tf.shape(targets)[0], inputs.get("condition"))
            outputs, _ = network.outputs(inputs["ids"], start)
            found = cross_entropy(network.logits(outputs), targets)
            return found, tf.ones_like(found)

        def window(texts: int, steps: int) -> Window:
            if isinstance(corpus, EncodedCorpus):
                some, length = longest(corpus.lengths, texts, steps)
                targets = corpus.inputs(some)[:, :length]
                ids = np.pad(targets[:, :-1], [(0, 0), (1, 0)])
                inputs = {"ids": ids, "condition": corpus.targets(some)}
            else:
                length = max(1, min(steps, len(corpus) // 2))
                rows = max(1, min(texts, len(corpus) // (2 * length)))
                inputs, targets = next(StreamBatches(corpus, rows, length).windows())
            units = [
                unit.decode("utf-8", "replace") for unit in tokenizer.units_of(targets[0]).numpy()
            ]
            return Window(inputs, targets, {"text": units})

        tracks = {"text": Track(network.recurrent, at_end=False)}
        return Subject(network, batches.windows(), losses, window, tracks)

    def _encoded(self, data: Any, tokenizer: Any) -> StreamCorpus | EncodedCorpus:
        """Text that is not learnt from, as ids."""
        if self.classes:
            examples = conditioned_examples(open_conditioned(data, "test", self), self)
            return encode(examples, tokenizer, LabelEncoder("classes", self.classes))
        stream = open_stream(data, "test", self)
        size_of(stream)
        return encode_stream(stream, tokenizer)

    # Answering

    def generate(
        self,
        prompt: str = "",
        max_length: int = 200,
        temperature: float = 0.8,
        top_k: int = 0,
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        condition: str | None = None,
    ) -> str:
        """Writes on.

        Args:
            prompt: What the text begins with.
            max_length: The most units that are written; see ``WritingOptions`` for these.
            temperature: What the logits are divided by.
            top_k: Only so many of the likeliest units are drawn from.
            top_p: Only the likeliest units are drawn from that together have this probability.
            repetition_penalty: What the logits of units that have been written are divided by.
            seed: The same seed writes the same text.
            condition: What the text is to be like: one of ``classes``, where there are any.

        Returns:
            The prompt and what was written.

        Raises:
            ModelError: Nothing has been learnt yet.
            OptionError: A value cannot be.
        """
        options = WritingOptions(
            max_length=max_length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            repetition_penalty=repetition_penalty,
            seed=seed,
            condition=condition,
        )
        return self.predict([prompt], **asdict(options))[0]["text"]

    def predict(self, texts: Any, **writing: Any) -> list[dict[str, Any]]:
        """Writes on from each prompt, in order.

        Args:
            texts: A list of prompts, each alone or with a condition of its own as a pair
                ``(prompt, condition)``; or whatever else ``fit`` takes, whose own conditions are
                taken unless ``condition`` is given.
            writing: The values of ``WritingOptions``.

        Returns:
            For each prompt ``text``, the prompt and what was written, ``prompt``, and where there
            are conditions ``condition``. Each is written as if it were asked alone, with the same
            seed.

        Raises:
            DataError: A row has no condition that was learnt.
            ModelError: Nothing has been learnt yet.
            OptionError: A value cannot be.
        """
        options = WritingOptions(**writing)
        values = asdict(options) | {"seed": [options.seed, 0]}
        del values["condition"]
        answers = []
        for prompt, condition in self._prompts(texts, options.condition):
            found = self._ask("generate", prompt=[prompt], **condition, **values)
            of_condition = {name: given for name, (given,) in condition.items()}
            answers.append({"text": found["text"][0], "prompt": prompt, **of_condition})
        return answers

    def stream(self, prompt: str | tuple[str, str] = "", **writing: Any) -> Iterator[str]:
        """Writes the same as ``generate``, piece by piece as it is made; the prompt comes first.

        Args:
            prompt: What the text begins with; or a pair of it and its condition.
            writing: The values of ``WritingOptions``.

        Raises:
            ModelError: Nothing has been learnt yet.
            OptionError: A value cannot be.
        """
        options = WritingOptions(**writing)
        ((prompt, condition),) = self._prompts([prompt], options.condition)
        found = self._ask("prefill", prompt=[prompt], **condition)
        size = found["logits"].shape[1]
        drawing = Drawing(
            tf.constant(float(options.temperature)),
            tf.constant(options.top_k),
            tf.constant(float(options.top_p)),
            tf.constant(float(options.repetition_penalty)),
            tf.constant([options.seed, 0]),
        )
        yield prompt
        seen = np.zeros((1, size), bool)
        # Words are joined as their neighbours want it; so the one before is looked at as well.
        words = self.units == "words"
        known: list[int] = []
        pending: list[int] = []
        first = " " if words and prompt and not prompt.endswith(tuple(SPACES)) else ""
        for number in range(options.max_length):
            logits, before = tf.constant(found["logits"]), tf.constant(seen)
            token = int(_chosen(logits, before, tf.constant(number), drawing)[0])
            if token == 0:
                break
            seen[0, token] = True
            pending.append(token)
            text = self._text(known + pending)[len(self._text(known)) :]
            if not text.endswith("\ufffd"):  # of a character the bytes come one by one
                yield first + text
                known, pending, first = pending if words else [], [], ""
            state = {name: value for name, value in found.items() if name != "logits"}
            found = self._ask("step", token=[token], **state)
        if pending:
            yield first + self._text(known + pending)[len(self._text(known)) :]

    def _text(self, tokens: Sequence[int]) -> str:
        """What units stand for."""
        return str(self._ask("detokenize", tokens=[tokens])["text"][0]) if tokens else ""

    def score(self, texts: Any, condition: str | None = None) -> list[dict[str, Any]]:
        """How likely each text is: ``nll`` in nats, and of how many ``units``.

        Args:
            texts: As for ``predict``.
            condition: Likewise.
        """
        found = [
            self._ask("score", text=[text], **of_text)
            for text, of_text in self._prompts(texts, condition)
        ]
        return [{"nll": float(row["nll"][0]), "units": int(row["units"][0])} for row in found]

    def evaluate(self, data: Any, output: str | Path | None = None) -> dict[str, Any]:
        """Measures the model on text, read in one pass with the state carried along.

        With conditions each text is read for itself, from its own condition to its end.

        Args:
            data: Text, of the same kinds as for ``fit``.
            output: A folder that gets ``metrics.json``.

        Returns:
            ``log_loss`` in nats a unit, the lecture's J; ``bits``; ``perplexity``; ``units``.

        Raises:
            DataError: The data is not what it should be.
            ModelError: Nothing has been learnt yet.
        """
        rows = np.array(list(self._read(data)))
        nll, units, characters = rows.sum(axis=0)
        metrics = _metrics(nll, units) | {"nats_per_character": float(nll / max(1, characters))}
        if output:
            atomic_write(Path(output) / "metrics.json", json.dumps(metrics, indent=2) + "\n")
        return metrics

    def statistics(self, data: Any) -> Statistics:
        """Gives what the loss on text is made of, for ``compare``.

        A row is of a few lines; with conditions it is of a text.

        Raises:
            DataError: The data is not what it should be.
            ModelError: Nothing has been learnt yet.
        """
        checksum = 0
        if self.classes:
            for example in known_examples(data, self, self.classes):
                checksum = zlib.crc32(utf8(f"{example.label}\n{example.text}"), checksum)
        else:
            for piece in open_stream(data, "test", self):
                checksum = zlib.crc32(utf8(piece.text), checksum)
        return Statistics(
            np.array(list(self._read(data))),
            {
                "nats_per_character": Metric(lambda s: s[..., 0] / s[..., 2], less_is_better=True),
                "log_loss": Metric(lambda s: s[..., 0] / s[..., 1], less_is_better=True, counts=1),
            },
            checksum,
        )

    def _read(self, data: Any) -> Iterator[tuple[float, int, int]]:
        """Nats, units and characters of each few lines, the state carried along.

        With conditions they are of each text.
        """
        if self.classes:
            yield from measured_texts(known_examples(data, self, self.classes), self._ask, _cut)
            return
        stream = open_stream(data, "test", self)
        size = size_of(stream)
        found = self._ask("prefill", prompt=[""])
        state = {name: np.zeros_like(each) for name, each in found.items() if name != "logits"}
        token: Any = np.zeros(1, np.int32)
        for text, is_end in _few_lines(stream):
            found = self._ask("read", text=[text], token=token, **state)
            nll, units = float(found["nll"][0]), int(found["units"][0])
            token = found["token"]
            state = {name: found[name] for name in state}
            if is_end and self.facts["ends"] and size.texts > 1:
                nll, units = nll + _surprise(found["logits"][0], 0), units + 1
                after = self._ask("step", token=token, **state)  # its last unit is read as well
                token, state = np.zeros(1, np.int32), {name: after[name] for name in state}
            yield nll, units, len(text)

    def _prompts(
        self, texts: Any, condition: str | None
    ) -> list[tuple[str, dict[str, Sequence[str]]]]:
        """Each prompt, and what else is to be asked with it: its condition, where there are any.

        Raises:
            DataError: It is no pair of both.
            OptionError: It has none of those that were learnt.
        """
        if not self._asks:
            not_fitted()
        pairs: Any
        if isinstance(texts, list) and all(isinstance(text, str | tuple) for text in texts):
            for text in texts:
                if isinstance(text, tuple) and len(text) != 2:
                    raise DataError(f"{text!r} is no pair of a prompt and its condition")
            pairs = [(text, condition) if isinstance(text, str) else text for text in texts]
        elif self.classes and condition is None:
            source = open_conditioned(texts, "test", self)
            pairs = list(conditioned_prompts(source, self, self.classes))
        else:
            stream = open_stream(texts, "test", self)
            pairs = [(text, condition) for text in whole_texts(stream)]
        for _, of_text in pairs:
            check_condition(of_text, self.classes)
        return [(text, {"condition": [of_text]} if self.classes else {}) for text, of_text in pairs]

    # Keeping

    def _ask(self, signature: str, **inputs: Any) -> dict[str, Any]:
        if not self._asks:
            not_fitted()
        return self._asks[signature](**inputs)

    def _serve(self, servable: Servable) -> None:
        self._asks = {name: partial(servable, signature=name) for name in servable.signatures}

    def _answer_with(self, stored: Callable[..., dict[str, Any]] = dict) -> dict[str, Any]:
        """Lets the network answer, as its signatures will; they are given back."""
        text_model = self._needs_text_model("export")
        found = stored(signatures(text_model, self.facts["ends"], self.classes))
        self._asks = {name: of_python(function) for name, function in found.items()}
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
            format: ``saved_model``; a language model has no other.
            golden: Prompts for the golden file; without them some of our own.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: Nothing has been learnt yet, or ``model.keras`` is missing.
            OptionError: There is no such format.
        """
        check_format(format)
        if format == "onnx":
            raise OptionError(
                "a language model cannot be exported as onnx, which has no operators for its text; "
                "export saved_model"
            )
        found = self._answer_with(self._stored)
        prompts = [utf8(text).decode() for text in golden or GOLDEN_PROMPTS]
        also = {}
        if self.classes:  # each in turn
            turns = itertools.islice(itertools.cycle(self.classes), len(prompts))
            also = {"condition": list(turns)}
        answers = self._ask("serving_default", prompt=prompts, **also)
        shown = next(filter(None, prompts), "")
        network = self._needs_text_model("export").network
        return self._write(
            folder,
            found,
            {},
            prompts,
            answers,
            language_card(self, self.facts, self.metrics, found, network.count_params(), shown),
            also,
        )


@tf.function(autograph=False, reduce_retracing=True)
def _chosen(logits: Any, seen: Any, number: Any, drawing: Drawing) -> Any:
    return choose(logits, seen, number, drawing)


def _reader(network: OneToMany, corpus: StreamCorpus, rows: int) -> Callable[[], tuple[float, int]]:
    """A function that gives nats and units of a corpus, read in so many stretches side by side."""
    length = -(-len(corpus) // rows)
    starts = length * np.arange(rows)[:, None]
    zeros = [tf.zeros([rows, size], network.compute_dtype) for size in network.sizes]

    @tf.function(
        input_signature=[
            *[tf.TensorSpec([rows, None], tf.int32)] * 2,
            *[tf.TensorSpec(each.shape, each.dtype) for each in zeros],
        ],
        autograph=False,
    )
    def measured(ids: Any, targets: Any, *state: Any) -> Any:
        outputs, after = network.outputs(ids, list(state))
        found = losses(network, outputs, tf.maximum(targets, 0))
        return tf.reduce_sum(tf.where(targets >= 0, found, 0.0)), after

    def read() -> tuple[float, int]:
        nll, state = 0.0, zeros
        for first in range(0, length, STEPS):
            places = starts + np.arange(first, min(first + STEPS, length))
            inside = places < len(corpus)
            targets = np.where(inside, corpus.ids[np.minimum(places, len(corpus) - 1)], -1)
            ids = np.where(places > 0, corpus.ids[np.clip(places - 1, 0, len(corpus) - 1)], 0)
            loss, state = measured(ids.astype(np.int32), targets.astype(np.int32), *state)
            nll += float(loss)
            let_go(corpus.ids)
        return nll, len(corpus)

    return read


def _metrics(nll: float, units: float) -> dict[str, Any]:
    """J, the mean cross-entropy of a unit, in nats and in bits; and its exponential."""
    loss = float(nll) / max(1, int(units))
    return {
        "log_loss": loss,
        "bits": loss / math.log(2),
        "perplexity": math.exp(min(loss, 700.0)),
        "units": int(units),
    }


def _surprise(logits: Any, unit: int) -> float:
    """The negative log probability of a unit, in nats."""
    logits = logits.astype(np.float64)
    highest = logits.max()
    return float(highest + np.log(np.exp(logits - highest).sum()) - logits[unit])


def _units(corpus: StreamCorpus | EncodedCorpus) -> int:
    """How many units there are to learn."""
    return units_of(corpus) if isinstance(corpus, EncodedCorpus) else len(corpus)


def _data_size(corpus: StreamCorpus | EncodedCorpus) -> DataSize:
    """By what ``auto`` suits itself."""
    return DataSize(getattr(corpus, "texts", len(corpus)), _units(corpus))


def _cut(text: str) -> list[str]:
    """What is read of a text at once."""
    return [some for some, _ in _few_lines([Piece(text, ends=True)])]


def _few_lines(stream: Iterable[Piece]) -> Iterator[tuple[str, bool]]:
    """Lines together, of about ``FEW_LINES`` characters; and whether a text ends with them."""
    for piece in stream:
        lines = piece.text.splitlines(keepends=True) or [""]
        some, size = [], 0
        for number, line in enumerate(lines, 1):
            some.append(line)
            size += len(line)
            if number == len(lines) or size >= FEW_LINES:
                yield "".join(some), piece.ends and number == len(lines)
                some, size = [], 0


def _validation_words(held_out: StreamCorpus | None, own_data: bool) -> str:
    if held_out is None:
        return "none"
    return f"{len(held_out):,} units " + ("of data of its own" if own_data else "held out, the end")
