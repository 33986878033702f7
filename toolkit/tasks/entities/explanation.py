"""Explanations of the tag of a token, and their signature."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf

from toolkit.data import EntityExample, answer_readable
from toolkit.explanation import explained_row, iob2_tags, log_tags, row_by_row
from toolkit.explanation.options import Method, TagExplanationOptions
from toolkit.export import of_python
from toolkit.export.signatures import in_one_batch
from toolkit.models import SequenceModel
from toolkit.tasks.entities.alignment import cut_texts
from toolkit.tasks.entities.prepared import token_features
from toolkit.tasks.entities.serving import piece_lengths
from toolkit.tasks.explaining.answers import (
    integrated_answer,
    nothing_to_explain,
    rounded,
    token_columns,
)
from toolkit.tasks.explaining.base import Explaining
from toolkit.tasks.explaining.signatures import target_numbers
from toolkit.tasks.settings import Settings
from toolkit.tasks.span_outputs import by_groups
from toolkit.text import utf8

Tensor = Any

PADDING = {"tokens": "", "starts": -1, "ends": -1}


class Sentence(NamedTuple):
    """A sentence, or a piece of a long one, with one of its tokens.

    Attributes:
        tokens: Its tokens [T].
        starts: Their places in the text in code points, int32 [T].
        ends: Their ends, exclusive.
        place: The number of the token in the sentence, int32 [].
        token: Its number in the text, int32 [].
        tag: The number of its predicted BIOES tag, int32 [].
    """

    tokens: Tensor
    starts: Tensor
    ends: Tensor
    place: Tensor
    token: Tensor
    tag: Tensor


def explanations(
    model: SequenceModel, labels: Sequence[str], sentences: bool, longest: int | None
) -> tuple[Any, Any]:
    """Return ``explain``, and the same by leave-one-out, as ``tf.function``s.

    Both take ``text`` string [B], ``token`` int32 [B] and ``target`` string [B]. What is explained
    is the log probability of a tag in IOB2, ``target``, or the predicted one for '', at the token
    with the number ``token`` in the text. For -1 that is the one that most probably begins an
    entity, of those that are answered to begin one, or the first if there is none; so it is if the
    text has fewer tokens.

    They return what is read together with that token, a sentence or a piece of one: ``tokens``
    string [B, N], ``starts`` and ``ends`` int32 [B, N], padded with '' and -1, and ``attributions``
    float [B, N]; the ``token`` int32 [B], and ``place`` int32 [B], its number in what is read;
    ``target``, ``log_probability``, ``baseline_log_probability``, ``completeness_error`` and
    ``complete`` [B]. The path goes from vectors of zeros to those of the tokens; without a token,
    its vector is zero.

    Args:
        model: ``TokenFeatures`` and ``ManyToMany``.
        labels: The labels of entities.
        sentences: Whether texts are split into sentences.
        longest: The largest number of tokens that are read at once; None if there is no limit.
    """
    network, features = model.network, model.preprocessing
    names = iob2_tags(network.tags)
    iob2 = tf.constant([names.index(iob2_tags([tag])[0]) for tag in network.tags])
    opens = tf.constant([tag[0] in "BS" for tag in network.tags])
    whole = tf.TensorSpec([None], tf.int32)
    scalar, number = tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)
    specs = {
        "tokens": tf.TensorSpec([None], tf.string),
        "starts": whole,
        "ends": whole,
        "attributions": tf.TensorSpec([None], tf.float32),
        **dict.fromkeys(("token", "place", "number"), number),
        **dict.fromkeys(("score", "baseline_score", "completeness_error"), scalar),
        "complete": tf.TensorSpec([], tf.bool),
    }

    def sentence(text: Tensor, asked: Tensor) -> Sentence:
        """Return the sentence of a text [1] that has the token with a number."""
        pieces = cut_texts(features, text, sentences, longest)
        tokens, starts, ends, lengths = (ragged.values for ragged in pieces)
        nothing = tf.cast(tf.size(tokens) == 0, tf.int32)
        tokens, starts, ends = (tf.pad(each, [[0, nothing]]) for each in (tokens, starts, ends))
        lengths = tf.concat([lengths, tf.ones([nothing], lengths.dtype)], 0)
        if longest is not None:
            lengths = piece_lengths(lengths, longest)
        tags = by_groups(lambda each, _: model.answer(each), tokens, lengths, "")
        begins = tf.where(tf.gather(opens, tags.number), tags.probability, -1.0)
        best = tf.argmax(begins, output_type=tf.int32)  # 0 if there is none
        usual = (asked < 0) | (asked >= tf.size(tokens))
        token = tf.where(usual, best, asked)
        limits = tf.cast(tf.cumsum(lengths), tf.int32)
        which = tf.searchsorted(limits, token[None], side="right")[0]
        end = limits[which]
        first = end - tf.cast(lengths[which], tf.int32)
        tokens, starts, ends = (each[first:end] for each in (tokens, starts, ends))
        return Sentence(tokens, starts, ends, token - first, token, tags.number[token])

    def explained(text: Tensor, token: Tensor, asked: Tensor, by_gradients: bool) -> Any:
        """Return the outputs for a text [1]."""
        found = sentence(text, token)
        vectors, _ = network.front(features(found.tokens[None]))
        real = tf.cast(vectors[0], tf.float32)
        target = tf.where(asked < 0, tf.gather(iob2, found.tag), asked)

        def log_answers(points: Tensor) -> Tensor:
            return log_tags(network, tf.cast(points, vectors.dtype), found.place)

        if by_gradients:
            outputs = explained_row(
                *(log_answers, real, tf.zeros_like(real), target), dtype=network.compute_dtype
            )
        else:
            steps = tf.shape(real)[0]
            without = real * (1 - tf.eye(steps))[:, :, None]
            scores = log_answers(tf.concat([real[None], without], 0))[:, target]
            outputs = {
                "attributions": scores[0] - scores[1:],
                "number": target,
                "score": scores[0],
                "baseline_score": scores[0],
                "completeness_error": tf.constant(0.0),
                "complete": tf.constant(True),
            }
        empty = found.tokens == ""
        return outputs | {
            "tokens": found.tokens,
            "starts": tf.where(empty, -1, tf.cast(found.starts, tf.int32)),
            "ends": tf.where(empty, -1, tf.cast(found.ends, tf.int32)),
            "token": found.token,
            "place": found.place,
        }

    def signature(by_gradients: bool) -> Any:
        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, name="text"),
                tf.TensorSpec([None], tf.int32, name="token"),
                tf.TensorSpec([None], tf.string, name="target"),
            ],
            autograph=False,
        )
        def explain(text: Any, token: Any, target: Any) -> dict[str, Any]:
            text, token, target = in_one_batch(text=text, token=token, target=target)
            text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
            asked = target_numbers(target, names)

            def row(index: Any) -> dict[str, Any]:
                return explained(text[index, None], token[index], asked[index], by_gradients)

            found = row_by_row(row, tf.size(text), specs, PADDING)
            tag = tf.gather(tf.constant(names), found.pop("number"))
            scores = {
                "log_probability": found.pop("score"),
                "baseline_log_probability": found.pop("baseline_score"),
            }
            return {**found, "target": tag, **scores}

        return explain

    return signature(True), signature(False)


class TagExplanations(Explaining):
    """The explanations of a tagger: what each token of a sentence adds to the tag of one."""

    BASELINE = "as many vectors of zeros"
    WITHOUT = "the sentence with zeros for the vector of the token"
    IS_ANSWERED_WITHOUT = False

    if TYPE_CHECKING:
        classes: tuple[str, ...]
        facts: dict[str, Any]
        sentences: bool
        max_sentence_length: int
        _calls: dict[str, Callable[..., dict[str, Any]]]
        _check_fitted: Callable[[], None]
        _examples: Callable[..., Any]
        _needs_model: Callable[[str], SequenceModel]

    def explain(
        self,
        texts: Any,
        target: str | None = None,
        method: Method = "integrated-gradients",
        token: int | None = None,
        unit: str | None = None,
    ) -> list[dict[str, Any]]:
        """Explain the tag of a token of each text: what each token of its sentence adds to it.

        Args:
            texts: Texts, or sentences of tokens, which are joined by spaces to ``text``.
            target: The tag in IOB2 whose log probability is explained; the predicted one when None.
            method: As for a classifier, see ``ClassExplanations.explain``; ``leave-one-out`` needs
                what ``save`` wrote as well.
            token: The number of the token in the text, from 0; when None the one that most
                probably begins an entity, or the first one of the text if there is none.
            unit: The text of the token instead; the first one that reads so.

        Returns:
            As for a classifier, of the sentence that has the token; ``token`` is its number in the
            text, its text and its places. There is no ``path``: the tag depends on the whole
            sentence. A text without the token has ``error``.

        Raises:
            ModelError: The task is not fitted; or there are neither gradients nor ``model.keras``.
            OptionError: The tag or the method is unknown, or both token and unit are given.
        """
        self._check_fitted()
        options = TagExplanationOptions(target=target, method=method, token=token, unit=unit)
        options.check_for(self.classes)
        call = self._tag_call(method)

        def answers(examples: Sequence[EntityExample]) -> Iterator[dict[str, Any]]:
            for example in examples:
                if example.text is None:
                    text = " ".join(example.tokens)
                    yield {"text": text, **self._explained_tag(call, text, options)}
                else:
                    yield self._explained_tag(call, example.text, options)

        return answer_readable(list(self._examples(texts, labelled=False)), answers)

    def _tag_call(self, method: Method) -> Callable[..., dict[str, Any]]:
        """Return the explanations by a method as a function of Python values."""
        call = self._explain_call(method)
        if call is None:
            if "leave_one_out" not in self._calls:
                left_out = self._explanations(self._needs_model("explain"))[1]
                self._calls = {**self._calls, "leave_one_out": of_python(left_out)}
            call = self._calls["leave_one_out"]
        return call

    def _explanations(self, model: SequenceModel) -> tuple[Any, Any]:
        return explanations(model, self.classes, self.sentences, self.max_sentence_length)

    def _explain_signature(self, model: SequenceModel) -> Any:
        return self._explanations(model)[0]

    def _explained_tag(
        self, call: Callable[..., dict[str, Any]], text: str, options: TagExplanationOptions
    ) -> dict[str, Any]:
        """Return the explanation of one text."""
        number = options.token
        if options.unit is not None:
            number = self._place_of(text, options.unit)
            if number is None:
                return {"error": f"the text has no token {options.unit!r}"}
        asked = [-1 if number is None else number]
        found = call(text=[text], token=asked, target=[options.target or ""])
        outputs = {name: each[0] for name, each in found.items()}
        shown = token_columns(text, outputs["starts"], outputs["ends"])
        count, place = len(shown["tokens"]), int(outputs["place"])
        if not count:
            return nothing_to_explain()
        if number is not None and number != outputs["token"]:
            return {"error": f"the text has no token {number}; they are counted from 0"}
        names = ("tokens", "starts", "ends")
        at = {name[:-1]: shown[name][place] for name in names}
        answer = {
            "method": options.method,
            "token": {"number": int(outputs["token"]), "text": at.pop("token"), **at},
            "target": outputs["target"],
        }
        if options.method == "integrated-gradients":
            answer |= integrated_answer(outputs, self.BASELINE)
        else:
            score = rounded(outputs["log_probability"])
            answer |= {"log_probability": score, "baseline": self.WITHOUT}
        attributions = rounded(outputs["attributions"][:count])
        return {**answer, **shown, "attributions": attributions}

    def _place_of(self, text: str, unit: str) -> int | None:
        """Return the number of the first token of a text that reads so, or None."""
        settings = Settings(self).fix(token_level=self.facts["token_level"])
        pieces = token_features(settings).split(tf.constant([utf8(text)]))
        tokens = [token.decode() for token in pieces.tokens.values.numpy()]
        return tokens.index(unit) if unit in tokens else None
