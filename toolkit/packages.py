"""Packages that only some features need, and that a plain installation lacks."""

import importlib
import importlib.util
from types import ModuleType

from toolkit.errors import OptionError


def check_packages(need: str, *names: str) -> None:
    """Check that packages are installed, without importing them.

    Args:
        need: The beginning of the message: what needs them, and the verb, such as ``videos need``.
        names: The packages, which are imported by the names under which they are installed, with
            an underscore for a hyphen.

    Raises:
        OptionError: Some are missing; the message says how to install them.
    """
    missing = [n for n in names if importlib.util.find_spec(n.replace("-", "_")) is None]
    if missing:
        number = "packages that are" if len(missing) > 1 else f"package {missing[0]}, which is"
        article = "" if len(missing) > 1 else "the "
        raise OptionError(f"{need} {article}{number} missing: pip install {' '.join(missing)}")


def import_package(need: str, name: str) -> ModuleType:
    """Import a package.

    Args:
        need: What needs it, as in ``check_packages``.
        name: The package.

    Raises:
        OptionError: It is missing.
    """
    check_packages(need, name)
    return importlib.import_module(name.replace("-", "_"))
