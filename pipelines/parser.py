"""Command-line options from dataclasses; their docstrings are the help texts."""

import contextlib
import difflib
import inspect
import itertools
import math
import os
import sys
import types
from argparse import SUPPRESS, ArgumentParser, BooleanOptionalAction, HelpFormatter, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

import docstring_parser
import yaml

from toolkit.errors import ModelError, OptionError, quoted
from toolkit.export import read_yaml, upgrade_description
from toolkit.export.description import UPGRADES

_METAVARS = {int: "N", float: "X", str: "TEXT", types.NoneType: "null"}
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    types.NoneType: "null",
}


class _Parser(ArgumentParser):
    """An argument parser that raises ``OptionError`` instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise an error with argparse's message."""
        raise OptionError(message.removeprefix("argument "))


class Parser:
    """A parser of typed options with one-line errors that suggest the nearest name.

    Options are parsed first and positional arguments from the rest, so options may stand before,
    between and after positional arguments.

    Args:
        prog: The command up to the verb.
        usage: The arguments after it, for the usage line.
        description: One sentence for the help text.
    """

    def __init__(self, prog: str, usage: str, description: str) -> None:
        self._program: dict[str, Any] = {
            "prog": prog,
            "usage": f"{prog} {usage}",
            "description": description,
        }
        self._options = _Parser(add_help=False, allow_abbrev=False)
        self._positionals = _Parser(add_help=False)
        self._types: dict[str, Any] = {}  # of options by name; also those of a file
        self._required: dict[str, str] = {}  # by name, as the user writes it
        self._flags: list[str] = []
        self._instead: dict[str, str] = {}  # by flags that there are not
        self._main: Sequence[str] = ()  # the names of options that --help shows; all if empty
        self._earlier: Callable[[Namespace], Mapping[str, Any]] | None = None
        self._add("-h", "--help", action="store_true", help="Show this help message and exit.")

    def add_argument(
        self,
        name: str,
        help: str,
        type: Any = str | None,
        default: Any = None,
        required: bool = False,
        **settings: Any,
    ) -> None:
        """Add an option, or a positional argument where the name has no dashes.

        Args:
            name: ``--some-name`` for an option.
            help: The help text.
            type: The type of an option: ``str``, ``int``, ``float``, ``bool``, a ``Literal`` of
                strings, None or a union of these. A ``bool`` has a ``--no-`` form.
            default: The default value; with ``SUPPRESS`` an option that is not given is left out.
            required: Whether an option must be given; positional arguments must, except with
                ``nargs="*"``.
            settings: Further arguments for argparse.
        """
        if name.startswith("--"):
            self._add_option(self._options, name, help, type, default, required, **settings)
            return
        settings.setdefault("nargs", "?")
        self._positionals.add_argument(name, help=help, default=default, **settings)
        if settings["nargs"] == "?":
            self._required[name] = settings["metavar"]

    def add_config(self) -> None:
        """Add ``--config``, a file of options, and ``--print-config``; the command line wins."""
        self._add(
            "--config",
            type=Path,
            action="append",
            metavar="FILE",
            help="A YAML file with options, such as the config.yaml of a run.",
        )
        self._add(
            "--print-config",
            action="store_true",
            help="Print all options with their values as such a file, and exit.",
        )

    def say_instead(self, flags: Sequence[str], advice: str) -> None:
        """Let the error for options that there are not, but that people try, say what to do."""
        self._instead |= dict.fromkeys(flags, advice)

    def shorten_help(self, names: Sequence[str]) -> None:
        """Let ``--help`` show some options, and ``--help-all`` all.

        Args:
            names: The names of the options, in their order; those that there are not are left out.
        """
        self._main = names
        self._add("--help-all", action="store_true", help="Show all options and exit.")

    def set_earlier(self, earlier: Callable[[Namespace], Mapping[str, Any]]) -> None:
        """Let options that are not given have the values of an earlier training.

        Args:
            earlier: Returns the values by name, given the words of the command line; those that
                are not options are ignored.
        """
        self._earlier = earlier

    def add_options(
        self, options: type, names: Sequence[str] | None = None, defaults: bool = True
    ) -> None:
        """Add an option for each field of a dataclass, grouped by the class that declares it.

        The flag is the field's name with dashes, the default is the field's, and the help is the
        ``Args:`` section of the class that declares the field. Booleans have a ``--no-`` form.

        Args:
            options: The dataclass.
            names: The names of the fields to add; all when None.
            defaults: Whether options that are not given get their defaults or are left out.
        """
        hints = get_type_hints(options)
        values = {field.name: field.default if defaults else SUPPRESS for field in fields(options)}
        own, *bases = [cls for cls in options.__mro__ if cls is not object]
        seen: set[str] = set()
        declared_by = {}  # a field belongs to the most derived class that declares it
        for cls in (own, *bases):
            declared_by[cls] = [
                n for n in inspect.get_annotations(cls) if n in values and n not in seen
            ]
            seen.update(declared_by[cls])
        for cls in [*bases, own]:
            documentation = docstring_parser.parse(cls.__doc__ or "")
            helps = {param.arg_name: param.description for param in documentation.params}
            selected = [name for name in declared_by[cls] if names is None or name in names]
            if not selected:
                continue
            title = (documentation.short_description or "").rstrip(".")
            group = self._options.add_argument_group(title)
            for name in selected:
                text = " ".join((helps.get(name) or "").replace("``", "").split())
                flag = "--" + name.replace("_", "-")
                required = values[name] is MISSING
                self._add_option(group, flag, text, hints[name], values[name], required)

    def parse(self, arguments: Sequence[str]) -> Namespace:
        """Parse the options and positional arguments.

        The attribute ``inherited`` of the result has the names of those options whose values are
        those of the earlier training.

        Args:
            arguments: The words after the verb.

        Raises:
            OptionError: They cannot be used; the message is one line.
            SystemExit: ``--help`` or ``--print-config`` was given and has been answered.
        """
        words = list(arguments)
        inherited = frozenset[str]()
        dashes = words.index("--") if "--" in words else len(words)
        parsed, rest = self._options.parse_known_args(words[:dashes])
        if parsed.help or getattr(parsed, "help_all", False):
            short = parsed.help and self._main
            _print_and_exit(self._short_help() if short else self._help())
        values: dict[str, bool | str] = {}
        for path in getattr(parsed, "config", None) or ():
            values |= self._read(path)
        if values:
            parsed, rest = self._options.parse_known_args(words[:dashes], Namespace(**values))
        if self._earlier is not None and (earlier := self._earlier(_without_null(parsed))):
            known = {name: earlier[name] for name in earlier if name in self._types}
            inherited = self._not_given(words[:dashes], known.keys() - values.keys())
            values = self._words(known) | values
            parsed, rest = self._options.parse_known_args(words[:dashes], Namespace(**values))
        _, unknown = self._positionals.parse_known_args([*rest, *words[dashes:]], parsed)
        if unknown := [word for word in unknown if word != "--"]:
            raise OptionError(self._explain_unknown(unknown))
        options = vars(parsed)
        for name, hint in self._types.items():
            if isinstance(word := options.get(name), str):
                options[name] = _convert(name, word, hint)
        if options.get("print_config"):
            printed = {name: options[name] for name in self._types if name in options}
            _print_and_exit(yaml.safe_dump(printed, sort_keys=False, allow_unicode=True))
        parsed.inherited = inherited
        if missing := [flag for name, flag in self._required.items() if options[name] is None]:
            raise OptionError(f"{' and '.join(missing)} must be given")
        return parsed

    def _not_given(self, words: Sequence[str], names: Iterable[str]) -> frozenset[str]:
        """Return those names of options that words of the command line do not give."""
        unset = object()
        parsed, _ = self._options.parse_known_args(words, Namespace(**dict.fromkeys(names, unset)))
        return frozenset(name for name in names if getattr(parsed, name) is unset)

    def _add(self, *flags: str, group: Any = None, **settings: Any) -> Any:
        """Add an option to argparse and remember its flags."""
        action = (group or self._options).add_argument(*flags, **settings)
        self._flags += action.option_strings
        return action

    def _add_option(
        self, group: Any, flag: str, text: str, hint: Any, default: Any, required: bool, **more: Any
    ) -> None:
        """Add a typed option with its default in the help text."""
        if hint is bool:
            more["action"] = BooleanOptionalAction
        else:
            more.setdefault("metavar", _alternatives(hint, _METAVARS, "|"))
        action = self._add(flag, group=group, default=None if required else default, **more)
        if required:
            self._required[action.dest] = flag
            text += " (required)"
        elif default is not SUPPRESS:
            text += f" (default: {'null' if default is None else default})"
        action.help = text.replace(
            "%", "%%"
        )  # with the default, which not all versions of Python add
        self._types[action.dest] = hint

    def _help(self) -> str:
        """Return the help text."""
        return ArgumentParser(
            **self._program,
            formatter_class=_formatter,
            parents=[self._positionals, self._options],
            add_help=False,
        ).format_help()

    def _short_help(self) -> str:
        """Return the help text with those options that matter first."""
        known = {action.dest: action for action in self._options._actions}
        shown = [known[name] for name in self._main if name in known]
        formatter = _formatter(self._program["prog"])
        formatter.add_usage(self._program["usage"], [], [])
        formatter.add_text(self._program["description"])
        formatter.start_section("the options that matter first")
        formatter.add_arguments(shown)
        formatter.end_section()
        formatter.add_text(
            f"--help-all lists all {len(known)} options; --print-config prints them as a file."
        )
        return formatter.format_help()

    def _read(self, path: Path) -> dict[str, bool | str]:
        """Return the options in a YAML file or a run's ``config.yaml``, as on the command line."""
        if not path.exists() or path.is_dir():
            fault = "is not a file" if path.exists() else "does not exist"
            raise OptionError(f"--config {path} {fault}")
        try:
            config = read_yaml(path)
        except UnicodeDecodeError as error:
            raise OptionError(f"the --config file is not UTF-8 ({error.reason})") from error
        except ValueError as error:
            raise OptionError(f"--config {error}") from error
        if not isinstance(config, dict):
            raise OptionError(
                "the --config file holds no options; it should have lines such as epochs: 3"
            )
        values = _flatten_config(config)
        for name in values:
            if name not in self._types:
                near = _suggestion(str(name), list(self._types))
                raise OptionError(f"the --config file has an unknown option {name}; {near}")
        return self._words(values)

    def _words(self, values: Mapping[str, Any]) -> dict[str, bool | str]:
        """Return values of options as on the command line."""
        words: dict[str, bool | str] = {}
        for name, value in values.items():
            hint = self._types[name]
            if isinstance(value, bool) and (word := "on" if value else "off") in _kinds(hint):
                value = word  # which YAML reads as a boolean
            if isinstance(value, list | dict) or isinstance(value, bool) != (hint is bool):
                raise _value_error(name, value, hint)
            words[name] = value if hint is bool else "null" if value is None else str(value)
        return words

    def _explain_unknown(self, words: Sequence[str]) -> str:
        """Return the message for words that are neither options nor positional arguments."""
        if not words[0].strip():
            return "an argument is empty; --help says what can be given"
        if words[0].startswith("-"):
            flag = words[0].split("=")[0]
            instead = self._instead.get(flag) or _suggestion(flag, self._flags)
            return f"unknown option {words[0]}; {instead}"
        if words[0].lower() in ("true", "false", "yes", "no", "on", "off"):
            return (
                f"unexpected argument {words[0]}; an option that is on or off takes no value: "
                "--NAME is on, --no-NAME is off"
            )
        if os.path.exists(words[0]):
            return (
                f"unexpected argument {words[0]}; an option takes one file or one folder, and "
                "several files are not read together"
            )
        return f"unexpected argument {' '.join(words)}; --help says what can be given"


def _formatter(prog: str) -> HelpFormatter:
    """Return the formatter of help texts."""
    return HelpFormatter(prog, max_help_position=30, width=100)


def _without_null(words: Namespace) -> Namespace:
    """Return words with None for each ``null``."""
    return Namespace(**{k: None if word == "null" else word for k, word in vars(words).items()})


def _print_and_exit(output: str) -> NoReturn:
    """Write to standard output and exit."""
    sys.stdout.write(output)
    raise SystemExit(0)


def _flatten_config(config: dict[Any, Any]) -> dict[Any, Any]:
    """Return the options and the data of a run's ``config.yaml``; other content unchanged.

    Raises:
        ModelError: A newer version of the toolkit wrote the file.
        OptionError: It is damaged, or has an option under a former name.
    """
    if not isinstance(config.get("options"), dict) or not isinstance(config.get("facts"), dict):
        for renaming in itertools.chain.from_iterable(UPGRADES.values()):
            if renaming.old != renaming.new and renaming.old in config:
                raise OptionError(f"the option {renaming.old} is now called {renaming.new}")
        return config
    try:
        config = upgrade_description(config, "the --config file")
    except ModelError:  # the format is newer
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise OptionError("the --config file is no whole description of a run") from error
    options, facts = config["options"], config["facts"]
    return options | {n: facts[n] for n in ("data", "validation_data") if facts.get(n)}


def _kinds(hint: Any) -> list[Any]:
    """Return the types and choices that a type hint consists of."""
    if get_origin(hint) in (Union, types.UnionType):
        return [kind for part in get_args(hint) for kind in _kinds(part)]
    return [*get_args(hint)] if get_origin(hint) is Literal else [hint]


def _alternatives(hint: Any, names: Mapping[Any, str], between: str) -> str:
    """Return the alternatives of a type hint in words."""
    return between.join(names.get(kind, str(kind)) for kind in _kinds(hint))


def _convert(name: str, word: str, hint: Any) -> Any:
    """Convert a word to a value of a type.

    Raises:
        OptionError: It has no value of this type.
    """
    kinds = _kinds(hint)
    if word == "null" and types.NoneType in kinds:
        return None
    for kind in kinds:
        if kind is str or kind == word:
            return word
        if kind in (int, float):
            with contextlib.suppress(ValueError, OverflowError):
                if math.isfinite(number := kind(word)):
                    return number
    raise _value_error(name, word, hint)


def _value_error(name: str, value: object, hint: Any) -> OptionError:
    """Return the error for a value of the wrong type."""
    expected = _alternatives(hint, _KINDS, " or ")
    return OptionError(f"--{name.replace('_', '-')} is {quoted(value)}; it can be {expected}")


def _suggestion(name: str, known: Sequence[str]) -> str:
    """Return a hint at the known name nearest to a name."""
    matches = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {matches[0]}?" if matches else "--help lists them all"
