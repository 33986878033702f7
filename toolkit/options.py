"""Dataclasses of options: checks of their values, and their names in messages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from toolkit.errors import OptionError

#: The minimum of each option, and its exclusive maximum or None.
Limits = dict[str, tuple[float, float | None]]


_ON_THE_COMMAND_LINE = ContextVar("on_the_command_line", default=False)


@contextmanager
def on_the_command_line() -> Iterator[None]:
    """Make messages name options as command-line flags within the context."""
    before = _ON_THE_COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _ON_THE_COMMAND_LINE.reset(before)


def option(name: str, value: object = None) -> str:
    """Return an option as the user writes it, for a message.

    Args:
        name: The name of the field.
        value: A suggested value.

    Returns:
        ``text_column``, ``target='labels'`` or ``header=False``; on the command line
        ``--text-column``, ``--target labels`` or ``--no-header``.
    """
    if not _ON_THE_COMMAND_LINE.get():
        return name if value is None else f"{name}={value!r}"
    flag = f"--{'no-' if value is False else ''}{name.replace('_', '-')}"
    if isinstance(value, bool):
        return flag
    return flag if value is None else f"{flag} {value}"


def plain(value: Any) -> Any:
    """Return a NumPy scalar as the number, truth value or string of Python; others as they are."""
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0
    return value.item() if is_scalar else value


def positive_integer(name: str, value: Any) -> int:
    """Return an argument that must be a positive integer, of Python or NumPy.

    Raises:
        OptionError: It is another value.
    """
    number = plain(value)
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise OptionError(f"{name} is {value!r}; it must be a positive integer")
    return number


def check_options(options: Any) -> None:
    """Check a dataclass against the choices in its type hints and against its ``LIMITS``.

    Any base class of the dataclass may have ``LIMITS`` as a class variable. Limits do not apply to
    ``None`` and to literal choices such as ``auto``. NumPy scalars become values of Python.

    Raises:
        OptionError: A value is no valid choice, of another type, or outside its limits.
    """
    hints = get_type_hints(type(options))
    limits: Limits = {}
    for cls in type(options).__mro__:
        limits = vars(cls).get("LIMITS", {}) | limits
    for field in fields(options):
        value = plain(given := getattr(options, field.name))
        if value is not given:
            setattr(options, field.name, value)
        choices, kinds = _allowed(hints[field.name])
        if value in choices and type(value) in map(type, choices):
            continue
        if not _is_one_of(value, kinds):
            allowed = ", ".join([*map(str, choices), *(_KINDS[kind] for kind in kinds)])
            raise OptionError(f"{option(field.name)} is {value!r}; it can be {allowed}")
        least, below = limits.get(field.name, (None, None))
        if value is None or least is None:
            continue
        if not (value >= least and (below is None or value < below)):
            end = "" if below is None else f" and below {below}"
            raise OptionError(
                f"{option(field.name)} is {value!r}; it must be at least {least}{end}"
            )


def check_fixed(options: Any, recorded: Mapping[str, Any], resolved: Mapping[str, Any]) -> None:
    """Check the options of a training that goes on from an earlier one.

    Those that what was learnt depends on stand in ``FIXED``, a class variable of any base class of
    the dataclass. ``auto`` stands for the earlier value.

    Args:
        options: A dataclass of options.
        recorded: The options of the earlier training.
        resolved: The values that it chose where an option was ``auto``.

    Raises:
        OptionError: One of them has another value than in the earlier training.
    """
    for name in fixed_options(type(options)):
        value, before = getattr(options, name), recorded.get(name)
        known = resolved.get(name, before)
        if name in recorded and value not in ("auto", before, known):
            raise OptionError(
                f"{option(name)} is {value}, but the earlier training had {known}; a training that "
                "goes on from it cannot change this"
            )


def fixed_options(options: type) -> list[str]:
    """Return the names of the options in the ``FIXED`` of a dataclass and its base classes."""
    names = (name for cls in options.__mro__ for name in vars(cls).get("FIXED", ()))
    return list(dict.fromkeys(names))


def differences(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Describe which values differ; empty if none does. Names in only one mapping are ignored.

    Args:
        recorded: The recorded values.
        asked: The requested values.
    """
    return ", ".join(
        f"{name} {recorded[name]} (now {asked[name]})"
        for name in asked
        if name in recorded and recorded[name] != asked[name]
    )


_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "none",
}


def _allowed(hint: Any) -> tuple[list[Any], list[type]]:
    """Return the literal choices and the other types that a type hint allows."""
    parts = (hint,) if get_origin(hint) is Literal or not get_args(hint) else get_args(hint)
    choices = [choice for part in parts if get_origin(part) is Literal for choice in get_args(part)]
    return choices, [part for part in parts if get_origin(part) is not Literal]


def _is_one_of(value: Any, kinds: list[type]) -> bool:
    """Return whether a value has one of the types; an int is also a float, a bool is no int."""
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int) and float in kinds:
        return True
    return isinstance(value, tuple(kinds))
