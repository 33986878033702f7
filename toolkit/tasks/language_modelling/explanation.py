"""Explanations of the next token of a language model, and their signature."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from toolkit.data import answer_readable
from toolkit.errors import OptionError
from toolkit.explanation import explained_row, likeliest_unless, row_by_row
from toolkit.explanation.options import Method, TokenExplanationOptions
from toolkit.export.signatures import checked, in_one_batch
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.answers import (
    integrated_answer,
    log_of,
    nothing_to_explain,
    rounded,
    token_columns,
    without_token,
)
from toolkit.tasks.explaining.base import Explaining
from toolkit.tasks.language_modelling.prompts import Prompt, read_prompts
from toolkit.tasks.language_modelling.serving import (
    condition_numbers,
    never_written,
    of_written,
    read_pieces,
)
from toolkit.text import Tokenizer, utf8
from toolkit.text.options import FIRST_BYTE, FIRST_SUBWORD
from toolkit.text.subwords import BYTES

#: The number of tokens at the end of a text that are explained; those before them are only read.
MOST_TOKENS = 1_000
#: The number of texts in one call.
BATCH = 64


def explain_signature(model: SequenceModel, ends: bool, conditions: Sequence[str]) -> Any:
    """Return ``explain``, a ``tf.function`` of ``prompt`` string [B] and ``token`` int32 [B].

    What is explained is the log probability of the token after the prompt, among those that can be
    generated: that with the number ``token``, or the likeliest for -1. With conditions it also
    takes ``condition`` string [B]. The path goes from vectors of zeros to those of the last
    ``MOST_TOKENS`` tokens. It returns ``tokens`` string [B, N], padded with ''; ``starts`` and
    ``ends`` int32 [B, N] in code points, padded with -1, unless tokens are subwords;
    ``attributions`` float [B, N]; ``target`` string [B], the token; ``log_probability``,
    ``baseline_log_probability`` and ``completeness_error`` float [B]; ``complete`` bool [B]; and
    ``path`` float [B, N, 1], the probability of the target after each token.

    Args:
        model: The tokenizer and ``OneToMany``.
        ends: Whether the network has learnt id 0, the end of a text.
        conditions: The names of the network's conditions, in the order of their numbers.
    """
    network, tokenizer = model.network, model.preprocessing
    size = tokenizer.vocabulary_size
    written = of_written(size, ends)
    scalars = ("score", "baseline_score", "completeness_error")
    specs = {
        "attributions": tf.TensorSpec([None], tf.float32),
        "path": tf.TensorSpec([None, 1], tf.float32),
        "number": tf.TensorSpec([], tf.int32),
        "complete": tf.TensorSpec([], tf.bool),
        **{name: tf.TensorSpec([], tf.float32) for name in scalars},
    }
    texts = [tf.TensorSpec([None], tf.string, name="prompt")]
    takes = [*texts, tf.TensorSpec([None], tf.int32, name="token")]
    if conditions:
        takes.append(tf.TensorSpec([None], tf.string, name="condition"))

    def log_probabilities(outputs: Any) -> Any:
        return tf.nn.log_softmax(tf.cast(network.logits(outputs), tf.float32) + written)

    @tf.function(input_signature=takes, autograph=False)
    def explain(*values: Any) -> dict[str, Any]:
        named = dict(zip((spec.name for spec in takes), values, strict=True))
        prompt, token, *condition = in_one_batch(**named)
        never = tf.reduce_any(token[:, None] == tf.constant(never_written(ends)), axis=1)
        right = tf.reduce_all((token >= -1) & (token < size) & ~never)
        message = (
            f"token must be -1 or the number of a token that is generated, below {size}, and is"
        )
        token = checked(token, right, message, token)
        prompt = tf.strings.unicode_transcode(prompt, "UTF-8", "UTF-8")
        inputs = model.prepare(prompt)
        ids = tf.pad(inputs["values"], [[0, 0], [1, 0]])  # 0 begins a text
        numbers = condition_numbers(condition[0], conditions) if conditions else None

        def row(number: Any) -> dict[str, Any]:
            length = inputs["length"][number]
            count = tf.clip_by_value(length, 1, MOST_TOKENS)
            earlier = length + 1 - count
            given = None if numbers is None else numbers[number, None]
            first = network.start(1, given)
            read = ids[number, None, :earlier]
            _, before = read_pieces(network, read, earlier[None], first)
            vectors, _ = network.front(ids[number, None, earlier : length + 1])
            real = tf.cast(vectors[0], tf.float32)

            def log_answers(points: Any) -> Any:
                rows = tf.shape(points)[0]
                states = [tf.repeat(state, rows, axis=0) for state in before]
                outputs, _ = network.read(tf.cast(points, vectors.dtype), states)
                return log_probabilities(outputs[:, -1])

            outputs, _ = network.read(vectors, before)
            chosen = likeliest_unless(token[number], log_probabilities(outputs[0, -1]))
            found = explained_row(
                *(log_answers, real, tf.zeros_like(real), chosen), dtype=network.compute_dtype
            )
            path = tf.map_fn(
                lambda output: tf.exp(log_probabilities(output[None])[0, chosen]),
                outputs[0],
                fn_output_signature=tf.float32,
            )
            return {**found, "path": path[:, None]}

        found = row_by_row(row, tf.size(prompt), specs)
        return {
            **_places(tokenizer, prompt, inputs),
            "attributions": found["attributions"],
            "path": found["path"],
            "target": tokenizer.tokens_of(found["number"]),
            "log_probability": found["score"],
            "baseline_log_probability": found["baseline_score"],
            "completeness_error": found["completeness_error"],
            "complete": found["complete"],
        }

    return explain


def _places(tokenizer: Any, prompt: Any, inputs: Any) -> dict[str, Any]:
    """Return the last tokens of prompts and, unless they are subwords, their places."""

    def padded(ragged: Any, padding: Any) -> Any:
        table = ragged[:, -MOST_TOKENS:].to_tensor(padding)
        more = [[0, 0], [0, tf.maximum(1 - tf.shape(table)[1], 0)]]
        return tf.pad(table, more, constant_values=padding)

    if not isinstance(tokenizer, Tokenizer):
        ids = tf.RaggedTensor.from_tensor(inputs["values"], inputs["length"])
        return {"tokens": padded(ids.with_values(tokenizer.tokens_of(ids.values)), "")}
    pieces = tokenizer.kept(prompt, tokenizer.max_length)
    paddings = {"tokens": "", "starts": -1, "ends": -1}
    return {name: padded(getattr(pieces, name), pad) for name, pad in paddings.items()}


def _number(target: str, vocabulary: Sequence[str], ends: bool) -> int:
    """Return the number of a token that can follow a text; '' is the end of a text.

    Raises:
        OptionError: There is none, or it can follow none.
    """
    name, as_bytes = target, utf8(target)
    if name not in vocabulary and len(as_bytes) == 1:
        name = BYTES[as_bytes[0]]  # with subwords, that of a character that is none
    if name not in vocabulary:
        raise OptionError(f"there is no token {target!r} in the vocabulary")
    number = vocabulary.index(name)
    if number in never_written(ends):
        raise OptionError(f"the token {target!r} never follows a text in this model")
    return number


class NextTokenExplanations(Explaining):
    """The explanations of a language model: what each token adds to the next one."""

    BASELINE = "as many vectors of zeros"
    WITHOUT = "the text without the token"

    _named: tuple[Any, list[str]] | None = None  # all tokens, with the signature that tells them

    if TYPE_CHECKING:
        classes: tuple[str, ...]
        facts: dict[str, Any]
        token_level: Any
        _check_fitted: Callable[[], None]
        _serve: Callable[..., dict[str, Any]]
        _calls: dict[str, Callable[..., dict[str, Any]]]

    def explain(
        self,
        texts: Any,
        target: str | None = None,
        method: Method = "integrated-gradients",
        condition: str | None = None,
    ) -> list[dict[str, Any]]:
        """Explain the log probability of the token after each text: what each token adds to it.

        Args:
            texts: Texts, as the prompts of ``predict``.
            target: The next token, as in the vocabulary; the likeliest one when None.
            method: As for a classifier, see ``ClassExplanations.explain``.
            condition: The condition of the texts, if the model has conditions.

        Returns:
            As for a classifier, after ``text`` and, if there is one, ``condition``; ``path`` has
            the probability of the target after each token.

        Raises:
            ModelError: The task is not fitted.
            OptionError: The token, the method or the condition is unknown.
        """
        self._check_fitted()
        options = TokenExplanationOptions(target=target, method=method, condition=condition)
        options.check_for(self.classes)
        token = -1 if target is None else _number(target, self._tokens(), self.facts["ends"])
        call = self._explain_call(method)
        prompts = read_prompts(texts, condition, self, self.classes)  # type: ignore[arg-type]

        def explanations(readable: list[Prompt]) -> Iterator[dict[str, Any]]:
            for prompt in readable:
                if call is None:
                    found = self._left_out(prompt, token)
                else:
                    outputs = call(prompt=[prompt.text], token=[token], **prompt.conditions)
                    found = self._integrated(
                        prompt, {name: each[0] for name, each in outputs.items()}
                    )
                asked = {name: value for name, (value,) in prompt.conditions.items()}
                yield {"text": prompt.text, **asked, **found}

        return answer_readable(prompts, explanations)

    def _explain_signature(self, model: SequenceModel) -> Any:
        return explain_signature(model, self.facts["ends"], self.classes)

    def _integrated(self, prompt: Prompt, outputs: dict[str, Any]) -> dict[str, Any]:
        """Return an explanation by integrated gradients."""
        if "starts" in outputs:
            shown = token_columns(prompt.text, outputs["starts"], outputs["ends"])
        else:
            shown = {"tokens": [token for token in outputs["tokens"] if token]}
        count = len(shown["tokens"])
        if not count:
            return nothing_to_explain()
        target = outputs["target"]
        return {
            "method": "integrated-gradients",
            "target": target,
            **integrated_answer(outputs, self.BASELINE),
            **shown,
            "attributions": rounded(outputs["attributions"][:count]),
            "path": {target: rounded(outputs["path"][:count, 0])},
        }

    def _left_out(self, prompt: Prompt, token: int) -> dict[str, Any]:
        """Return an explanation by leaving out each of the last tokens; of subwords, each word."""
        level = "words" if self.token_level == "subwords" else self.token_level
        tokenizer = Tokenizer(token_level=level, html_breaks=level == "words")  # type: ignore[arg-type]
        text = utf8(prompt.text).decode()
        pieces = tokenizer.kept([text], None)
        starts, ends = (
            each.values.numpy()[-MOST_TOKENS:].tolist() for each in (pieces.starts, pieces.ends)
        )
        if not starts:
            return nothing_to_explain()
        places = zip(starts, ends, strict=True)
        asked = [text, *(without_token(text, start, end, level) for start, end in places)]
        scores: list[float] = []
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            conditions = {name: value * len(batch) for name, value in prompt.conditions.items()}
            logits = self._serve("prefill", prompt=batch, **conditions)["logits"]
            if token < 0:
                token = int(logits[0].argmax())
            shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
            scores += log_of(np.exp(shifted[:, token]) / np.exp(shifted).sum(axis=1)).tolist()
        return {
            "method": "leave-one-out",
            "target": self._tokens()[token],
            "log_probability": rounded(scores[0]),
            "baseline": self.WITHOUT,
            **token_columns(text, starts, ends),
            "attributions": rounded(scores[0] - np.array(scores[1:])),
        }

    def _tokens(self) -> list[str]:
        """Return all tokens by their numbers, with the names that the vocabulary has for them."""
        detokenize = self._calls["detokenize"]
        if self._named is None or self._named[0] is not detokenize:  # of an earlier training
            condition = {"condition": [self.classes[0]]} if self.classes else {}
            logits = self._serve("prefill", prompt=[""], **condition)["logits"]
            numbers = np.arange(logits.shape[1])[:, None]
            names: list[str] = detokenize(tokens=numbers)["text"].tolist()
            if self.token_level == "subwords":  # a byte is no text by itself
                names[FIRST_BYTE:FIRST_SUBWORD] = BYTES
            self._named = detokenize, names
        return self._named[1]
