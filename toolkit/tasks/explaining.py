"""Explanations of what a task answers: shared parts of their signatures, and of ``explain``."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from toolkit.data import answer_readable
from toolkit.errors import ModelError
from toolkit.explanation import TOLERANCE
from toolkit.explanation.options import ExplanationOptions, Method
from toolkit.export.signatures import checked, in_one_batch
from toolkit.models import SequenceModel

logger = logging.getLogger("toolkit")

#: The least probability whose logarithm is taken of an answer in single precision.
LEAST = float(np.finfo(np.float32).tiny)
#: The significant digits of the numbers in explanations.
DIGITS = 6
#: The number of inputs without a part that are answered at once.
AT_ONCE = 64


# Signatures


def target_numbers(target: Any, classes: Sequence[str]) -> Any:
    """Return the number of each class, int32 [B]; -1 for ''.

    Args:
        target: Names of classes, string [B]; another name is an ``InvalidArgumentError``.
        classes: The names of all classes.
    """
    found = target[:, None] == tf.constant(list(classes))
    known = tf.reduce_all(tf.reduce_any(found, axis=1) | (target == ""))
    message = f"target must be '' or one of {', '.join(classes)}, and is"
    target = checked(target, known, message, target)
    return tf.where(target == "", -1, tf.argmax(found, axis=1, output_type=tf.int32))


def class_specs(classes: Sequence[str], has_path: bool, channels: int | None = None) -> Any:
    """Return the outputs of ``toolkit.explanation.explained_row``, for ``row_by_row``.

    Args:
        classes: The names of the classes; none for numbers.
        has_path: Whether there is a ``path``, [T, C].
        channels: The number of channels that have attributions of their own; None for none.
    """
    rest = [] if channels is None else [channels]
    scalars = ("score", "baseline_score", "completeness_error")
    path = {"path": tf.TensorSpec([None, len(classes) or 1], tf.float32)} if has_path else {}
    return {
        "attributions": tf.TensorSpec([None, *rest], tf.float32),
        "number": tf.TensorSpec([], tf.int32),
        "complete": tf.TensorSpec([], tf.bool),
        **{name: tf.TensorSpec([], tf.float32) for name in scalars},
        **path,
    }


def named_outputs(found: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Return what ``row_by_row`` gave as outputs of ``explain``.

    They are ``attributions`` float [B, N], padded with 0; ``target`` string [B],
    ``log_probability`` and ``baseline_log_probability`` float [B], or of numbers ``value`` and
    ``baseline_value``; ``completeness_error`` float [B], by how much the attributions miss the
    difference of these two, and ``complete`` bool [B], whether that is little; and, of a network
    that reads forward, ``path`` float [B, N, C], the probabilities, or the number, after each step.

    Args:
        found: Outputs by name.
        classes: The names of the classes; none for numbers.
    """
    outputs = dict(found)
    number = outputs.pop("number")
    score, baseline = outputs.pop("score"), outputs.pop("baseline_score")
    if not classes:
        return outputs | {"value": score, "baseline_value": baseline}
    target = tf.gather(tf.constant(list(classes)), number)
    return outputs | {
        "target": target,
        "log_probability": score,
        "baseline_log_probability": baseline,
    }


def class_signature(explain: Callable[[Any, Any], dict[str, Any]], classes: Sequence[str]) -> Any:
    """Return a ``tf.function`` of ``text`` string [B] and, with classes, ``target`` string [B].

    Args:
        explain: Maps texts in valid UTF-8 and targets, or None, to outputs.
        classes: The names of the classes; none for numbers.
    """
    names = ("text", "target") if classes else ("text",)
    specs = [tf.TensorSpec([None], tf.string, name=name) for name in names]

    @tf.function(input_signature=specs, autograph=False)
    def signature(*inputs: Any) -> dict[str, Any]:
        text, target = [*in_one_batch(**dict(zip(names, inputs, strict=True))), None][:2]
        return explain(tf.strings.unicode_transcode(text, "UTF-8", "UTF-8"), target)

    return signature


def number_tolerance(network: Any) -> float:
    """Return the largest error that is aimed at, in the units of the network's answer.

    Log probabilities have the unit nat; numbers one deviation of the training targets.
    """
    return TOLERANCE * unit_of(network)


def unit_of(network: Any) -> float:
    """Return the unit of a network's answer: 1 nat, or a deviation of the training targets."""
    layer = network.output_layer
    return float(layer.scale) if layer.output_kind == "linear" else 1.0


# Python


class Parts(NamedTuple):
    """The parts of an input that an explanation is about.

    Attributes:
        shown: What names them in an explanation: lists with an element for each part.
        without: The example without each of them, in order; made one after the other, since all
            together may take the square of the input's memory.
    """

    shown: dict[str, list[Any]]
    without: Iterable[Any]


class Explaining:
    """The part of a task that explains its answers.

    A task has ``_explain_signature``, from preprocessing and network to the ``tf.function``
    ``explain``, and the hooks of ``ClassExplanations`` or of its own.
    """

    EXPLAINS: ClassVar[bool] = True
    #: What integrated gradients compare an input with, and what is asked without one of its parts.
    BASELINE: ClassVar[str]
    WITHOUT: ClassVar[str]
    #: Whether ``serving_default`` is enough to leave out parts.
    IS_ANSWERED_WITHOUT: ClassVar[bool] = True

    _has_warned = False  # of leave-one-out in place of gradients; once is enough

    def _explain_call(self: Any, method: Method) -> Callable[..., dict[str, Any]] | None:
        """Return the signature ``explain``; None where each part is to be left out once.

        Without gradients, that is where there is neither the signature nor ``model.keras``, this
        is logged once.

        Raises:
            ModelError: There are no gradients, and parts cannot be left out without the network.
        """
        if method == "leave-one-out":
            return None
        if "explain" not in self._calls:
            if self.sequence_model is None and not (self._archive and self._archive.is_file()):
                lack = "explain needs model.keras, or a version that was exported with explain"
                if not self.IS_ANSWERED_WITHOUT:
                    raise ModelError(lack)
                if not self._has_warned:
                    logger.warning(
                        "%s, for integrated gradients; the answers are explained by leave-one-out",
                        lack,
                    )
                    self._has_warned = True
                return None
            self._answer_explanations()
        call: Callable[..., dict[str, Any]] = self._calls["explain"]
        return call


class ClassExplanations(Explaining):
    """The explanations of a classifier: what each part of an input adds to an answer."""

    if TYPE_CHECKING:
        classes: tuple[str, ...]
        _check_fitted: Callable[[], None]
        _needs_model: Callable[[str], SequenceModel]
        _examples: Callable[..., Any]
        _answers: Callable[[Sequence[Any]], Mapping[str, Any]]

    # Hooks

    @property
    def _baseline(self) -> str:
        """Return the words for what integrated gradients compare an input with."""
        return self.BASELINE

    def _explained_inputs(self, example: Any) -> dict[str, Any]:
        """Return the inputs of ``explain`` for one example but its target, the batch first."""
        raise NotImplementedError

    def _parts(self, example: Any) -> Parts:
        """Return the parts of an example, and it without each of them."""
        raise NotImplementedError

    def _named_parts(self, example: Any, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what names the parts in an explanation, for the outputs of one example."""
        raise NotImplementedError

    def _explanation_unit(self) -> float:
        return unit_of(self._needs_model("export").network)

    # Explanations

    def explain(
        self, texts: Any, target: str | None = None, method: Method = "integrated-gradients"
    ) -> list[dict[str, Any]]:
        """Explain the answer to each input, in order: what each of its parts adds to it.

        The number that is explained is the log probability of a class, in nats, or the number that
        is predicted. See docs/explanations.md for what the attributions mean.

        Args:
            texts: Inputs, as for ``predict``.
            target: The class; the likeliest one of each input when None.
            method: ``integrated-gradients``, which needs what ``save`` wrote, or a version that was
                exported with ``explain=True``; or ``leave-one-out``, which is used without them.

        Returns:
            For each input ``method``, ``target``, ``log_probability`` (or ``value``), ``baseline``
            in words, ``attributions`` with an element for each part, and what names the parts, such
            as ``tokens``, ``starts`` and ``ends``. By integrated gradients also
            ``baseline_log_probability`` (or ``baseline_value``), ``completeness_error``, by how
            much the attributions miss the difference, and ``complete``, whether that is small
            enough; where the network reads forward also ``path``, the probability of each class
            after each part. An input without parts, or that cannot be read, has only ``error``.

        Raises:
            ModelError: The task is not fitted.
            OptionError: The class or the method is unknown.
        """
        self._check_fitted()
        ExplanationOptions(target=target, method=method).check_for(self.classes)
        call = self._explain_call(method)

        def explanations(examples: Sequence[Any]) -> Iterator[dict[str, Any]]:
            for example in examples:
                if call is None:
                    yield self._left_out(example, target)
                else:
                    yield self._integrated(call, example, target)

        return answer_readable(list(self._examples(texts, labelled=False)), explanations)

    def _integrated(
        self, call: Callable[..., dict[str, Any]], example: Any, target: str | None
    ) -> dict[str, Any]:
        """Return an explanation by integrated gradients."""
        inputs = self._explained_inputs(example)
        if self.classes:
            inputs["target"] = [target or ""]
        outputs = {name: value[0] for name, value in call(**inputs).items()}
        shown = self._named_parts(example, outputs)
        count = len(next(iter(shown.values())))
        if not count:
            return nothing_to_explain()
        answer: dict[str, Any] = {"method": "integrated-gradients"}
        if self.classes:
            answer |= {"target": outputs["target"]}
        answer |= integrated_answer(outputs, self._baseline) | shown
        answer["attributions"] = rounded(outputs["attributions"][:count])
        if "path" in outputs:
            path = outputs["path"][:count].T
            names = self.classes or ("value",)
            answer["path"] = dict(zip(names, map(rounded, path), strict=True))
        return answer

    def _left_out(self, example: Any, target: str | None) -> dict[str, Any]:
        """Return an explanation by leaving out each part once."""
        parts = self._parts(example)
        if not any(map(len, parts.shown.values())):
            return nothing_to_explain()
        asked, found = chain([example], parts.without), []
        name = "probabilities" if self.classes else "value"
        while batch := [*islice(asked, AT_ONCE)]:
            found.append(np.asarray(self._answers(batch)[name]))
        scores = np.concatenate(found)
        answer: dict[str, Any] = {"method": "leave-one-out"}
        if self.classes:
            number = int(scores[0].argmax()) if target is None else self.classes.index(target)
            scores, name = log_of(scores[:, number]), "log_probability"
            answer["target"] = self.classes[number]
        answer |= {name: rounded(scores[0]), "baseline": self.WITHOUT, **parts.shown}
        return answer | {"attributions": rounded(scores[0] - scores[1:])}


def log_of(probabilities: Any) -> Any:
    """Return the logarithms of probabilities, of which none counts as less than ``LEAST``."""
    return np.log(np.maximum(probabilities, LEAST))


def integrated_answer(outputs: Mapping[str, Any], baseline: str) -> dict[str, Any]:
    """Return the scores of an explanation by integrated gradients as plain values.

    Args:
        outputs: The outputs of ``explain`` for one input.
        baseline: The baseline in words.
    """
    name = "log_probability" if "log_probability" in outputs else "value"
    return {
        name: rounded(outputs[name]),
        "baseline": baseline,
        f"baseline_{name}": rounded(outputs[f"baseline_{name}"]),
        "completeness_error": rounded(outputs["completeness_error"]),
        "complete": bool(outputs["complete"]),
    }


def token_columns(text: str, starts: Sequence[int], ends: Sequence[int]) -> dict[str, list[Any]]:
    """Return ``tokens`` as they stand in a text, with their ``starts`` and ``ends``.

    Args:
        text: The text.
        starts: Their places in code points, padded with -1.
        ends: Their ends, exclusive.
    """
    places = [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if a >= 0]
    return {
        "tokens": [text[start:end] for start, end in places],
        "starts": [start for start, _ in places],
        "ends": [end for _, end in places],
    }


def without_token(text: str, start: int, end: int, level: str) -> str:
    """Return a text without one of its tokens.

    Unless tokens are characters, neighbours that it separates do not merge: one space stays, or
    comes, between them.

    Args:
        text: The text.
        start: The place of the token in code points.
        end: Its end, exclusive.
        level: What a token is.
    """
    before, after = text[:start], text[end:]
    if level == "characters" or not before or not after:
        return before + after
    if before.endswith(" ") and after[0].isspace():
        return before[:-1] + after
    touching = not before[-1].isspace() and not after[0].isspace()
    return before + " " * touching + after


def nothing_to_explain() -> dict[str, Any]:
    """Return the answer to an input without parts."""
    return {"error": "the input is empty; there is nothing to explain"}


def rounded(values: Any) -> Any:
    """Return a number, or an array of numbers as nested lists, with ``DIGITS`` digits."""
    if np.ndim(values):
        return [rounded(value) for value in values]
    return float(f"{values:.{DIGITS}g}")
