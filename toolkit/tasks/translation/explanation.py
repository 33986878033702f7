"""Explanations of a translation, or of one of its tokens, and their signature."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from toolkit.data import answer_readable, open_pairs, plain_texts, source_texts, table_format
from toolkit.explanation import explained_row, left_out_row, row_by_row
from toolkit.explanation.options import Method, TranslationExplanationOptions
from toolkit.export.signatures import in_one_batch
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.answers import (
    nothing_to_explain,
    rounded,
    token_columns,
)
from toolkit.tasks.explaining.base import NetworkExplaining
from toolkit.tasks.options import CHARACTERS_PER_TOKEN
from toolkit.tasks.translation.serving import SPARE, first_tokens
from toolkit.text import UNKNOWN_ID, Tokenizer
from toolkit.text.strings import shorten

Tensor = Any

#: The entries of a vocabulary whose scores take as much memory as a usual step.
USUAL_ENTRIES = 1_000


def explanations(model: SequenceModel, most: int, length_ratio: float) -> tuple[Any, Any]:
    """Return ``explain``, and the same by leave-one-out, as ``tf.function``s.

    Both take ``text`` string [B], ``target`` string [B], a translation, and ``token`` int32 [B].
    What is explained is the log probability of the whole translation with its end, given the text,
    for -1, and where it has fewer tokens; or that of its token with a number from 0, given the text
    and the tokens before it, where the number behind the last is that of its end.

    They return ``tokens`` string [B, N], the tokens that are read of the text, padded with '';
    ``starts`` and ``ends`` int32 [B, N] in code points, padded with -1, unless tokens are subwords;
    ``attributions`` float [B, N]; ``token`` int32 [B], -1 for the whole, and ``token_text`` string
    [B], that token, '' for the end and the whole; ``target_truncated`` bool [B], whether the
    translation is longer than those that are written, so that its beginning alone is explained;
    ``unknown`` int32 [B], the number of its first token that is unknown, or -1;
    ``log_probability``, ``baseline_log_probability``, ``completeness_error`` float [B] and
    ``complete`` bool [B]. The path goes from vectors of zeros to those of the source's tokens;
    without a token, its vector is zero.

    Args:
        model: The preprocessing of both sides and ``EncoderDecoder``.
        most: The largest number of tokens that are read of a text.
        length_ratio: The largest number of target tokens per source token.
    """
    network, layer, target_layer = model.network, model.preprocessing, model.target_preprocessing
    most_written = math.ceil(length_ratio * most) + SPARE
    scalar = tf.TensorSpec([], tf.float32)
    specs = {
        "attributions": tf.TensorSpec([None], tf.float32),
        **dict.fromkeys(("score", "baseline_score", "completeness_error"), scalar),
        "complete": tf.TensorSpec([], tf.bool),
    }

    def explained(source: Any, target: Any, number: Tensor, by_gradients: bool) -> Any:
        """Return the outputs for a source and a target, which are one row each."""
        vectors, mask = network.encoder_front(source)
        values = tf.cast(vectors[0], tf.float32)
        read = tf.pad(target, [[1, 0]])[None]  # 0 begins a translation
        written = tf.pad(target, [[0, 1]])  # and ends it

        def log_answers(points: Tensor) -> Tensor:
            rows = tf.shape(points)[0]
            logits = network.after_front(
                tf.cast(points, vectors.dtype), tf.repeat(mask, rows, 0), tf.repeat(read, rows, 0)
            )
            logs = tf.nn.log_softmax(tf.cast(logits, tf.float32))
            each = tf.gather(logs, tf.repeat(written[None], rows, 0), axis=2, batch_dims=2)
            return tf.concat([tf.reduce_sum(each, 1, keepdims=True), each], 1)

        parts = values, tf.zeros_like(values), number + 1
        weight = 1 + target_layer.vocabulary_size // USUAL_ENTRIES
        if not by_gradients:
            return left_out_row(log_answers, *parts, weight=weight)
        return explained_row(log_answers, *parts, weight=weight, dtype=network.compute_dtype)

    def signature(by_gradients: bool) -> Any:
        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, name="text"),
                tf.TensorSpec([None], tf.string, name="target"),
                tf.TensorSpec([None], tf.int32, name="token"),
            ],
            autograph=False,
        )
        def explain(text: Any, target: Any, token: Any) -> dict[str, Any]:
            text, target, token = in_one_batch(text=text, target=target, token=token)
            text, target = (
                tf.strings.unicode_transcode(t, "UTF-8", "UTF-8") for t in (text, target)
            )
            source, _ = first_tokens(layer, text, most)
            written, is_longer = first_tokens(target_layer, target, most_written)
            token = tf.where((token < 0) | (token > written["length"]), -1, token)

            def row(index: Any) -> Any:
                count = tf.maximum(source["length"][index], 1)
                of_source = {"values": source["values"][index, None, :count], "length": count[None]}
                ids = written["values"][index, : written["length"][index]]
                return explained(of_source, ids, token[index], by_gradients)

            found = row_by_row(row, tf.size(text), specs)
            ids = tf.pad(written["values"], [[0, 0], [0, 1]])
            chosen = tf.gather(ids, tf.maximum(token, 0), axis=1, batch_dims=1)
            is_unknown = written["values"] == UNKNOWN_ID
            unknown = tf.where(
                tf.reduce_any(is_unknown, 1),
                tf.argmax(tf.cast(is_unknown, tf.int32), 1, output_type=tf.int32),
                -1,
            )
            chosen = tf.where((token < 0) | (token == written["length"]), 0, chosen)
            return {
                **_places(layer, text, source, most),
                "attributions": found["attributions"],
                "token": token,
                "token_text": target_layer.tokens_of(chosen),
                "target_truncated": is_longer,
                "unknown": unknown,
                "log_probability": found["score"],
                "baseline_log_probability": found["baseline_score"],
                "completeness_error": found["completeness_error"],
                "complete": found["complete"],
            }

        return explain

    return signature(True), signature(False)


def _places(layer: Any, text: Any, source: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Return the tokens that are read of texts and, unless they are subwords, their places."""

    def padded(ragged: Any, padding: Any) -> Any:
        table = ragged[:, :most].to_tensor(padding)
        more = [[0, 0], [0, tf.maximum(1 - tf.shape(table)[1], 0)]]
        return tf.pad(table, more, constant_values=padding)

    if not isinstance(layer, Tokenizer):
        ids = tf.RaggedTensor.from_tensor(source["values"], source["length"])
        return {"tokens": padded(ids.with_values(layer.tokens_of(ids.values)), "")}
    pieces = layer.kept(shorten(text, CHARACTERS_PER_TOKEN * most)[0], None)
    paddings = {"tokens": "", "starts": -1, "ends": -1}
    return {name: padded(getattr(pieces, name), pad) for name, pad in paddings.items()}


class TranslationExplanations(NetworkExplaining):
    """The explanations of a translator: what each token of a text adds to its translation."""

    BASELINE = "as many vectors of zeros"
    WITHOUT = "the text with zeros for the vector of the token"

    if TYPE_CHECKING:
        facts: dict[str, Any]
        predict: Callable[[Any], list[dict[str, Any]]]
        _check_fitted: Callable[[], None]
        _serve: Callable[..., dict[str, Any]]

    def explain(
        self,
        texts: Any,
        target: str | None = None,
        method: Method = "integrated-gradients",
        token: int | None = None,
    ) -> list[dict[str, Any]]:
        """Explain the translation of each text: what each of its tokens adds to it.

        The number that is explained is the log probability of the whole translation, its end
        included, given the text; or that of one of its tokens, given the text and those before it.

        Args:
            texts: Texts, as for ``predict``.
            target: The translation; that of ``predict`` when None. It is cut into tokens anew.
            method: As for a classifier, see ``ClassExplanations.explain``; ``leave-one-out`` needs
                what ``save`` wrote as well.
            token: The number of a token of the translation, from 0, where the number behind the
                last is that of its end; the whole when None.

        Returns:
            As for a classifier; ``target`` is the translation, and ``token`` the ``number`` and the
            ``text`` of its token, if one is explained, '' for its end. Subwords have no places. A
            text without tokens, or whose translation does not have the token, is too long or has an
            unknown token, has ``error``.

        Raises:
            ModelError: The task is not fitted; or there are neither gradients nor ``model.keras``.
            OptionError: The method is unknown, or the number is negative.
        """
        self._check_fitted()
        options = TranslationExplanationOptions(target=target, method=method, token=token)
        call = self._call_by(method)
        form = table_format(self)
        source = source_texts(open_pairs(plain_texts(texts, form.encodings), "test", self))  # type: ignore[arg-type]

        def answers(read: Sequence[str]) -> Iterator[dict[str, Any]]:
            for text in read:
                yield self._explained_text(call, text, options)

        return answer_readable(list(source), answers)

    def _explanations(self, model: SequenceModel) -> tuple[Any, Any]:
        limit: int = self.text_limit  # type: ignore[attr-defined]
        return explanations(model, limit, self.facts["length_ratio"])

    def _golden_explanations(self, questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        answers = self._serve("serving_default", text=[each["text"] for each in questions])
        pairs = zip(questions, answers["translation"], strict=True)
        asked = [{**question, "target": translation} for question, translation in pairs]
        return super()._golden_explanations(asked)  # type: ignore[misc]

    def _explained_text(
        self,
        call: Callable[..., dict[str, Any]],
        text: str,
        options: TranslationExplanationOptions,
    ) -> dict[str, Any]:
        """Return the explanation of the translation of one text."""
        if not text.strip():
            return nothing_to_explain()
        target, number = options.target, options.token
        if target is None:
            target = self.predict([text])[0]["translation"]
        asked = {"target": [target], "token": [-1 if number is None else number]}
        outputs = {name: each[0] for name, each in call(text=[text], **asked).items()}
        if "starts" in outputs:
            shown = token_columns(text, outputs["starts"], outputs["ends"])
        else:
            shown = {"tokens": [token for token in outputs["tokens"] if token]}
        count = len(shown["tokens"])
        if not count:
            return nothing_to_explain()
        if outputs["target_truncated"]:
            return {"error": "the translation is longer than any that the model writes"}
        if outputs["unknown"] >= 0:
            problem = f"token {outputs['unknown']} of the translation, counted from 0, is unknown"
            return {"error": f"{problem} to the model, which can give it no probability"}
        if number is not None and number != outputs["token"]:
            return {"error": f"the translation has no token {number}; they are counted from 0"}
        answer: dict[str, Any] = {"method": options.method, "target": target}
        if number is not None:
            answer["token"] = {"number": number, "text": outputs["token_text"]}
        answer |= self._scores(options.method, outputs)
        return {**answer, **shown, "attributions": rounded(outputs["attributions"][:count])}
