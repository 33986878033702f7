"""Exported models, and signatures before their export, as functions of Python values."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.errors import ModelError, quoted
from toolkit.export.description import version_folder
from toolkit.export.signatures import input_specs, spec_text
from toolkit.text import utf8


class Servable:
    """The signatures of one exported version, as functions of Python values.

    Example::

        model = Servable.load("saved_models/reviews")
        model(text=["Not without charm."])["label"]  # array(['pos'], dtype=object)

    Args:
        folder: The version's folder, ``<run>/<n>``.
        model: The result of ``tf.saved_model.load``, which is kept because the signatures do not
            keep its variables alive.
    """

    def __init__(self, folder: Path, model: Any) -> None:
        self.folder = folder
        self.model = model
        self.signatures: Mapping[str, Any] = model.signatures
        self._calls = {
            name: of_python(call, f"{folder}: signature {name}")
            for name, call in self.signatures.items()
        }

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Load a run's newest version, or the version whose folder is given.

        Raises:
            ModelError: The folder is missing, or holds no version, or none that this toolkit wrote.
        """
        folder = version_folder(folder)
        try:
            with suppress(FileNotFoundError):  # TensorFlow logs the traceback for a damaged one
                tf.saved_model.experimental.read_fingerprint(os.fspath(folder))
            model = tf.saved_model.load(os.fspath(folder))
        except Exception as error:  # a broken file fails in many ways
            reason = " ".join(str(error).split())
            raise ModelError(f"{folder}: this is not a SavedModel: {reason}") from error
        if "serving_default" not in getattr(model, "signatures", {}):
            raise ModelError(
                f"{folder}: this SavedModel has no signature serving_default, so this toolkit did "
                "not write it"
            )
        return cls(folder, model)

    def __call__(self, *, signature: str = "serving_default", **inputs: Any) -> dict[str, Any]:
        """Call one signature.

        Args:
            signature: The name of the signature.
            inputs: A value for each of the signature's inputs, as ``of_python`` takes them.

        Returns:
            An array for each output; strings are Python strings, in an array of objects.

        Raises:
            ModelError: The model has no such signature, or it takes other inputs or values.
        """
        if signature not in self.signatures:
            known = ", ".join(sorted(self.signatures))
            raise ModelError(f"{self.folder}: no signature {signature}; there are: {known}")
        return self._calls[signature](**inputs)

    def asset(self, name: str) -> str | None:
        """Return the content of a text file in the version's ``assets/``, or None.

        Raises:
            ModelError: The file is damaged.
        """
        path = self.folder / "assets" / name
        try:
            return path.read_bytes().decode("utf-8") if path.is_file() else None
        except UnicodeDecodeError as error:
            raise ModelError(f"{path} is damaged: it is not UTF-8") from error


def of_python(function: Any, subject: str = "the signature") -> Callable[..., dict[str, Any]]:
    """Return a signature as a function of Python values.

    It takes for each input numbers, strings or bytes, nested as the input's shape says, or an
    array or a tensor; of floats None is NaN, a missing value. Strings may be any Python strings:
    what UTF-8 cannot express (lone surrogates) becomes U+FFFD. It returns an array for each output,
    and of strings an array of Python strings. It raises ``ModelError`` for other inputs,
    and for values of another kind, range or shape than the input's.

    Args:
        function: A signature of a loaded SavedModel, or a ``tf.function`` that will be one.
        subject: The subject of the message about other inputs.
    """
    loaded = hasattr(function, "structured_input_signature")
    specs = input_specs(function)
    call = first_alone(function)

    def ask(**inputs: Any) -> dict[str, Any]:
        if inputs.keys() != specs.keys():
            raise ModelError(
                f"{subject} takes {', '.join(sorted(specs))}, "
                f"not {', '.join(sorted(inputs)) or 'nothing'}"
            )
        tensors = {name: _tensor(inputs[name], spec) for name, spec in specs.items()}
        answers = call(**tensors) if loaded else call(*tensors.values())
        return {name: _array(value) for name, value in answers.items()}

    return ask


def first_alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function, made to finish its first call before any other thread's begins.

    TensorFlow prepares a function at its first call, and again for each thread that calls it
    meanwhile, which makes eight threads wait ten times as long as one.

    Args:
        function: A function of tensors.
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


def array_of(value: Any, spec: Any) -> NDArray[Any]:
    """Return a value as an array that an input of a signature takes; strings are bytes in it.

    Args:
        value: Numbers, strings or bytes, nested as the input's shape says; of floats None is NaN.
        spec: The ``TensorSpec`` of the input.

    Raises:
        ModelError: The value is of another kind, range or shape than the input.
    """
    array: NDArray[Any]
    try:
        if spec.dtype == tf.string:
            array = np.asarray(_bytes(np.asarray(value, dtype=object)), dtype=object)
        else:
            array = _numbers(value, spec.dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise _unlike(spec, error) from error
    _check_shape(array.shape, spec)
    return array


def _tensor(value: Any, spec: Any) -> Any:
    """Return a value as a tensor of the spec's dtype and shape, or raise a ``ModelError``."""
    if not tf.is_tensor(value):
        return tf.constant(array_of(value, spec), spec.dtype)
    try:
        tensor = tf.convert_to_tensor(value, spec.dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise _unlike(spec, error) from error
    _check_shape(tensor.shape, spec)
    return tensor


def _unlike(spec: Any, error: Exception) -> ModelError:
    """Return the error for a value that cannot be converted."""
    reason = str(error).partition("\n")[0]
    return ModelError(f"{spec.name} must be {spec_text(spec)}: {reason}")


def _check_shape(shape: Any, spec: Any) -> None:
    """Check the shape of a value, or raise a ``ModelError``."""
    if not spec.shape.is_compatible_with(shape):
        shape = tuple(shape)
        raise ModelError(f"{spec.name} must be {spec_text(spec)}, and has shape {shape}")


def _encoded(text: Any) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"{quoted(text)} is not a string")
    return utf8(text)


_bytes = np.vectorize(_encoded, otypes=[object])


def _numbers(value: Any, dtype: Any) -> NDArray[Any]:
    """Return numbers as an array of a dtype.

    Raises:
        TypeError: They are no numbers, or of another kind, such as floats for integers.
        ValueError: They are not nested evenly, or out of range.
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        array: NDArray[Any] = value
    else:
        objects = np.asarray(value, dtype=object)
        _check_numbers(objects)
        array = np.asarray(objects.ravel().tolist()).reshape(objects.shape)
    if array.dtype == object and dtype.is_floating:  # None among them
        array = array.astype(dtype.as_numpy_dtype)
    if array.size and array.dtype != dtype.as_numpy_dtype:
        kinds = "iubf" if dtype.is_floating else "iub" if dtype.is_integer else "b"
        if array.dtype.kind not in kinds:
            raise TypeError(f"{array.dtype} cannot be converted to it")
        if dtype.is_integer and (array.min() < dtype.min or array.max() > dtype.max):
            raise ValueError(f"{array.min()} to {array.max()} is out of its range")
    return array.astype(dtype.as_numpy_dtype, copy=False)


def _check_numbers(objects: NDArray[Any]) -> None:
    """Check objects before NumPy joins them: one long string would make each as long as itself.

    Raises:
        TypeError: One of them is no number, no truth value and not None.
        ValueError: One of them is a list.
    """
    for kind in {type(each) for each in objects.flat}:
        if issubclass(kind, (list, tuple, np.ndarray)):
            raise ValueError("the values are nested unevenly (an inhomogeneous shape)")
        if not issubclass(kind, (int, float, np.number, np.bool_, type(None))):
            raise TypeError(f"{kind.__name__} cannot be converted to it")


def _array(tensor: Any) -> Any:
    """Return a tensor as an array, its bytes decoded."""
    if tensor.dtype != tf.string:
        return tensor.numpy()
    decode = np.vectorize(lambda text: text.decode("utf-8", "replace"), otypes=[object])
    return decode(tensor.numpy())
