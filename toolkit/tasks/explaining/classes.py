"""The explanations of a classifier: what each part of an input adds to an answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from toolkit.data import answer_readable
from toolkit.explanation.options import ExplanationOptions, Method
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.answers import integrated_answer, log_of, nothing_to_explain, rounded
from toolkit.tasks.explaining.base import Explaining
from toolkit.tasks.explaining.signatures import unit_of

#: The number of inputs without a part that are answered at once.
AT_ONCE = 64


class Parts(NamedTuple):
    """The parts of an input that an explanation is about.

    Attributes:
        shown: What names them in an explanation: lists with an element for each part.
        without: The example without each of them, in order; made one after the other, since all
            together may take the square of the input's memory.
    """

    shown: dict[str, list[Any]]
    without: Iterable[Any]


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
