"""Dataclasses of options become command-line options; the docstrings are the help."""

import difflib
import inspect
import re
import types
from argparse import SUPPRESS, ArgumentError
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import docstring_parser
import yaml
from jsonargparse import ActionYesNo, ArgumentParser, DefaultHelpFormatter, Namespace

from toolkit.errors import OptionError

_METAVARS = {int: "N", float: "X", str: "TEXT", types.NoneType: "null"}
_KINDS = {int: "a whole number", float: "a number", str: "text", types.NoneType: "null"}


class _HelpFormatter(DefaultHelpFormatter):
    """Shows defaults; the types are in the metavars already."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, **{"max_help_position": 30, "width": 100, **options})

    def _get_type_str(self, action: Any) -> None:
        return None

    def _get_help_string(self, action: Any) -> str:
        return super()._get_help_string(action) if action.option_strings else action.help


class Parser(ArgumentParser):
    """A parser of typed options that complains by one line, with the nearest right name.

    Args:
        prog: The command as the user writes it, up to the verb.
        usage: What follows in the shortest call.
        description: What the verb does.
    """

    def __init__(self, prog: str, usage: str, description: str) -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} {usage}",
            description=description,
            formatter_class=_HelpFormatter,
            exit_on_error=False,
            allow_abbrev=False,
            print_config="--print-config",
        )
        self._hints: dict[str, Any] = {}

    def add_options(
        self, options: type, names: Sequence[str] | None = None, defaults: bool = True
    ) -> None:
        """Add an option for each field of a dataclass, a group for each class that it is made of.

        The flag is the field's name with dashes, the default is the field's, and the help is the
        ``Args:`` section of the class that declares the field. Booleans have a ``--no-`` form.

        Args:
            options: The dataclass.
            names: The fields that are wanted; all of them when None.
            defaults: Whether what was not given comes as its default; else it does not come.
        """
        hints = get_type_hints(options)
        values = {field.name: field.default if defaults else SUPPRESS for field in fields(options)}
        own, *bases = [cls for cls in options.__mro__ if cls is not object]
        seen: set[str] = set()
        declared_by = {}  # of a field that is declared anew, the class that did it last
        for cls in (own, *bases):
            declared_by[cls] = [
                n for n in inspect.get_annotations(cls) if n in values and n not in seen
            ]
            seen.update(declared_by[cls])
        for cls in [*bases, own]:
            documentation = docstring_parser.parse(cls.__doc__ or "")
            helps = {param.arg_name: param.description for param in documentation.params}
            wanted = [name for name in declared_by[cls] if names is None or name in names]
            if not wanted:
                continue
            group = self.add_argument_group((documentation.short_description or "").rstrip("."))
            for name in wanted:
                text = " ".join((helps.get(name) or "").replace("``", "").split())
                self._add_option(group, name, hints[name], values[name], text)

    def _add_option(self, group: Any, name: str, hint: Any, default: Any, text: str) -> None:
        flag = "--" + name.replace("_", "-")
        self._hints[name] = hint
        if hint is bool:
            group.add_argument(
                flag, action=ActionYesNo(no_prefix="no-"), default=default, help=text
            )
            return
        required = default is MISSING
        group.add_argument(
            flag,
            type=hint,
            required=required,
            help=text,
            metavar="|".join(_alternatives(hint, _METAVARS)),
            **({} if required else {"default": default}),
        )

    def parse(self, arguments: Sequence[str]) -> Namespace:
        """Parse, or raise an ``OptionError`` of one line; ``--help`` raises ``SystemExit``."""
        try:
            return self.parse_args(self._options_first(arguments))
        except ArgumentError as error:
            raise OptionError(self._explain(str(error))) from error
        except UnicodeDecodeError as error:
            raise OptionError(f"the --config file is not UTF-8 ({error.reason})") from error

    def parse_string(self, content: str, *arguments: Any, **options: Any) -> Namespace:
        """Parse the text of a configuration file; a run's own ``config.yaml`` is one, too."""
        return super().parse_string(_flat(content), *arguments, **options)

    def _options_first(self, arguments: Sequence[str]) -> list[str]:
        """The arguments with the options before the rest, which argparse takes in one piece."""
        nargs = {flag: action.nargs for action in self._actions for flag in action.option_strings}
        options: list[str] = []
        others: list[str] = []
        value_follows = False
        words = iter(arguments)
        for word in words:
            if word == "--":
                return [*options, *others, "--", *words]
            if word.startswith("--") or word in nargs:
                options.append(word)
                value_follows = nargs.get(word, 0) != 0
            else:
                (options if value_follows else others).append(word)
                value_follows = False
        return [*options, *others]

    def _explain(self, complaint: str) -> str:
        if re.fullmatch(r"unrecognized arguments:\s*", complaint):
            return "an argument is empty; --help says what can be given"
        if found := re.match(r"unrecognized arguments:\s+([^-].*)", complaint):
            if found[1].split()[0].lower() in ("true", "false", "yes", "no", "on", "off"):
                return (
                    f"unexpected argument {found[1]}; an option that is on or off takes no value: "
                    "--NAME is on, --no-NAME is off"
                )
            return f"unexpected argument {found[1]}; --help says what can be given"
        if found := re.match(r"the following arguments are required: (.*)", complaint):
            flags = {action.dest: action.option_strings for action in self._actions}
            missing = [next(iter(flags[dest]), dest.upper()) for dest in found[1].split(", ")]
            return f"{' and '.join(missing)} must be given"
        if found := re.match(r"unrecognized arguments: (\S+)", complaint):
            known = [flag for action in self._actions for flag in action.option_strings]
            return f"unknown option {found[1]}{_nearest(found[1].split('=')[0], known)}"
        if found := re.match(r"Option '(\S+)' is not accepted", complaint):
            known = [action.dest for action in self._actions]
            return f"the --config file has an unknown option {found[1]}{_nearest(found[1], known)}"
        found = re.search(r'key "(\w+)":.*(?:Given|Got) value: (.*)$', complaint, re.DOTALL)
        if found and found[1] in self._hints:
            expected = " or ".join(_alternatives(self._hints[found[1]], _KINDS))
            return f"--{found[1].replace('_', '-')} is {found[2].strip()!r}; it can be {expected}"
        if complaint.startswith("Unexpected config"):
            return "the --config file holds no options; it should have lines such as epochs: 3"
        complaint = complaint.replace('"<unicode string>"', "the --config file")
        return re.sub(r'^Parser key "(\w+)":', r"--\1:", " ".join(complaint.split()))


def _flat(content: str) -> str:
    """The options and the data in a run's ``config.yaml``; any other content as it is."""
    try:
        config = yaml.safe_load(content)
        options, facts = config["options"], config["facts"]
        data = {name: facts[name] for name in ("data", "validation_data") if facts.get(name)}
        return yaml.safe_dump(options | data, allow_unicode=True)
    except (TypeError, KeyError, AttributeError, yaml.YAMLError):
        return content


def _alternatives(hint: Any, names: dict[Any, str]) -> list[str]:
    """The kinds of values that a type allows, in words."""
    if get_origin(hint) in (Union, types.UnionType):
        return [word for part in get_args(hint) for word in _alternatives(part, names)]
    if get_origin(hint) is Literal:
        return [str(value) for value in get_args(hint)]
    return [names.get(hint, str(hint))]


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else "; --help lists them all"
