"""The part of every task that explains its answers: by which method it does."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from toolkit.errors import ModelError
from toolkit.explanation.options import Method

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
