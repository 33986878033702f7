"""What all pictures share: names in any script, and files written whole."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolkit.files import atomic

#: Longer names are shortened, so that they leave room for the picture.
LONGEST_NAME = 28


def one_line(name: str, longest: int) -> str:
    """Returns a name without line breaks and control characters, shortened where it must be."""
    line = "".join(c if c.isprintable() else " " for c in name)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def visible(unit: str) -> str:
    """A unit of text with its white space made visible."""
    return unit.replace(" ", "\u2423").replace("\n", "\u21b5").replace("\t", "\u21e5")


def save_figure(figure: Any, path: str | Path) -> None:
    """Writes a figure as a PNG file, whole or not at all."""
    with atomic(path) as file:
        figure.savefig(file, format="png", dpi=150)


def legible(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Shortens names, finds fonts that have their characters, and writes the rest as codes."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager
    from matplotlib.ft2font import FT2Font

    usual = FontProperties()
    fonts = list(usual.get_family())
    names = [one_line(name, LONGEST_NAME) for name in names]
    missing = set("".join(names)).difference(map(chr, FT2Font(findfont(usual)).get_charmap()))
    for font in sorted(fontManager.ttflist, key=lambda font: font.name):
        if not missing:
            break
        if font.name.strip(".").startswith("Last") or font.style != "normal":
            continue  # the last resort has a box for every character
        found = missing.intersection(map(chr, FT2Font(font.fname).get_charmap()))
        if found:
            fonts.append(font.name)
            missing -= found
    codes = str.maketrans({c: c.encode("ascii", "backslashreplace").decode() for c in missing})
    return [one_line(name.translate(codes), LONGEST_NAME) for name in names], fonts
