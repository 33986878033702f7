"""Helpers for all pictures: names in any script, and atomic writing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolkit.files import atomic

#: Longer names are shortened, to leave space for the picture.
LONGEST_NAME = 28


def one_line(name: str, longest: int) -> str:
    """Return a name without line breaks and control characters, shortened if necessary."""
    line = "".join(c if c.isprintable() else " " for c in name)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def visible(token: str) -> str:
    """Return a token with visible symbols for its white space."""
    return token.replace(" ", "\u2423").replace("\n", "\u21b5").replace("\t", "\u21e5")


def save_figure(figure: Any, path: str | Path) -> None:
    """Write a figure as a PNG file, atomically."""
    with atomic(path) as file:
        figure.savefig(file, format="png", dpi=150)


def legible(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return shortened names, with codes for characters without a font, and the fonts to use."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager
    from matplotlib.ft2font import FT2Font

    default = FontProperties()
    fonts = list(default.get_family())
    names = [one_line(name, LONGEST_NAME) for name in names]
    missing = set("".join(names)).difference(map(chr, FT2Font(findfont(default)).get_charmap()))
    for font in sorted(fontManager.ttflist, key=lambda font: font.name):
        if not missing:
            break
        if font.name.strip(".").startswith("Last") or font.style != "normal":
            continue  # the fallback font has a box for every character
        covered = missing.intersection(map(chr, FT2Font(font.fname).get_charmap()))
        if covered:
            fonts.append(font.name)
            missing -= covered
    codes = str.maketrans({c: c.encode("ascii", "backslashreplace").decode() for c in missing})
    return [one_line(name.translate(codes), LONGEST_NAME) for name in names], fonts
