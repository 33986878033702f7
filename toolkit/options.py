"""Dataclasses of options: what their values may be, and how messages name them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from toolkit.errors import OptionError

#: From the first number on, and below the second where there is one.
Limits = dict[str, tuple[float, float | None]]


_ON_THE_COMMAND_LINE = ContextVar("on_the_command_line", default=False)


@contextmanager
def on_the_command_line() -> Iterator[None]:
    """Within, messages name options as they are given on the command line."""
    before = _ON_THE_COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _ON_THE_COMMAND_LINE.reset(before)


def option(name: str, value: object = None) -> str:
    """An option, for a message, as its user gives it.

    Args:
        name: The name of the field.
        value: A value that is advised.

    Returns:
        ``text_column``, or ``target='labels'``; on the command line ``--text-column``, or
        ``--target labels``.
    """
    if not _ON_THE_COMMAND_LINE.get():
        return name if value is None else f"{name}={value!r}"
    flag = f"--{name.replace('_', '-')}"
    return flag if value is None else f"{flag} {value}"


def check_options(options: Any) -> None:
    """Holds a dataclass against the choices that its types name, and against its ``LIMITS``.

    ``LIMITS`` is a class variable of any of the classes that the dataclass is made of. Values that
    are ``None`` or a named choice, such as ``auto``, have no limits.

    Raises:
        OptionError: A value is none of the choices, of another type, or out of its limits.
    """
    hints = get_type_hints(type(options))
    limits: Limits = {}
    for cls in type(options).__mro__:
        limits = vars(cls).get("LIMITS", {}) | limits
    for field in fields(options):
        value = getattr(options, field.name)
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


def differences(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Which values differ, in words; empty if none does. A name in only one of them is passed over.

    Args:
        recorded: The values as they were.
        asked: The values as they are asked for now.
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
    """The literal choices and the kinds of values that a type allows."""
    parts = (hint,) if get_origin(hint) is Literal or not get_args(hint) else get_args(hint)
    choices = [choice for part in parts if get_origin(part) is Literal for choice in get_args(part)]
    return choices, [part for part in parts if get_origin(part) is not Literal]


def _is_one_of(value: Any, kinds: list[type]) -> bool:
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int) and float in kinds:
        return True
    return isinstance(value, tuple(kinds))
