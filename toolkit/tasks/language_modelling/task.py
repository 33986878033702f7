"""Language modelling: the probability of text, and text generation."""

import itertools
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import Unreadable, answer_readable, conditioned_examples, open_conditioned
from toolkit.diagnostics.diagnosis import Subject, Track, Window
from toolkit.export import Core
from toolkit.export.generation import stream_text
from toolkit.export.options import GenerationOptions
from toolkit.inspection.findings import Warnings, warn_of_bad_rows
from toolkit.layers.cross_entropy import cross_entropy
from toolkit.models import OneToMany, SequenceModel, TruncatedBPTT
from toolkit.tasks.epoch_cost import cost_figures
from toolkit.tasks.language_modelling import defaults
from toolkit.tasks.language_modelling.card import card_words
from toolkit.tasks.language_modelling.core import step_core
from toolkit.tasks.language_modelling.explanation import NextTokenExplanations
from toolkit.tasks.language_modelling.inspection import inspect_text
from toolkit.tasks.language_modelling.options import MONITORS, LanguageModelOptions
from toolkit.tasks.language_modelling.outcomes import LanguageModelOutcomes, text_metrics
from toolkit.tasks.language_modelling.prompts import Prompt, read_prompts
from toolkit.tasks.language_modelling.readings import reading_of
from toolkit.tasks.language_modelling.serving import signatures
from toolkit.tasks.language_modelling.surprise import ReadTexts
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.task import Task

logger = logging.getLogger("toolkit")

#: The number of tokens generated after each epoch, and the largest number of conditions shown.
SHOWN, MOST_SHOWN = 120, 3


@dataclass(kw_only=True, eq=False, repr=False)
class LanguageModel(NextTokenExplanations, Task, LanguageModelOptions):
    """An estimator that learns to predict the next token of a text, and generates text.

    The options are those of ``LanguageModelOptions``; each has a default, and ``auto`` depends on
    the data.

    Example::

        model = LanguageModel(token_level="characters")
        model.fit("plays.txt")
        model.generate("To be", seed=1)
        model.evaluate("more.txt")["perplexity"]
        model.export("saved_models/plays")

    ``data`` is the path of a plain text file (one text, or with ``lines`` one text per line), of a
    folder of such files, each also ``.gz``, or of a table (one text per row); the name of a
    TensorFlow data set; a table in memory; or a list of texts. Tables are as those of
    ``TextClassifier``. Its end is held out.

    With ``condition_column`` each text has a condition, such as the sentiment of a review, and text
    can be generated for a given condition::

        model = LanguageModel(token_level="words", condition_column="label").fit("reviews.csv")
        model.generate(condition="positive")

    ``data`` is then a table, or a pair ``(texts, conditions)`` with any column name.

    ``evaluate`` reads text in one pass and carries the state along; with conditions each text is
    read by itself, from its condition to its end. It returns ``log_loss`` in nats per token, the
    lecture's J; ``bits``; ``perplexity``; ``units``, the number of tokens; and
    ``nats_per_character``, where characters are code points and a line end is one whatever system
    wrote it. Its ``output`` folder gets ``metrics.json``.

    Attributes are those of every task; ``classes`` are the conditions.
    """

    INPUT_NAME = "prompt"
    EXPORT_FORMATS = ("saved_model", "onnx", "litert")
    STEPS_INPUT = "ids"

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        return reading_of(settings.condition_column).prepare(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size, prepared.settings.token_level)

    def _network(self, prepared: Prepared) -> OneToMany:
        settings = prepared.settings
        names = (
            *("cell", "layers", "embedding_size", "hidden_size", "word_dropout", "dropout"),
            *("recurrent_dropout", "embedding_dropout", "output_dropout", "seed"),
        )
        return OneToMany(
            prepared.preprocessing.vocabulary_size,
            len(prepared.classes),
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in names},
        )

    def _batches(self, prepared: Prepared) -> Any:
        return reading_of(prepared.classes).batches(prepared.settings, prepared.train)

    def _trained_model(self, network: keras.Model, batches: Any, prepared: Prepared) -> keras.Model:
        return TruncatedBPTT(network, batches.rows, prepared.settings.sampled_softmax)

    def _log_size(self, prepared: Prepared, batches: Any, network: keras.Model) -> None:
        logger.info(
            "%d tokens of text to train on, %d %s to validate; %d batches of %d windows of %d; "
            "%d parameters",
            *(prepared.size.tokens, len(prepared.held_out or ())),
            "texts" if prepared.classes else "tokens",
            *(len(batches), batches.rows, batches.steps, network.count_params()),
        )

    def _monitors(self) -> Mapping[str, str]:
        return MONITORS

    def _validation(self, network: keras.Model, prepared: Prepared) -> Callable[[], dict[str, Any]]:
        """Measure the held-out text, and log generated text."""
        read = reading_of(prepared.classes).measure(network, prepared.held_out)

        def measure() -> dict[str, Any]:
            metrics = text_metrics(*read())
            for condition in prepared.classes[:MOST_SHOWN] or [None]:
                text = self.generate(max_length=SHOWN, condition=condition)
                label = "" if condition is None else f" ({condition})"
                logger.info("generated text%s: %s", label, " ".join(text.split()))
            return {name: metrics[name] for name in ("log_loss", "perplexity")}

        return measure

    def _final_metrics(
        self, network: keras.Model, prepared: Prepared, measure: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        reading = reading_of(prepared.classes)
        return text_metrics(*reading.measure(network, prepared.held_out, whole=True)())

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        warnings = Warnings()
        if settings.condition_column:
            for values, part in ((data, "train"), (validation_data, "test")):
                if values is not None:
                    source = open_conditioned(values, part, settings.columns)
                    examples = conditioned_examples(source, settings.columns)
                    deque(examples, maxlen=0)  # reading counts the bad rows
                    warn_of_bad_rows(examples, "row", warnings)
        prepared = self._resolve(self._prepare(settings, data, validation_data))
        return inspect_text(prepared, lambda: self._cost(prepared), warnings)

    def _epoch_figures(
        self, network: keras.Model, batches: Any, trial: Any, prepared: Prepared
    ) -> dict[str, Any]:
        seconds = len(batches) * trial.seconds / trial.steps
        epochs = prepared.settings.epochs
        return {
            "batches": len(batches),
            "windows_in_a_batch": batches.rows,
            "window": batches.steps,
            **cost_figures(network, trial, prepared.size.tokens, seconds, epochs),
        }

    # Gradients

    def _subject(self, data: Any, network: keras.Model) -> Subject:
        tokenizer = self._needs_model("diagnose").preprocessing
        reading = reading_of(self.classes)
        corpus = reading.encode(self, data, tokenizer, self.classes)
        settings = Settings(self).override(batch_tokens=self.facts["batch_tokens"])

        def losses(inputs: Any, targets: Any) -> tuple[Any, Any]:
            start = network.start(tf.shape(targets)[0], inputs.get("condition"))
            outputs, _ = network.outputs(inputs["ids"], start)
            values = cross_entropy(network.logits(outputs), targets)
            return values, tf.ones_like(values)

        def window(texts: int, steps: int) -> Window:
            inputs, targets = reading.window(corpus, texts, steps)
            tokens = tokenizer.tokens_of(targets[0]).numpy()
            return Window(inputs, targets, {"text": [t.decode("utf-8", "replace") for t in tokens]})

        tracks = {"text": Track(network.recurrent, at_end=False)}
        batches = reading.batches(settings, corpus).windows()
        return Subject(network, batches, losses, window, tracks)

    # Generation and evaluation

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
        """Generate text; see ``GenerationOptions``.

        Args:
            prompt: The beginning of the text.
            max_length: The largest number of generated tokens.
            temperature: The divisor of the logits.
            top_k: Sample only from this number of likeliest tokens.
            top_p: Sample only from the likeliest tokens that together have this probability.
            repetition_penalty: The divisor of the logits of tokens that occurred before.
            seed: The seed of the sampling.
            condition: One of ``classes``, if there are any.

        Returns:
            The prompt and the generated text.

        Raises:
            ModelError: The task is not fitted.
            OptionError: A value is out of its limits.
        """
        options = GenerationOptions(
            max_length=max_length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            repetition_penalty=repetition_penalty,
            seed=seed,
            condition=condition,
        )
        return self.predict([prompt], **asdict(options))[0]["text"]

    def predict(
        self, texts: Any, earlier: Counter[Any] | None = None, **generation: Any
    ) -> list[dict[str, Any]]:
        """Generate text for each prompt, in order.

        A text is a function of the seed, of its prompt with its condition, and of its number among
        those of equal prompts: other prompts do not change it, and equal prompts get different
        texts.

        Args:
            texts: A list of prompts or of pairs ``(prompt, condition)``; a ``.txt`` file with a
                prompt a line; or data of any kind that ``fit`` takes, with its own conditions
                unless ``condition`` is given.
            earlier: How often each prompt was given in earlier calls that go on in this one; it is
                counted on.
            generation: The values of ``GenerationOptions``.

        Returns:
            For each prompt ``text``, the prompt and the generated text, ``prompt``, and with
            conditions ``condition``. A prompt that cannot be read has only ``error``, its place and
            the reason.

        Raises:
            DataError: A row has an unknown condition.
            ModelError: The task is not fitted.
            OptionError: A value is out of its limits.
        """
        options = GenerationOptions(**generation)
        self.check_generated_length(options.max_length)
        values = asdict(options)
        del values["condition"]

        def answer(prompts: list[Prompt]) -> Iterator[dict[str, Any]]:
            for prompt in prompts:
                values["seed"] = [options.seed, prompt.number]
                outputs = self._serve(
                    "generate", prompt=[prompt.text], **prompt.conditions, **values
                )
                asked = {name: value for name, (value,) in prompt.conditions.items()}
                yield {"text": outputs["text"][0], "prompt": prompt.text, **asked}

        return answer_readable(self._prompts(texts, options.condition, earlier), answer)

    def stream(
        self,
        prompt: str | tuple[str, str] = "",
        earlier: Counter[Any] | None = None,
        **generation: Any,
    ) -> Iterator[str]:
        """Yield the text of ``generate`` in parts, the prompt first.

        Args:
            prompt: The beginning of the text, or a pair of it and its condition.
            earlier: How often each prompt was given before, as for ``predict``.
            generation: The values of ``GenerationOptions``.

        Raises:
            ModelError: The task is not fitted.
            OptionError: A value is out of its limits.
        """
        options = GenerationOptions(**generation)
        for each in self._prompts([prompt], options.condition, earlier):
            assert isinstance(each, Prompt)
            asked = replace(options, condition=each.condition)
            words = self.token_level == "words"
            yield from stream_text(self._serve, each.text, asked, words, each.number)

    def score(self, texts: Any, condition: str | None = None) -> list[dict[str, Any]]:
        """Return the negative log probability of each text, ``nll`` in nats, and its ``units``.

        Args:
            texts: As for ``predict``.
            condition: As for ``predict``.
        """

        def answer(prompts: list[Prompt]) -> Iterator[dict[str, Any]]:
            for prompt in prompts:
                row = self._serve("score", text=[prompt.text], **prompt.conditions)
                yield {"nll": float(row["nll"][0]), "units": int(row["units"][0])}

        return answer_readable(self._prompts(texts, condition), answer)

    def _outcomes(self, data: Any, keep_errors: bool) -> LanguageModelOutcomes:
        self._check_fitted()
        reading = reading_of(self.classes)
        rows = np.array(list(reading.rows(self, self._serve, data)))
        read = ReadTexts(lambda: reading.texts(self, data), self._serve, self.token_level)
        kept = read if keep_errors else None
        return LanguageModelOutcomes(rows, reading.checksum(self, data), kept)

    def _prompts(
        self, texts: Any, condition: str | None, earlier: Counter[Any] | None = None
    ) -> list[Prompt | Unreadable]:
        self._check_fitted()
        return read_prompts(texts, condition, self, self.classes, earlier)

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return signatures(model, self.facts["ends"], self.classes, self.max_generated_length)

    def _core(self, model: SequenceModel, questions: Sequence[Any], length: int | None) -> Core:
        return step_core(model, self.classes, self.facts["ends"])

    def _golden_questions(self, golden: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the prompts, with the conditions in turn."""
        questions = super()._golden_questions(golden)
        if not self.classes:
            return questions
        turns = itertools.cycle(self.classes)
        return [question | {"condition": next(turns)} for question in questions]

    def _card_words(self) -> dict[str, Any]:
        return card_words(self, self.facts)
