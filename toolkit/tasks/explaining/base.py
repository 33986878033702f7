"""The part of every task that explains its answers: by which method it does."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from toolkit.errors import ModelError
from toolkit.explanation.options import Method
from toolkit.export import of_python
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.answers import integrated_answer, rounded

logger = logging.getLogger("toolkit")


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

    @property
    def explanation_method(self: Any) -> Method:
        """The method that can be used: integrated-gradients, unless there are no gradients."""
        return "integrated-gradients" if self._has_gradients else "leave-one-out"

    @property
    def _has_gradients(self: Any) -> bool:
        """True if there is the signature ``explain``, or what it is made from."""
        archive: Path | None = self._archive
        is_kept = archive is not None and archive.is_file()
        return "explain" in self._calls or self.sequence_model is not None or is_kept

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
        if not self._has_gradients:
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
        if "explain" not in self._calls:
            self._answer_explanations()
        call: Callable[..., dict[str, Any]] = self._calls["explain"]
        return call


class NetworkExplaining(Explaining):
    """The same of a task that leaves out parts in the network, by a signature like ``explain``."""

    IS_ANSWERED_WITHOUT = False

    def _explanations(self, model: SequenceModel) -> tuple[Any, Any]:
        """Return ``explain``, and the same by leave-one-out, as ``tf.function``s."""
        raise NotImplementedError

    def _explain_signature(self, model: SequenceModel) -> Any:
        return self._explanations(model)[0]

    def _call_by(self: Any, method: Method) -> Callable[..., dict[str, Any]]:
        """Return the explanations by a method as a function of Python values.

        Raises:
            ModelError: There are neither gradients nor ``model.keras``.
        """
        call = self._explain_call(method)
        if call is None:
            if "leave_one_out" not in self._calls:
                left_out = self._explanations(self._needs_model("explain"))[1]
                self._calls = {**self._calls, "leave_one_out": of_python(left_out)}
            call = self._calls["leave_one_out"]
        return call

    def _scores(self, method: Method, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the log probability in an explanation, with that of the baseline if it has one.

        Args:
            method: The method.
            outputs: The outputs of the signature for one input.
        """
        if method == "integrated-gradients":
            return integrated_answer(outputs, self.BASELINE)
        return {
            "log_probability": rounded(outputs["log_probability"]),
            "baseline": self.WITHOUT,
        }
