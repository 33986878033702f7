"""Explanations of the tag of a token, or of a base, and their signature."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import tensorflow as tf

from toolkit.data import EntityExample, answer_readable
from toolkit.explanation import explained_row, iob2_tags, left_out_row, row_by_row
from toolkit.explanation.options import Method, TagExplanationOptions
from toolkit.export.signatures import in_one_batch
from toolkit.models import ManyToMany
from toolkit.tasks.explaining.answers import (
    nothing_to_explain,
    rounded,
    token_columns,
)
from toolkit.tasks.explaining.base import NetworkExplaining
from toolkit.tasks.explaining.signatures import target_numbers

Tensor = Any

PADDING = {"tokens": "", "starts": -1, "ends": -1}


class Read(NamedTuple):
    """Tokens that are read together with one: a sentence, a piece of it, or a tile of a strand.

    Attributes:
        tokens: Its tokens, string [T]; a text without any has one, ''.
        starts: Their places in the text in code points, int32 [T].
        ends: Their ends, exclusive.
        place: The number of the token in ``tokens``, int32 [].
        token: Its number in the text, int32 [].
        tag: The number of its predicted BIOES tag, int32 [].
        values: The tokens as real numbers, from which the path comes, float32 [T, ...].
        baseline: The values with which they are compared, of the same shape.
    """

    tokens: Tensor
    starts: Tensor
    ends: Tensor
    place: Tensor
    token: Tensor
    tag: Tensor
    values: Tensor
    baseline: Tensor


def chosen_token(
    number: Tensor, probability: Tensor, names: Sequence[str], asked: Tensor
) -> Tensor:
    """Return the number of a token whose tag is explained, int32 [].

    It is the one that is asked for; where there is none with this number, the one that most
    probably begins a span, of those that are answered to begin one, or the first if there is none.

    Args:
        number: The number of each token's predicted BIOES tag, int32 [n].
        probability: Its probability, float [n].
        names: The names of the BIOES tags.
        asked: The number, -1 for the usual one, int32 [].
    """
    opens = tf.constant([name[0] in "BS" for name in names])
    begins = tf.where(tf.gather(opens, number), probability, -1.0)
    is_usual = (asked < 0) | (asked >= tf.size(number))
    return tf.where(is_usual, tf.argmax(begins, output_type=tf.int32), asked)


def tag_signatures(
    network: ManyToMany,
    read: Callable[[Tensor, Tensor], Read],
    log_answers: Callable[[Tensor, Tensor], Tensor],
) -> tuple[Any, Any]:
    """Return ``explain``, and the same by leave-one-out, as ``tf.function``s.

    Both take ``text`` string [B], ``token`` int32 [B] and ``target`` string [B]. What is explained
    is the log probability of a tag in IOB2, ``target``, or the predicted one for '', at the token
    with the number ``token`` in the text, -1 for that of ``chosen_token``.

    They return what is read together with that token: ``tokens`` string [B, N], ``starts`` and
    ``ends`` int32 [B, N], padded with '' and -1, and ``attributions`` float [B, N]; the ``token``
    int32 [B], and ``place`` int32 [B], its number in what is read; ``target``, ``log_probability``,
    ``baseline_log_probability``, ``completeness_error`` and ``complete`` [B]. The path goes from
    the baseline to the values; without a token, its values are those of the baseline.

    Args:
        network: The network.
        read: Maps a text [1] and the number that is asked for, int32 [], to what is read.
        log_answers: Maps points [P, T, ...] and a place, int32 [], to the log probabilities of the
            IOB2 tags there [P, tags].
    """
    names = iob2_tags(network.tags)
    iob2 = tf.constant([names.index(iob2_tags([tag])[0]) for tag in network.tags])
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

    def explained(text: Tensor, token: Tensor, asked: Tensor, by_gradients: bool) -> Any:
        """Return the outputs for a text [1]."""
        found = read(text, token)
        target = tf.where(asked < 0, tf.gather(iob2, found.tag), asked)
        parts = found.values, found.baseline, target

        def scores(points: Tensor) -> Tensor:
            return log_answers(points, found.place)

        if by_gradients:
            outputs = explained_row(scores, *parts, dtype=network.compute_dtype)
        else:
            outputs = left_out_row(scores, *parts)
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


class TagExplanations(NetworkExplaining):
    """The explanations of a tagger: what each token that is read adds to the tag of one.

    A task has ``_explanations``, the results of ``tag_signatures``.
    """

    #: What messages call an input and its parts.
    PARTS: ClassVar[tuple[str, str]] = ("text", "token")

    if TYPE_CHECKING:
        classes: tuple[str, ...]
        facts: dict[str, Any]
        _check_fitted: Callable[[], None]
        _examples: Callable[..., Any]

    # Hooks

    def _place_of(self, text: str, unit: str) -> int | None:
        """Return the number of the first token of a text that reads so, or None."""
        raise NotImplementedError

    # Explanations

    def explain(
        self,
        texts: Any,
        target: str | None = None,
        method: Method = "integrated-gradients",
        token: int | None = None,
        unit: str | None = None,
    ) -> list[dict[str, Any]]:
        """Explain the tag of a token of each text, or of a base: what each part adds to it.

        Args:
            texts: Inputs, as for ``predict``; sentences of tokens are joined by spaces to ``text``.
            target: The tag in IOB2 whose log probability is explained; the predicted one when None.
            method: As for a classifier, see ``ClassExplanations.explain``; ``leave-one-out`` needs
                what ``save`` wrote as well.
            token: The number of the token in the text, from 0; when None the one that most
                probably begins a span, or the first one of the text if there is none.
            unit: The text of the token instead, the first one that reads so; of strands, bases
                that begin with it.

        Returns:
            As for a classifier, of the sentence that has the token, or of the tile of a long
            strand; ``token`` is its number in the text, its text and its places. There is no
            ``path``: the tag depends on all that is read. A text without the token has ``error``.

        Raises:
            ModelError: The task is not fitted; or there are neither gradients nor ``model.keras``.
            OptionError: The tag or the method is unknown, or both token and unit are given.
        """
        self._check_fitted()
        options = TagExplanationOptions(target=target, method=method, token=token, unit=unit)
        options.check_for(self.classes)
        call = self._call_by(method)

        def answers(examples: Sequence[EntityExample]) -> Iterator[dict[str, Any]]:
            for example in examples:
                if example.text is None:
                    text = " ".join(example.tokens)
                    yield {"text": text, **self._explained_tag(call, text, options)}
                else:
                    yield self._explained_tag(call, example.text, options)

        return answer_readable(list(self._examples(texts, labelled=False)), answers)

    def _explained_tag(
        self, call: Callable[..., dict[str, Any]], text: str, options: TagExplanationOptions
    ) -> dict[str, Any]:
        """Return the explanation of one text."""
        number, (whole, part) = options.token, self.PARTS
        if options.unit is not None:
            number = self._place_of(text, options.unit)
            if number is None:
                return {"error": f"the {whole} has no {part} {options.unit!r}"}
        asked = [-1 if number is None else number]
        found = call(text=[text], token=asked, target=[options.target or ""])
        outputs = {name: each[0] for name, each in found.items()}
        shown = token_columns(text, outputs["starts"], outputs["ends"])
        count, place = len(shown["tokens"]), int(outputs["place"])
        if not count:
            return nothing_to_explain()
        if number is not None and number != outputs["token"]:
            return {"error": f"the {whole} has no {part} {number}; they are counted from 0"}
        names = ("tokens", "starts", "ends")
        at = {name[:-1]: shown[name][place] for name in names}
        answer = {
            "method": options.method,
            "token": {"number": int(outputs["token"]), "text": at.pop("token"), **at},
            "target": outputs["target"],
        }
        answer |= self._scores(options.method, outputs)
        attributions = rounded(outputs["attributions"][:count])
        return {**answer, **shown, "attributions": attributions}
