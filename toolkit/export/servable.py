"""Use an exported model in Python, with TensorFlow alone beneath."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
import tensorflow as tf

from toolkit.errors import ModelError
from toolkit.export.description import version_folder
from toolkit.text import utf8


class Servable:
    """The signatures of one exported version, as functions of Python strings.

    Example::

        model = Servable.load("saved_models/reviews")
        model(text=["Not without charm."])["label"]  # array(['pos'], dtype=object)

    Args:
        folder: The version's folder, ``<run>/<n>``.
        model: What ``tf.saved_model.load`` gave for it; kept because the signatures do not keep
            its variables alive.
    """

    def __init__(self, folder: Path, model: Any) -> None:
        self.folder = folder
        self.model = model
        self.signatures: Mapping[str, Any] = model.signatures
        self._calls = {name: of_python(call) for name, call in self.signatures.items()}

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Load a run's newest version, or the version whose folder is given.

        Raises:
            ModelError: The folder is missing, holds no version, or holds something that is not one
                of our SavedModels.
        """
        folder = version_folder(folder)
        try:
            model = tf.saved_model.load(os.fspath(folder))
        except Exception as error:  # a broken file fails in many ways, all of them mean this
            reason = " ".join(str(error).split())
            raise ModelError(f"{folder}: this is not a SavedModel: {reason}") from error
        if "serving_default" not in getattr(model, "signatures", {}):
            raise ModelError(
                f"{folder}: this SavedModel has no signature serving_default, so this toolkit did "
                "not write it"
            )
        return cls(folder, model)

    def __call__(self, *, signature: str = "serving_default", **inputs: Any) -> dict[str, Any]:
        """Ask one signature.

        Args:
            signature: The name of the signature.
            inputs: A value for each of the signature's inputs. Strings may hold any Python string;
                what UTF-8 cannot express (lone surrogates) becomes U+FFFD.

        Returns:
            An array for each output; strings are Python strings, in an array of objects.

        Raises:
            ModelError: The model has no such signature, or it takes other inputs.
        """
        if signature not in self.signatures:
            known = ", ".join(sorted(self.signatures))
            raise ModelError(f"{self.folder}: no signature {signature}; there are: {known}")
        specs = self.signatures[signature].structured_input_signature[1]
        if inputs.keys() != specs.keys():
            raise ModelError(
                f"{self.folder}: signature {signature} takes {', '.join(sorted(specs))}, "
                f"not {', '.join(sorted(inputs)) or 'nothing'}"
            )
        return self._calls[signature](**inputs)

    def asset(self, name: str) -> str | None:
        """Return the content of a text file in the version's ``assets/``, or None."""
        path = self.folder / "assets" / name
        return path.read_bytes().decode("utf-8") if path.is_file() else None

    def classes(self) -> list[str] | None:
        """Return the class names in the order of ``probabilities``, or None if there are none."""
        content = self.asset("classes.txt")
        return None if content is None else content.removesuffix("\n").split("\n")


def of_python(function: Any) -> Callable[..., dict[str, Any]]:
    """A signature, or a ``tf.function`` that is going to be one, as a function of Python values.

    Strings may hold any Python string; an array comes back for each output, and of strings an
    array of Python strings.
    """
    loaded = hasattr(function, "structured_input_signature")
    signature = function.structured_input_signature if loaded else function.input_signature
    types = {spec.name: spec.dtype for spec in tf.nest.flatten(signature)}
    call = first_alone(function)

    def ask(**inputs: Any) -> dict[str, Any]:
        tensors = {name: _tensor(inputs[name], dtype) for name, dtype in types.items()}
        answers = call(**tensors) if loaded else call(*tensors.values())
        return {name: _array(value) for name, value in answers.items()}

    return ask


def first_alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of tensors, for any number of threads: no call begins before one has ended.

    TensorFlow prepares a function at its first call, and again for each thread that calls it
    meanwhile, which makes eight threads wait ten times as long as one.
    """
    prepared = False
    preparing = Lock()

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal prepared
        if prepared:
            return function(*args, **kwargs)
        with preparing:
            answers = function(*args, **kwargs)
        prepared = True
        return answers

    return call


def _tensor(value: Any, dtype: Any) -> Any:
    if dtype != tf.string:
        return tf.constant(value, dtype)
    return tf.constant(
        np.vectorize(utf8, otypes=[object])(np.asarray(value, dtype=object)),
        tf.string,
    )


def _array(tensor: Any) -> Any:
    if tensor.dtype != tf.string:
        return tensor.numpy()
    decode = np.vectorize(lambda text: text.decode("utf-8", "replace"), otypes=[object])
    return decode(tensor.numpy())
