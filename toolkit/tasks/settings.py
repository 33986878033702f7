"""The options of one training, with a value for each ``auto``."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Self

from toolkit.errors import OptionError
from toolkit.options import option
from toolkit.tasks.previous import Previous
from toolkit.training.options import TrainingOptions

logger = logging.getLogger("toolkit")


#: The most columns of a line of the log.
COLUMNS = 100


def lines(chosen: Sequence[str]) -> list[str]:
    """Return the line or lines that say which values were chosen for options that are ``auto``."""
    written = ["chosen:"]
    for number, each in enumerate(chosen, 1):
        word = each if number == len(chosen) else f"{each},"
        if len(written[-1]) + 1 + len(word) > COLUMNS:
            written.append(" ")
        written[-1] += f" {word}"
    return written


class Settings:
    """An immutable view of a task's options, with a value for each resolved ``auto``.

    The options are attributes of the same names. The methods return new settings.

    Args:
        options: A task, or the dataclass of its options.
        previous: What was learnt before, if the training goes on from it.
        overrides: Values that replace those of the options.

    Attributes:
        options: The options that the user set.
        previous: What was learnt before, if the training goes on from it; else None.
        resolved: The values of all options that can be ``auto``, chosen or set by the user; a run
            records them.
        inherited: The names of options that come from a run, as for ``RowOptions``.
        named_columns: As for ``RowOptions``.
    """

    options: Any
    previous: Previous | None
    resolved: dict[str, Any]
    inherited: frozenset[str]
    named_columns: Mapping[str, str]

    def __init__(self, options: Any, previous: Previous | None = None, **overrides: Any) -> None:
        values = {field.name: getattr(options, field.name) for field in fields(options)}
        kept = {} if previous is None else previous.kept(options)
        vars(self).update(
            values | kept | overrides,
            options=options,
            previous=previous,
            resolved=kept,
            inherited=getattr(options, "inherited", frozenset[str]()) - overrides.keys(),
            named_columns=getattr(options, "named_columns", {}),
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"settings are immutable; set {name} by resolve or fix")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no option {name}")

    @property
    def training(self) -> TrainingOptions:
        """The options of training with these values."""
        names = [field.name for field in fields(TrainingOptions)]
        return TrainingOptions(**{name: getattr(self, name) for name in names})

    def with_epochs(self) -> Self:
        """Return these settings, after a check of the number of epochs.

        Raises:
            OptionError: It is 0, and there is nothing to go on from.
        """
        if self.epochs == 0 and self.previous is None:
            raise OptionError(
                f"{option('epochs')} is 0; at least 1 is needed, but where a training goes on"
            )
        return self

    @property
    def known_classes(self) -> tuple[str, ...]:
        """The classes that were learnt before, which keep their numbers."""
        return () if self.previous is None else self.previous.classes

    @property
    def columns(self) -> Any:
        """These settings for the readers of data, which take dataclasses of column options."""
        return self

    def resolve(self, **values: Any) -> Self:
        """Return settings in which these values replace ``auto``.

        The chosen values are logged as the user would write them.
        """
        given = {name: getattr(self, name) for name in values}
        chosen = {name: value for name, value in values.items() if given[name] == "auto"}
        if chosen:
            for line in lines([option(name, value) for name, value in chosen.items()]):
                logger.info("%s", line)
        return self.fix(**given | chosen)

    def override(self, **values: Any) -> Self:
        """Return settings with these values, without recording them as resolved."""
        settings = type(self).__new__(type(self))
        vars(settings).update(vars(self) | values)
        vars(settings)["inherited"] = self.inherited - values.keys()
        return settings

    def reading_as(self, examples: Any) -> Self:
        """Return settings by which further data is read by the columns of these examples."""
        return self.override(named_columns={**self.named_columns, **examples.named_columns})

    def fix(self, **values: Any) -> Self:
        """Return settings with these values, whatever the options are, and record them."""
        return self.override(**values, resolved=self.resolved | values)
