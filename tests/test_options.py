"""Names of options in messages: in Python, and on the command line."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from toolkit.errors import OptionError
from toolkit.options import Limits, check_options, on_the_command_line, option


@dataclass
class Sizes:
    LIMITS: ClassVar[Limits] = {"hidden_size": (1, None)}

    hidden_size: int = 0


def complaint() -> str:
    with pytest.raises(OptionError) as caught:
        check_options(Sizes())
    return str(caught.value)


def test_an_option_is_named_as_it_is_given() -> None:
    named = ("text_column", "target='labels'", "hidden_size is 0; it must be at least 1")
    flags = ("--text-column", "--target labels", "--hidden-size is 0; it must be at least 1")

    def said() -> tuple[str, str, str]:
        return option("text_column"), option("target", "labels"), complaint()

    assert said() == named
    with on_the_command_line():
        assert said() == flags
    with pytest.raises(KeyError), on_the_command_line():
        raise KeyError
    assert said() == named
